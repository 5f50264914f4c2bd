package delivery

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

// Entry is one line of the request log: an attempt, or a webhook that was not
// sent.
type Entry struct {
	Time           time.Time
	AppID          string
	OrganizationID string // empty for internal apps
	WebhookID      string
	MessageID      string
	EventType      string
	Attempt        int    // requests sent, this one included; for a skip those sent before
	Outcome        string // webhook.Outcome, skipped or expired
	Code           string // webhook.Code, or the reason of a skip; may be empty

	Sent         bool // an attempt; what follows is empty for a skip
	ResponseCode int  // 0 without a complete answer
	URL          string
	Duration     time.Duration
	Repeated     bool   // the request was sent twice, see webhook.Result
	ErrorID      string // with ProjectID, or both empty
	ProjectID    string

	// Of failed attempts only.
	RequestHeaders map[string]string
	RequestBody    string
	ResponseBody   string
}

// Failed reports whether the entry is an attempt that did not succeed, whatever
// its status, or a webhook that was given up.
func (e Entry) Failed() bool {
	return e.Outcome == outcomeExpired || e.Sent && e.Outcome != string(webhook.Success)
}

const (
	maxURL       = 512
	maxBody      = 1024
	maxReference = 128
)

// entry is the log entry of an item, if it has one.
func (j *Job) entry(it *item) (Entry, bool) {
	if it.back || it.outcome == "" && (it.request == nil || it.deferred == deferLocalError) {
		return Entry{}, false
	}
	e := Entry{
		Time:      j.Now(),
		AppID:     it.webhook.AppID,
		WebhookID: it.webhook.ID,
		MessageID: it.ID,
		EventType: it.webhook.EventType(),
		Attempt:   it.Attempts,
		Outcome:   it.outcome,
		Code:      it.skipped,
	}
	if !it.found || it.known.App.Status != platform.Internal {
		e.OrganizationID = it.webhook.OrganizationID
	}
	if it.outcome == "" {
		j.describeAttempt(it, &e)
	}
	return e, true
}

func (j *Job) describeAttempt(it *item, e *Entry) {
	r := it.result
	e.Sent = true
	e.Time = r.Started
	e.Attempt++
	e.Outcome, e.Code = string(r.Outcome), string(r.Code)
	e.ResponseCode = r.Status
	e.URL = platform.Cut(it.request.URL, maxURL)
	e.Duration = r.Duration
	e.Repeated = r.Repeated
	e.ErrorID = platform.Cut(r.Header.Get(j.HeaderPrefix+"Error"), maxReference)
	e.ProjectID = platform.Cut(r.Header.Get(j.HeaderPrefix+"Project"), maxReference)
	if e.ErrorID == "" || e.ProjectID == "" {
		e.ErrorID, e.ProjectID = "", ""
	}
	if e.Failed() {
		e.RequestHeaders = redact(r.RequestHeader)
		e.RequestBody = cutBody(it.request.Body)
		e.ResponseBody = cutBody(r.Body)
	}
}

// redact copies headers for the log, without what would let a reader sign or
// log in.
func redact(header http.Header) map[string]string {
	shown := make(map[string]string, len(header))
	for name, values := range header {
		shown[name] = strings.Join(values, ", ")
		lower := strings.ToLower(name)
		if slices.ContainsFunc([]string{"signature", "secret", "cookie", "authorization"}, func(word string) bool {
			return strings.Contains(lower, word)
		}) {
			shown[name] = platform.Redacted
		}
	}
	return shown
}

// cutBody is the beginning of a body as text, at most 1,024 bytes; one that is
// not text is shown as base64.
func cutBody(body []byte) string {
	text := platform.Cut(string(body[:min(len(body), maxBody+utf8.UTFMax)]), maxBody)
	if utf8.ValidString(text) {
		return text
	}
	const mark = "base64:"
	raw := body[:min(len(body), (maxBody-len(mark))/4*3)]
	return mark + base64.StdEncoding.EncodeToString(raw)
}
