package platform

import (
	"net/url"
	"slices"
	"strings"

	"hookwarden/shared/tally"
)

// Kind says what an app is to the platform. The zero value is SentryApp, so messages
// and tables need not name it.
type Kind string

// The kinds. hookwarden sends webhooks to a SentryApp. An Integration or a Plugin
// stands for a provider that the platform calls itself; the platform reports how these
// calls ended.
const (
	SentryApp   Kind = ""
	Integration Kind = "integration"
	Plugin      Kind = "plugin"
)

// String is the kind as the platform's messages write it.
func (k Kind) String() string {
	if k == SentryApp {
		return "sentry-app"
	}
	return string(k)
}

// CalledByPlatform reports whether the platform, and not hookwarden, calls such an app.
func (k Kind) CalledByPlatform() bool { return k == Integration || k == Plugin }

// Breaker says what disables an app without a person. The zero value is BreakAll.
type Breaker string

// The breakers.
const (
	BreakAll   Breaker = ""      // every line of the rule
	BreakFatal Breaker = "fatal" // fatal outcomes only
	BreakOff   Breaker = "off"   // nothing
)

// BreaksFor reports whether a verdict with this reason disables an app.
func (b Breaker) BreaksFor(reason tally.Reason) bool {
	return b == BreakAll || b == BreakFatal && reason == tally.Fatal
}

// Counted reports whether the app's outcomes are counted: those of a SentryApp only if its
// status is one of these.
func (a App) Counted(statuses []Status) bool {
	return a.Kind.CalledByPlatform() || a.Kind == SentryApp && slices.Contains(statuses, a.Status)
}

// Guarded reports whether a verdict may disable the app: its outcomes are counted and
// its breaker is not off.
func (a App) Guarded(statuses []Status) bool { return a.Breaker != BreakOff && a.Counted(statuses) }

func (o object) kind(field string) Kind {
	return Kind(strings.TrimPrefix(o.choice(field, "sentry-app", "integration", "plugin"), "sentry-app"))
}

func (o object) breaker(field string) Breaker {
	return Breaker(strings.TrimPrefix(o.choice(field, "all", "fatal", "off"), "all"))
}

// choice reads one of a few words; the first if absent or null.
func (o object) choice(field string, words ...string) string {
	if !o.has(field) {
		return words[0]
	}
	word := o.optionalText(field)
	if !slices.Contains(words, word) {
		o.wrong(field, "must be "+strings.Join(words[:len(words)-1], ", ")+" or "+words[len(words)-1])
	}
	return word
}

// link reads a URL of the platform that mails link to; empty if absent or null. The
// platform made it, so an invalid one is an error.
func (o object) link(field string) string {
	if !o.has(field) {
		return ""
	}
	link := o.optionalText(field)
	u, err := url.Parse(link)
	switch {
	case len(link) > maxURL:
		o.wrong(field, atMost(maxURL))
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil:
		o.wrong(field, "must be a URL that starts with https:// and has no user name")
	case strings.ContainsAny(link, `<>"`), strings.ContainsFunc(link, invisible):
		o.wrong(field, "must not have spaces, quotes, angle brackets or invisible characters")
	}
	return link
}
