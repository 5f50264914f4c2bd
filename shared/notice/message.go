package notice

import (
	"net/url"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// message is what a mail says, the same for text and HTML. Its texts are one line
// each and free of control characters; they are not escaped.
type message struct {
	Subject      string
	Platform     string
	Owner        string // may be empty
	Organization string
	App          string
	WebhookURL   string // may be empty
	When         string
	SettingsURL  string
	DashboardURL string

	// Of a disabling.
	Happened string // what was counted
	Rule     string // why that disables an app
	Advice   string // how to fix it
	Days     daysTable
}

// Names are as long as a mail can show, URLs as long as anyone supports.
const (
	nameLimit = 200
	urlLimit  = 2048
)

// referrer tells the platform where a visitor comes from.
const referrer = "?referrer=disabled-sentry-app"

func (c *Composer) message(n platform.Notice) message {
	app := orElse(clean(n.App.Name, nameLimit), clean(n.App.Slug, nameLimit))
	settings := c.config.PlatformURL + "/settings/" + url.PathEscape(n.Organization.Slug) +
		"/developer-settings/" + url.PathEscape(n.App.Slug) + "/"
	m := message{
		Platform:     clean(c.config.PlatformName, nameLimit),
		Owner:        clean(n.To.Name, nameLimit),
		Organization: orElse(clean(n.Organization.Name, nameLimit), clean(n.Organization.Slug, nameLimit)),
		App:          app,
		WebhookURL:   clean(n.App.WebhookURL, urlLimit),
		SettingsURL:  settings + referrer,
		DashboardURL: settings + "dashboard/" + referrer,
	}
	if n.Kind == platform.AppEnabled {
		m.Subject = "Webhooks of your " + app + " integration are flowing again"
		m.When = moment(n.EnabledAt)
		return m
	}
	m.Subject = "Action required: Fix your " + app + " integration"
	m.When = moment(n.DisabledAt)
	m.Days = c.daysTable(n)
	m.Happened, m.Rule, m.Advice = c.explain(n)
	return m
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// moment writes a time for people. One that cannot be read stays as it is.
func moment(s string) string {
	t, err := platform.ParseTime(s)
	if err != nil {
		return clean(s, nameLimit)
	}
	return t.Format("Monday, 2 January 2006, at 15:04 UTC")
}

// longDay writes a day for people, as in "Tuesday, 24 November 2026".
func longDay(d tally.Date) string { return day(d, "Monday, 2 January 2006") }

// shortDay is longDay for tables, ten characters wide.
func shortDay(d tally.Date) string { return day(d, "Mon _2 Jan") }

func day(d tally.Date, layout string) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return clean(string(d), nameLimit)
	}
	return t.Format(layout)
}
