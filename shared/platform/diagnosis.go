package platform

import "hookwarden/shared/tally"

// Diagnosis says what is wrong with an app's receiver, for people: in a mail, an audit
// entry and an event. It is approximate, and no verdict or warning rests on it. Times are
// as FormatTime has them; what is not known is absent.
type Diagnosis struct {
	FailingSince string `json:"failing_since,omitempty"`   // the first failure since the last success
	LastSuccess  string `json:"last_success_at,omitempty"` // absent: none in the days that are kept

	// How the failures divide that the request log has, the commonest first, at most
	// MaxAnswers. Read are the failed attempts that were read for this; More says that the
	// log has others before these.
	Answers []Answer `json:"answers,omitempty"`
	Read    int64    `json:"read,omitempty"`
	More    bool     `json:"more,omitempty"`

	Example *FailedRequest `json:"example,omitempty"` // one of the commonest answer, the newest
}

// MaxAnswers is how many kinds of answers a Diagnosis has at most.
const MaxAnswers = 5

// Answer is one way in which attempts failed.
type Answer struct {
	Outcome string `json:"outcome"`              // webhook.Outcome
	Code    string `json:"error_code,omitempty"` // webhook.Code
	Status  int    `json:"status,omitempty"`     // of a complete answer
	Count   int64  `json:"count"`
}

// FailedRequest is one failed attempt as the request log has it, without headers and
// without what was sent.
type FailedRequest struct {
	At         string `json:"at"`
	WebhookID  string `json:"webhook_id,omitempty"` // at most 128 bytes
	EventType  string `json:"event_type,omitempty"` // at most 128 bytes
	Outcome    string `json:"outcome"`
	Code       string `json:"error_code,omitempty"`
	Status     int    `json:"status,omitempty"`
	DurationMS int64  `json:"duration_ms,omitempty"`
	Detail     string `json:"detail,omitempty"` // a sentence about it, at most MaxDetail bytes: where a redirect leads, what is wrong with a certificate
	Body       string `json:"body,omitempty"`   // the beginning of the answer, at most MaxAnswerShown bytes
}

// What a FailedRequest keeps at most of what a receiver says, in bytes.
const (
	MaxDetail      = 256
	MaxAnswerShown = 300
)

// Warning is what is said before an app would be disabled.
type Warning struct {
	Level Level  `json:"level"`
	Day   int    `json:"day,omitempty"`         // of a run of failing days: which day of it this is, from 1
	CutOn string `json:"disabled_on,omitempty"` // the UTC day on which the app is disabled if nothing changes; empty if no day can be named
}

// Level says which warning it is: owners get each at most once until the app recovers.
type Level = tally.Level

// The levels, but for DaysLevel.
const (
	LevelTimeouts  = tally.LevelTimeouts
	LevelPermanent = tally.LevelPermanent
)

// DaysLevel is the level of the n-th day of a run of failing days: "days:3".
func DaysLevel(n int) Level { return tally.DaysLevel(n) }
