package platform

import (
	"fmt"

	"hookwarden/shared/tally"
)

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

// Level says which warning it is, as tally.Level does.
type Level = tally.Level

// The levels, except those that DaysLevel makes.
const (
	LevelTimeouts  = tally.LevelTimeouts
	LevelPermanent = tally.LevelPermanent
)

// DaysLevel is the level of the n-th day of a run of failing days: "days:3".
func DaysLevel(n int) Level { return tally.DaysLevel(n) }

// IsZero reports that nothing is known.
func (d Diagnosis) IsZero() bool {
	return d.FailingSince == "" && d.LastSuccess == "" && len(d.Answers) == 0 && d.Read == 0 && !d.More && d.Example == nil
}

// Bounded is the diagnosis with all texts inert and within their bounds, wherever it comes
// from.
func (d Diagnosis) Bounded() Diagnosis {
	d.FailingSince, d.LastSuccess = Inert(d.FailingSince, maxTime), Inert(d.LastSuccess, maxTime)
	answers := d.Answers[:min(len(d.Answers), MaxAnswers)]
	d.Answers = nil
	for _, a := range answers {
		a.Outcome, a.Code = Inert(a.Outcome, maxWord), Inert(a.Code, maxWord)
		d.Answers = append(d.Answers, a)
	}
	if d.Example != nil {
		e := *d.Example
		e.At, e.Outcome, e.Code = Inert(e.At, maxTime), Inert(e.Outcome, maxWord), Inert(e.Code, maxWord)
		e.WebhookID, e.EventType = Inert(e.WebhookID, maxWord), Inert(e.EventType, maxWord)
		e.Detail, e.Body = Inert(e.Detail, MaxDetail), Inert(e.Body, MaxAnswerShown)
		d.Example = &e
	}
	return d
}

// diagnosis reads what is wrong with a receiver; nil if absent or null.
func (o object) diagnosis(field string) *Diagnosis {
	if !o.has(field) {
		return nil
	}
	in := o.object(field)
	d := Diagnosis{FailingSince: in.moment("failing_since"), LastSuccess: in.moment("last_success_at"),
		Read: in.count("read"), More: in.flag("more")}
	answers := in.objects("answers")
	if len(answers) > MaxAnswers {
		in.wrong("answers", fmt.Sprintf("must have at most %d answers", MaxAnswers))
	}
	for _, a := range answers {
		d.Answers = append(d.Answers, Answer{Outcome: a.word("outcome"), Code: a.optional("error_code", maxWord),
			Status: int(a.count("status")), Count: a.count("count")})
	}
	if in.has("example") {
		e := in.object("example")
		d.Example = &FailedRequest{At: e.moment("at"), WebhookID: e.optional("webhook_id", maxWord), EventType: e.optional("event_type", maxWord),
			Outcome: e.word("outcome"), Code: e.optional("error_code", maxWord), Status: int(e.count("status")), DurationMS: e.count("duration_ms"),
			Detail: e.optional("detail", MaxDetail), Body: e.optional("body", MaxAnswerShown)}
	}
	d = d.Bounded()
	return &d
}

// moment is a time as it was written; empty if absent or null.
func (o object) moment(field string) string {
	o.time(field)
	return o.optionalText(field)
}

// optional reads a string of at most limit bytes; empty if absent or null.
func (o object) optional(field string, limit int) string {
	s := o.optionalText(field)
	if len(s) > limit {
		o.wrong(field, atMost(limit))
	}
	return s
}

// flag reads true or false; false if absent or null.
func (o object) flag(field string) bool {
	v := string(o.fields.get(field))
	if o.has(field) && v != "true" && v != "false" {
		o.wrong(field, "must be true or false")
	}
	return v == "true"
}
