package reading

import (
	"fmt"
	"strings"
	"time"

	"hookwarden/cmd/hookwarden/internal/pausing"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/platform"
)

type problem struct {
	Problem string `json:"problem"`
	Command string `json:"command,omitempty"` // what helps to see more, or to fix it
}

// How long the oldest message may be in a queue before that is a problem: as long as the
// queue's alarm waits.
func patience(queue string) time.Duration {
	switch queue {
	case "WebhookQueue":
		return 5 * time.Minute
	case "RegistryQueue":
		return 20 * time.Minute
	case "NotificationQueue":
		return time.Hour
	case "EventsQueue":
		return 24 * time.Hour
	}
	return 0 // RetryQueue is where things wait
}

func problemsOf(a statusAnswer, disabled []platform.App, now time.Time, say func(time.Time) string) []problem {
	problems := []problem{}
	add := func(command, format string, args ...any) {
		problems = append(problems, problem{fmt.Sprintf(format, args...), command})
	}
	for _, p := range a.Paused {
		if p.Name == pausing.Sweep {
			add("hookwarden resume "+p.What, "The %s are paused: the %s does not run.", p.What, p.Name)
			continue
		}
		add("hookwarden resume "+p.What, "The %s are paused: nobody reads %s.", p.What, p.Name)
	}
	brake := func(b brakeLine, name, done, flag, open string) {
		switch {
		case !b.LatchedUntil.IsZero():
			add("hookwarden apps --failing", "%s is latched (%s): nobody is %s until %s, or until somebody who has looked says `%s`.",
				name, b.Reason, done, say(b.LatchedUntil.Time), open)
		case b.Limit > 0 && b.UsedThisHour >= int64(b.Limit):
			add("hookwarden apps "+flag, "%s holds: %d apps were %s within this clock hour.", name, b.UsedThisHour, done)
		}
	}
	brake(a.Brake, "The brake", "disabled", "--disabled", "hookwarden open-brake --hours 4")
	brake(a.WarningBrake, "The brake on warnings", "warned", "--warned", "hookwarden open-brake --brake warning --hours 4")
	for _, q := range a.DeadLetters {
		if n := q.all(); n > 0 {
			add("hookwarden letters "+strings.ToLower(strings.TrimSuffix(q.Name, "DLQ")), "%s in %s.", count(n, "dead letter"), q.Name)
		}
	}
	for _, q := range a.Queues {
		if limit := patience(q.Name); limit > 0 && q.OldestSeconds != nil && time.Duration(*q.OldestSeconds)*time.Second > limit {
			add("docs/operations.md, "+q.Name+"AgeAlarm", "The oldest message of %s has waited for %s.", q.Name, show.Span(time.Duration(*q.OldestSeconds)*time.Second))
		}
	}
	for _, alarm := range a.Alarms {
		add("docs/operations.md, "+alarm.Name, "%s rings.", alarm.Name)
	}
	for _, app := range disabled {
		if app.NotifiedAt.IsZero() && !app.Deleted && now.Sub(app.DisabledAt) > time.Hour {
			add("hookwarden app "+app.ID, "Nobody was told that %s is disabled.", label(app))
		}
	}
	if a.Mode == "observe" {
		add("", "DisableMode is observe: the rule decides, and disables nobody.")
	}
	return problems
}
