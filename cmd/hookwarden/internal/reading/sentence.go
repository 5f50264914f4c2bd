package reading

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// sentence is an app's state.
func sentence(app platform.App, settings env.Disable, today tally.Counts, found dynamo.LogFound) string {
	name := label(app)
	switch {
	case app.Deleted:
		return name + " is deleted: nothing is sent to it."
	case app.Disabled():
		return name + " is disabled: " + words.Reason(app.DisabledReason) + "."
	case app.WebhookURL == "" && !app.Kind.CalledByPlatform():
		return name + " has no webhook URL: nothing is sent to it."
	case app.WebhookURLError != "":
		return name + " has a webhook URL that cannot be called: " + strings.TrimSuffix(app.WebhookURLError, ".") + "."
	}
	failed, sent := today.Failures(), today.Attempts()
	of := "today"
	if !app.Counted(settings.Guarded) {
		failed, sent, of = 0, 0, "in the newest entries of the log"
		for _, e := range found.Entries {
			if e.Sent && !e.Test {
				sent++
				if e.Failed() {
					failed++
				}
			}
		}
	}
	warned := ""
	if !app.Warned.At.IsZero() && app.Warned.RecoveredAt.IsZero() {
		warned = " Its owners are warned."
	}
	switch {
	case sent == 0:
		return fmt.Sprintf("%s is enabled; nothing was sent to it %s.%s", name, of, warned)
	case failed == sent:
		return fmt.Sprintf("%s fails: %s %s, and none succeeded.%s", name, count(sent, "attempt"), of, warned)
	case failed > 0:
		return fmt.Sprintf("%s works in part: %s of %s failed %s.%s", name, digits(failed), count(sent, "attempt"), of, warned)
	}
	return fmt.Sprintf("%s works: %s %s, and none failed.%s", name, count(sent, "attempt"), of, warned)
}

// why lists what is known of the reasons.
func why(app platform.App, a appAnswer, say func(time.Time) string) []string {
	reasons := []string{}
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if app.Disabled() {
		by := "the rule"
		if app.DisabledReason == platform.Manual {
			by = "a person"
			if who := actorName(app.DisabledBy.Raw); who != "" {
				by = who
			}
		}
		add("Disabled by %s on %s.", by, say(app.DisabledAt))
		if app.DisabledNote != "" {
			add("The note says: %s", app.DisabledNote)
		}
		if e := app.DisabledEvidence; len(e) > 0 {
			var sum tally.Counts
			for _, d := range e {
				sum = sum.Plus(d.Counts)
			}
			add("From %s to %s: %s.", e[0].Date, e[len(e)-1].Date, kinds(sum))
		}
	}
	if w := app.Warned; !w.At.IsZero() && w.RecoveredAt.IsZero() {
		until := ""
		if w.Warning.CutOn != "" {
			until = fmt.Sprintf(" It would be disabled on %s (UTC).", w.Warning.CutOn)
		}
		add("Its owners were warned on %s of %s.%s", say(w.At), words.Level(string(w.Warning.Level)), until)
	}
	if d := cmp.Or(app.DisabledDiagnosis, app.Warned.Diagnosis); d != nil {
		return append(reasons, diagnosed(*d, say)...)
	}
	causes := a.log.Entries
	if app.Disabled() { // what was not sent since is no cause of that
		causes = slices.DeleteFunc(slices.Clone(causes), func(e delivery.Entry) bool { return !e.Sent })
	}
	for _, line := range commonest(causes) {
		add("%s (%s of the newest %d log entries)", words.Attempt(line.outcome, line.code, line.status), digits(int64(line.count)), len(causes))
	}
	return reasons
}

// diagnosed says what a diagnosis found.
func diagnosed(d platform.Diagnosis, say func(time.Time) string) (found []string) {
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, answer := range d.Answers {
		add("%s (%s of the %s failures that were looked at)", words.Attempt(answer.Outcome, answer.Code, answer.Status), digits(answer.Count), digits(d.Read))
	}
	if e := d.Example; e != nil {
		add("%s", explained(fmt.Sprintf("For example webhook %s, %s, at %s.", e.WebhookID, e.EventType, sayText(e.At, say)), e.Detail))
		if e.Body != "" {
			add("It answered: %s", e.Body)
		}
	}
	if d.FailingSince != "" {
		add("It had failed since %s.", sayText(d.FailingSince, say))
	}
	return found
}

// sayText says a time of a table; as it is if it is none.
func sayText(at string, say func(time.Time) string) string {
	t, err := platform.ParseTime(at)
	if err != nil {
		return at
	}
	return say(t)
}

// kinds says how attempts divide.
func kinds(c tally.Counts) string {
	said := []string{digits(c.Success) + " successes"}
	switch c.Success {
	case 0:
		said[0] = "no success"
	case 1:
		said[0] = "1 success"
	}
	for _, k := range []struct {
		n         int64
		one, many string
	}{{c.Error - c.Gone, "answer of 4xx", "answers of 4xx"}, {c.Gone, "answer of 410", "answers of 410"},
		{c.Timeout, "time-out or broken connection", "time-outs or broken connections"},
		{c.Other, "other failure (5xx, redirects, forbidden URLs)", "other failures (5xx, redirects, forbidden URLs)"},
		{c.Fatal, "reported as fatal", "reported as fatal"}} {
		switch {
		case k.n == 1:
			said = append(said, "1 "+k.one)
		case k.n > 0:
			said = append(said, digits(k.n)+" "+k.many)
		}
	}
	if len(said) == 1 {
		said = append(said, "no failure")
	}
	return strings.Join(said, ", ")
}

// ending is a way in which entries ended.
type ending struct {
	outcome, code string
	status, count int
}

// commonest groups what was not a success, the commonest first, five at most.
func commonest(entries []delivery.Entry) []ending {
	groups := make(map[ending]int)
	for _, e := range entries {
		if !e.Test && (e.Failed() || !e.Sent) {
			groups[ending{outcome: e.Outcome, code: e.Code, status: e.ResponseCode}]++
		}
	}
	var endings []ending
	for g, n := range groups {
		g.count = n
		endings = append(endings, g)
	}
	slices.SortFunc(endings, func(a, b ending) int {
		return cmp.Or(b.count-a.count, strings.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	return endings[:min(len(endings), platform.MaxAnswers)]
}

// actorName is who did something, as far as it is said.
func actorName(raw json.RawMessage) string {
	var actor struct {
		Name  string `json:"name"`
		Email string `json:"email"`
		Type  string `json:"type"`
		ID    any    `json:"id"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &actor) != nil {
		return ""
	}
	name := actor.Name
	switch {
	case name != "" && actor.Email != "":
		name += " <" + actor.Email + ">"
	case name == "":
		name = actor.Email
	}
	if name == "" && actor.ID != nil {
		name = strings.TrimSpace(fmt.Sprintf("%s %v", actor.Type, actor.ID))
	}
	return name
}
