package notice

import (
	"fmt"
	"strings"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// words is the words of a mail for what was counted: webhooks that hookwarden sent,
// or calls that the platform made.
type words struct {
	one     string
	server  string // what answers them
	cause   string
	tooMany string
	gone    string // placeholders: the day, and how often

	failing   string // "your integration" follows
	permanent string
}

func webhooks() words {
	return words{one: "webhook", server: "Your server", cause: "its webhooks failed", tooMany: "Too many of its webhooks failed.",
		gone:    "On %s, the webhook URL answered %s with 410 Gone, which says that it is gone for good, and no webhook succeeded.",
		failing: "Webhooks of", permanent: "This does not pass by itself: webhooks will fail until something changes."}
}

func calls() words {
	return words{one: "call", server: "The service", cause: "calls to the integration failed", tooMany: "Too many calls to the integration failed.",
		gone:    "On %s, calls were answered %s with 410 Gone, which says that what they asked for is gone for good, and no call succeeded.",
		failing: "Calls to", permanent: "This does not pass by itself: calls will fail until something changes."}
}

func wordsOf(kind platform.Kind) words {
	if kind.CalledByPlatform() {
		return calls()
	}
	return webhooks()
}

// of is a number of them.
func (w words) of(n int64) string {
	if n == 1 {
		return "1 " + w.one
	}
	return count(n) + " " + w.one + "s"
}

// share is the part of them that the rule requires; empty if it requires none.
func (w words) share(r tally.Rule) string {
	if r.TimeoutMinShare == 0 {
		return ""
	}
	return fmt.Sprintf(" and to at least %s of the %ss of that day and the day before", percentage(r.TimeoutMinShare), w.one)
}

func percentage(share float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", 100*share), "0"), ".") + "%"
}

// adviceOnReceiver is what a receiver's owner can do. It mentions a dashboard only
// if the mail has a link to one.
func (m *message) adviceOnReceiver(reason tally.Reason) string {
	findOut, more := "Find out why the requests failed", ""
	if m.DashboardURL != "" {
		findOut, more = "Look up the failed requests on the integration's dashboard", " The dashboard shows what came back instead."
	}
	switch reason {
	case tally.Fatal:
		return findOut + ", and fix what went wrong."
	case tally.Gone:
		return "Check the webhook URL. If your receiver has moved, enter its new address in the settings; if it is still there, find out why it answers 410."
	case tally.Timeout:
		return "Make sure that your receiver is up and can be reached. Let it answer each webhook with a 2xx status right away, and do its work afterwards."
	case tally.Dead:
		return "Check the webhook URL, and make sure that your receiver is up and answers webhooks with a 2xx status." + more
	}
	return findOut + ", and let your receiver answer webhooks with a 2xx status again."
}

// adviceOnProvider is what the owner of an integration with another service can do.
func (m *message) adviceOnProvider(reason tally.Reason) string {
	switch reason {
	case tally.Fatal:
		return "Often this means that its access was revoked or has expired: authorize the integration again in its settings. If that is not it, fix what went wrong there."
	case tally.Gone:
		return "Check that what the integration is connected to is still there. If it has moved, connect the integration again in its settings."
	case tally.Timeout:
		return "Make sure that the service behind the integration is up, and that " + m.Platform + " can reach it."
	case tally.Dead:
		return "Make sure that the service behind the integration is up, and authorize the integration again in its settings."
	}
	return "Authorize the integration again in its settings, or fix what makes its service answer with errors."
}
