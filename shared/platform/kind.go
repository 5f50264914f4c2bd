package platform

import (
	"net/url"
	"slices"
	"strings"

	"hookwarden/shared/tally"
)

// Kind says what an app is to the platform. The zero value is SentryApp, which
// messages and tables need not name.
type Kind string

// The kinds. hookwarden sends webhooks to a SentryApp. An Integration and a Plugin
// stand for a provider, which the platform calls by itself: it reports how these
// calls ended.
const (
	SentryApp   Kind = ""
	Integration Kind = "integration"
	Plugin      Kind = "plugin"
)

// String is the word of the platform's messages.
func (k Kind) String() string {
	if k == SentryApp {
		return "sentry-app"
	}
	return string(k)
}

// CalledByPlatform reports whether it is the platform that calls such an app, and
// not hookwarden.
func (k Kind) CalledByPlatform() bool { return k == Integration || k == Plugin }

// Breaker says what disables an app without a person. The zero value is BreakAll.
type Breaker string

// The breakers.
const (
	BreakAll   Breaker = ""      // each line of the rule
	BreakFatal Breaker = "fatal" // fatal outcomes alone
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

// Guarded reports whether any verdict disables the app: one that is counted, unless its
// breaker is off.
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

// link reads a URL of the platform's own, which people are to follow from a mail;
// empty if absent or null. The platform made it, so one that leads nowhere is wrong.
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
		o.wrong(field, "must be a URL that starts with https://, without a user")
	case strings.ContainsAny(link, `<>"`), strings.ContainsFunc(link, invisible):
		o.wrong(field, "must not have spaces, quotes, angle brackets or characters that cannot be seen")
	}
	return link
}
