package reading

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/delivery"
)

// step is one thing that must be so for a webhook to be sent.
type step struct {
	Step     string `json:"step"`
	OK       *bool  `json:"ok"` // null: it is not known, or says nothing for or against
	Evidence string `json:"evidence"`
}

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

// eventOf is the event in question: what was asked, or that of the webhook that was found.
func (f facts) eventOf(q whyQuestion) string {
	if q.event == "" && q.webhookID != "" && len(f.found.Entries) > 0 {
		return f.found.Entries[0].EventType
	}
	return q.event
}

// gated reports whether an event needs a subscription, and is not sent to a disabled app.
// Without an event, or without settings, nobody knows.
func (f facts) gated(event string) (gated, known bool) {
	resource, _, ok := strings.Cut(event, ".")
	if !ok || !f.live {
		return false, false
	}
	return f.settings.Subscribable.Has(resource), true
}

func (f facts) steps(q whyQuestion) []step {
	app := f.app
	steps := []step{{"registered", yes(), fmt.Sprintf("%s, %s, organization %s.", label(app), app.Status, app.OrganizationID)}}
	if app.Deleted {
		steps[0].OK = no()
		steps[0].Evidence = "It is deleted."
		if !app.DeletedAt.IsZero() {
			steps[0].Evidence = "It was deleted on " + f.say(app.DeletedAt) + "."
		}
	}
	steps = append(steps, f.subscribed(f.eventOf(q)), f.enabled())
	url := step{"URL", yes(), app.WebhookURL}
	switch {
	case app.Deleted:
		url = step{"URL", nil, "A deleted app has none."}
	case app.WebhookURL == "" && app.Kind.CalledByPlatform():
		url = step{"URL", no(), fmt.Sprintf("It has none: an app of the kind %s is called by the platform itself.", app.Kind)}
	case app.WebhookURL == "":
		url = step{"URL", no(), "It has none."}
	case app.WebhookURLError != "":
		url.OK = no()
		url.Evidence += ": " + app.WebhookURLError
	}
	return append(steps, url, f.logged(q))
}

func (f facts) subscribed(event string) step {
	s := step{"subscribed", nil, "It subscribes to nothing."}
	if len(f.app.Events) > 0 {
		s.Evidence = "It subscribes to " + strings.Join(f.app.Events, ", ") + "."
	}
	if event == "" {
		return s
	}
	resource, action, _ := strings.Cut(event, ".")
	gated, known := f.gated(event)
	switch {
	case f.app.Subscribed(resource, action):
		s.OK = yes()
	case known && !gated:
		s.OK, s.Evidence = yes(), fmt.Sprintf("%s needs no subscription.", event)
	case known:
		s.OK = no()
		s.Evidence += fmt.Sprintf(" That does not include %s.", event)
	default:
		s.Evidence += " Whether " + event + " needs a subscription is not known: deliver's settings could not be read."
	}
	return s
}

func (f facts) enabled() step {
	app := f.app
	switch {
	case app.Disabled():
		return step{"enabled", no(), fmt.Sprintf("Disabled since %s: %s.", f.say(app.DisabledAt), words.Reason(app.DisabledReason))}
	case !app.EnabledAt.IsZero():
		return step{"enabled", yes(), "Enabled again on " + f.say(app.EnabledAt) + "; webhooks from before then may have been skipped."}
	}
	return step{"enabled", yes(), "It is not disabled."}
}

func (f facts) logged(q whyQuestion) step {
	s := step{"in the log", yes(), summary(f.found.Entries)}
	looked := fmt.Sprintf("%s of the log looked at", entries(f.found.Read))
	switch {
	case f.found.Whole && !q.since.at.IsZero():
		looked += ", all since " + f.say(q.since.or(logDays))
	case f.found.Whole:
		looked += ", all that are kept (30 days)"
	case !f.found.Oldest.IsZero():
		looked += ", back to " + f.say(f.found.Oldest)
	}
	if len(f.found.Entries) == 0 {
		s.OK, s.Evidence = no(), "Nothing was found"
		if f.found.Read == 0 {
			s.Evidence = "It is empty"
		}
	}
	s.Evidence += "; " + looked + "."
	if f.live && f.settings.RequestLog != string(delivery.LogAll) {
		s.Evidence += fmt.Sprintf(" RequestLog is %s, so not all is in the log.", f.settings.RequestLog)
		if len(f.found.Entries) == 0 {
			s.OK = nil
		}
	}
	return s
}

// summary says how entries ended, the commonest first.
func summary(list []delivery.Entry) string {
	groups := make(map[string]int)
	for _, e := range list {
		groups[entryOf(e).ended()]++
	}
	kinds := slices.Collect(maps.Keys(groups))
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(groups[b]-groups[a], strings.Compare(a, b)) })
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", groups[kind], kind)
	}
	const most = 6
	if len(kinds) > most {
		kinds = append(kinds[:most], "others")
	}
	return strings.Join(kinds, ", ")
}
