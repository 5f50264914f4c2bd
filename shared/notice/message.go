package notice

import (
	"strings"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// message is the content of a mail, for both text and HTML. Each of its texts is
// one line without control characters. They are not escaped.
type message struct {
	Subject      string
	Platform     string
	Owner        string // may be empty
	Organization string
	App          string
	WebhookURL   string // the URL, or words if none is set; empty if hookwarden does not call the app
	SettingsURL  string // empty: no link
	DashboardURL string // empty: no link
	LogoURL      string // empty: none
	SupportURL   string // empty: none
	Kept         string // what stays the same once the app is enabled, and what does not

	// Of a disabling and a warning.
	When     string // of a disabling
	Cause    string // of a disabling: continues "because"
	Happened string // what was counted
	Rule     string // why that disables an app, or when it will
	Advice   string // how to fix it
	Days     daysTable
	Note     string // from the person who did it by hand; may be empty

	// Of a warning and a recovery.
	Failing string // what fails or succeeds again; "your integration" follows

	// Of a disabling by hand and an enabling.
	By string // who did it; may be empty for an enabling

	// Of a disabling by the rule and a warning; empty if it is not known.
	Answer  string // the commonest answer
	Detail  string // what the log says about it, perhaps in the receiver's words
	Others  string // the less common ones
	Example example

	// Of everything except a disabling by hand.
	Since string // since when it fails or works; may be empty
}

// Names and URLs are as long as a mail can show. Readers recognize a URL that is cut.
const (
	nameLimit = 200
	urlLimit  = 512
)

func (c *Composer) message(n platform.Notice) message {
	m := message{
		Platform:     clean(c.config.PlatformName, nameLimit),
		Owner:        clean(n.To.Name, nameLimit),
		Organization: orElse(clean(n.Organization.Name, nameLimit), clean(n.Organization.Slug, nameLimit)),
		App:          orElse(clean(n.App.Name, nameLimit), clean(n.App.Slug, nameLimit)),
		LogoURL:      c.config.LogoURL,
		SupportURL:   c.config.SupportURL,
	}
	m.SettingsURL, m.DashboardURL = c.links(n)
	called := n.App.Kind.CalledByPlatform()
	if !called {
		m.WebhookURL = orElse(clean(n.App.WebhookURL, urlLimit), "none is set")
	}
	switch {
	case n.Kind == platform.AppEnabled:
		m.sayEnabled(n)
	case n.Kind == platform.AppWarning:
		m.sayWarning(n, c)
	case n.Kind == platform.AppRecovered:
		m.sayRecovered(n)
	case called:
		m.Subject = "Action required: re-authenticate or fix your " + m.App + " integration"
		m.Kept = "Its settings and subscriptions are kept: once it is enabled, the integration works as before."
	default:
		m.Subject = "Action required: Fix your " + m.App + " integration"
		m.Kept = "Your subscriptions are kept: once it is enabled, the integration gets the same events as before." +
			heldBack(c.config.Subscribable)
	}
	switch {
	case byHand(n):
		m.sayByHand(n)
	case n.Kind == platform.AppDisabled:
		m.When = moment(n.DisabledAt)
		m.Days = c.daysTable(n)
		m.explain(n)
		m.diagnose(n)
	}
	return m
}

// heldBack says what a disabled app does not get, and what it still gets.
func heldBack(resources platform.Subscribable) string {
	switch {
	case len(resources) == 0:
		return ""
	case resources.All():
		return " Until then no webhooks are sent to it but those about its installation, and none are sent later."
	case len(resources) == 1:
		return " Until then no webhooks of the resource " + resources[0] +
			" are sent to it, and they are not sent later. All others, such as those about its installation, are still sent."
	}
	last := len(resources) - 1
	return " Until then no webhooks of the resources " + strings.Join(resources[:last], ", ") + " and " + resources[last] +
		" are sent to it, and they are not sent later. All others, such as those about its installation, are still sent."
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// moment writes a time for people. A time that cannot be read stays as it is.
func moment(s string) string {
	t, err := platform.ParseTime(s)
	if err != nil {
		return clean(s, nameLimit)
	}
	return t.Format("Monday, 2 January 2006, at 15:04 UTC")
}

// longDay writes a day for people, such as "Tuesday, 24 November 2026".
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
