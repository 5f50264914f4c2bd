package delivery

import (
	"cmp"
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hookwarden/shared/platform"
	"hookwarden/shared/retry"
	"hookwarden/shared/webhook"
)

// RequestLog says which log entries are written. Entries of expired webhooks and of
// tests always are.
type RequestLog string

// What is logged.
const (
	LogAll      RequestLog = "all"
	LogFailures RequestLog = "failures" // attempts that did not succeed: Entry.Failed
	LogOff      RequestLog = "off"
)

func (l RequestLog) wants(e Entry) bool {
	if e.Test {
		return true
	}
	switch l {
	case LogOff:
		return e.Outcome == outcomeExpired
	case LogFailures:
		return e.Failed()
	}
	return true
}

// Log keeps entries. It returns those that were not, or may not have been, written;
// writing one again is harmless. It tries once; the caller repeats.
type Log interface {
	WriteEntries(ctx context.Context, entries []Entry) (unwritten []Entry)
}

// recorder records what happened to webhooks, in the log table, in the function's
// own log and in the metrics.
type recorder struct {
	phase
	log          Log
	requestLog   RequestLog
	headerPrefix string
	failing      bool // the last entries could not all be written
}

// record records a wave and the webhooks that were not sent. A webhook that is
// returned has no entry, since it comes again.
func (r *recorder) record(ctx context.Context, unsent []*known, wave []*attempted) {
	entries := make([]Entry, 0, len(unsent)+len(wave))
	keep := func(e Entry) {
		if r.requestLog.wants(e) {
			entries = append(entries, e)
		}
	}
	for _, w := range unsent {
		switch f := w.fate.(type) {
		case skipped:
			keep(r.reportUnsent(ctx, slog.LevelInfo, w, outcomeSkipped, f.reason))
		case expired:
			keep(r.reportUnsent(ctx, slog.LevelWarn, w, outcomeExpired, ""))
		}
	}
	for _, w := range wave {
		if w.fate != (returned{}) && w.result.Outcome != webhook.LocalError {
			keep(r.entryOfAttempt(w))
		}
		r.reportAttempt(ctx, w)
	}
	r.write(ctx, entries)
}

// entryOf is what all log entries have.
func (r *recorder) entryOf(w *known, outcome, code string) Entry {
	e := Entry{
		Time:      r.now(),
		AppID:     w.appID,
		WebhookID: w.webhookID,
		MessageID: w.ID,
		EventType: w.webhook.EventType(),
		Attempt:   w.Attempts,
		Outcome:   outcome,
		Code:      code,
		Test:      w.isTest(),
	}
	if w.App.Status != platform.Internal {
		e.OrganizationID = w.webhook.OrganizationID
	}
	return e
}

func (r *recorder) entryOfAttempt(w *attempted) Entry {
	a := w.result
	e := r.entryOf(w.known, string(a.Outcome), string(a.Code))
	e.Sent = true
	e.Time = a.Started
	e.Attempt++
	e.ResponseCode = a.Status
	e.URL = platform.Cut(w.url, maxURL)
	e.Duration = a.Duration
	e.Repeated = a.Repeated
	e.ErrorID = platform.Cut(a.Header.Get(r.headerPrefix+"Error"), maxReference)
	e.ProjectID = platform.Cut(a.Header.Get(r.headerPrefix+"Project"), maxReference)
	if e.ErrorID == "" || e.ProjectID == "" {
		e.ErrorID, e.ProjectID = "", ""
	}
	if e.Failed() {
		e.RequestHeaders = redact(a.RequestHeader)
		e.RequestBody = cutBody(w.request.Body)
		e.ResponseBody = cutBody(a.Body)
		e.Detail = a.Detail
	}
	return e
}

// write writes entries within the budget. The rest go in full to the function's own
// log: an entry never holds up a delivery.
func (r *recorder) write(ctx context.Context, entries []Entry) {
	if len(entries) == 0 {
		return
	}
	entries = r.tryToWrite(ctx, entries)
	for _, e := range entries {
		r.logger.ErrorContext(ctx, "log entry dropped", "app_id", e.AppID, "webhook_id", e.WebhookID, "entry", e)
		r.metrics.Count("log.dropped", "", "")
	}
	r.failing = len(entries) > 0
}

// tryToWrite tries until all are written or the budget is used up, and returns the
// rest. While the log fails, each batch has only one short try, so that deliveries
// keep their rate.
func (r *recorder) tryToWrite(ctx context.Context, entries []Entry) (unwritten []Entry) {
	budget := logBudget
	if r.failing {
		budget = oneTry
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	for pause := firstPause; ; pause *= 2 {
		entries = r.log.WriteEntries(ctx, entries)
		if len(entries) == 0 || r.failing || !retry.Pause(ctx, pause) {
			return entries
		}
	}
}

// reportUnsent writes the one line about a webhook that was not sent, and counts it
// unless it is a test. It returns its log entry.
func (r *recorder) reportUnsent(ctx context.Context, level slog.Level, w *known, outcome, reason string) Entry {
	line := "test not sent"
	if !w.isTest() {
		line = "webhook not sent"
		r.metrics.Count("webhook.skipped", "reason", cmp.Or(reason, outcome))
	}
	r.logger.Log(ctx, level, line, w.ids("event", w.webhook.EventType(), "outcome", outcome, "reason", reason)...)
	return r.entryOf(w, outcome, reason)
}

// reportAttempt writes the one line about an attempt, and counts it unless it is a test.
func (r *recorder) reportAttempt(ctx context.Context, w *attempted) {
	a := w.result
	line := "test attempted"
	if !w.isTest() {
		line = "webhook attempted"
		r.metrics.Count("webhook.attempts", "outcome", string(a.Outcome))
		r.metrics.Milliseconds("webhook.latency", a.Duration)
		r.metrics.Detail("webhooks", attemptDetail{appLabel(w.App), w.webhook.EventType(), a.Status})
	}
	level := slog.LevelInfo
	if a.Outcome == webhook.Success {
		level = slog.LevelDebug // the log table has it
	}
	if r.logger.Enabled(ctx, level) {
		r.logger.Log(ctx, level, line, w.ids("event", w.webhook.EventType(), "outcome", a.Outcome, "code", a.Code,
			"status", a.Status, "attempt", w.Attempts+1, "repeated", a.Repeated, "duration_ms", a.Duration.Milliseconds(), "error", a.Err)...)
	}
}

// attemptDetail is what the metrics' line has about one attempt, in addition to its
// figures.
type attemptDetail struct {
	App          string `json:"app"`
	Event        string `json:"event"`
	ResponseCode int    `json:"response_code"` // 0 without a complete answer
}

// appLabel is a published app's slug. For other apps it is only their status.
func appLabel(app platform.App) string {
	if app.Status == platform.Published {
		return app.Slug
	}
	return string(app.Status)
}

// Entry is one entry of the request log: an attempt, or a webhook that was not
// sent.
type Entry struct {
	Time           time.Time
	AppID          string
	OrganizationID string // empty for internal apps
	WebhookID      string
	MessageID      string
	EventType      string
	Attempt        int    // requests sent, this one included; for a skip, those sent before
	Outcome        string // webhook.Outcome, skipped or expired
	Code           string // webhook.Code, or the reason of a skip; may be empty
	Test           bool

	Sent         bool // an attempt; what follows is empty for a skip
	ResponseCode int  // 0 without a complete answer
	URL          string
	Duration     time.Duration
	Repeated     bool   // the request was sent twice, see webhook.Result
	ErrorID      string // with ProjectID, or both empty
	ProjectID    string

	// For failed attempts only.
	RequestHeaders map[string]string
	RequestBody    string
	ResponseBody   string
	Detail         string // webhook.Result.Detail; may be empty
}

// Failed reports whether the entry is an attempt that did not succeed, or a webhook
// that was given up.
func (e Entry) Failed() bool {
	return e.Outcome == outcomeExpired || e.Sent && e.Outcome != string(webhook.Success)
}

// Outcomes of webhooks that were not sent.
const (
	outcomeSkipped = "skipped"
	outcomeExpired = "expired"
)

const (
	maxURL       = 512
	maxBody      = 1024
	maxReference = 128
)

// redact copies headers for the log, without those that would let a reader sign or
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

// NotText begins a body in the log that is not text: what follows is base64.
const NotText = "base64:"

// cutBody is the beginning of a body as text, at most 1,024 bytes. A body that is
// not text is shown as base64.
func cutBody(body []byte) string {
	text := platform.Cut(string(body[:min(len(body), maxBody+utf8.UTFMax)]), maxBody)
	if utf8.ValidString(text) {
		return text
	}
	raw := body[:min(len(body), (maxBody-len(NotText))/4*3)]
	return NotText + base64.StdEncoding.EncodeToString(raw)
}
