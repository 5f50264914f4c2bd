package delivery

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

func TestLogThatFailsHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Published, nil)
		j := w.job(nil)
		batches := func() (n int) {
			for start := time.Now(); time.Since(start) < time.Minute; n++ {
				time.Sleep(50 * time.Millisecond) // SQS hands out a batch
				equalList(t, "returned", deliverAll(t, j, message("a"), message("a")))
			}
			return n
		}
		healthy := batches()
		entries := len(w.entries)
		w.logFault = func() bool { return true }
		failing := batches()
		if lost := healthy - failing; lost > 31 { // the first failing batch tries for 1.5 s, no other repeats
			t.Errorf("%d batches in a minute, %d while the log refuses everything", healthy, failing)
		}
		equal(t, "requests", len(w.sent), 2*(healthy+failing))
		equal(t, "entries before", entries, 2*healthy)
		equal(t, "entries since", len(w.entries), entries)
		equal(t, "entries in the function's log", strings.Count(w.lines.String(), "log entry dropped"), 2*failing)
		equal(t, "metric", w.figures["log.dropped ="], 2*failing)
		if !strings.Contains(w.lines.String(), "evt_aissuecreated") {
			t.Error("the dropped entries are not in full")
		}

		w.logFault = nil
		deliverAll(t, j, message("a"))
		equal(t, "entries once the log works again", len(w.entries), entries+1)
	})
}

func TestLogHasEveryAttemptThatDidNotSucceedAsAFailure(t *testing.T) {
	for name, answer := range map[string]func(webhook.Request) webhook.Result{
		"redirect":                 status(http.StatusMovedPermanently),
		"throttled":                status(http.StatusTooManyRequests),
		"error":                    status(http.StatusBadRequest),
		"gone":                     status(http.StatusGone),
		"server_error":             status(http.StatusServiceUnavailable),
		"timeout":                  outcome(webhook.Timeout, webhook.CodeTimeoutResponse),
		"connection_error refused": outcome(webhook.ConnectionError, webhook.CodeRefused),
		"blocked blocked_address":  outcome(webhook.Blocked, webhook.CodeBlockedAddress),
		"connection_error, no class": func(webhook.Request) webhook.Result {
			return webhook.Result{Outcome: webhook.ConnectionError, Status: 101, Started: time.Now()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Published, nil)
			w.answer = func(r webhook.Request) webhook.Result {
				result := answer(r)
				result.RequestHeader, result.Body = http.Header{"Request-Id": {r.ID}}, []byte("answer")
				result.Detail = "The redirect leads to https://new.example"
				return result
			}
			deliverAll(t, w.job(func(c *Config) { c.RequestLog = LogFailures }), message("a"))
			equal(t, "entries with RequestLog=failures", len(w.entries), 1)
			e := w.entries[0]
			equal(t, "a failure", e.Failed(), true)
			equal(t, "request body", strings.HasPrefix(e.RequestBody, `{"action":"created"`), true)
			equal(t, "request header", e.RequestHeaders["Request-Id"], "evt_aissuecreated")
			equal(t, "response body", e.ResponseBody, "answer")
			equal(t, "detail", e.Detail, "The redirect leads to https://new.example")
		})
	}
}

// People will ask about a webhook that was given up.
func TestLogHasAnExpiredWebhookWhateverRequestLogSays(t *testing.T) {
	for _, log := range []RequestLog{LogAll, LogFailures, LogOff} {
		w := newWorld()
		w.register("a", platform.Published, nil)
		m := message("a")
		m.Attempts, m.SentAt = 2, time.Now().Add(-73*time.Hour)
		equalList(t, "returned", deliverAll(t, w.job(func(c *Config) { c.RequestLog = log }), m))
		equalList(t, string(log), w.outcomes(), "a 2 expired")
		equal(t, "metric", w.figures["webhook.skipped reason=expired"], 1)
		if len(w.entries) == 1 {
			equal(t, "a failure", w.entries[0].Failed(), true)
		}
	}
}

func TestLogHasWhatRequestLogSays(t *testing.T) {
	for log, want := range map[RequestLog][]string{
		LogAll:      {"a 0 skipped not_subscribed", "a 1 success", "b 1 error"},
		LogFailures: {"b 1 error"},
		LogOff:      nil,
	} {
		w := newWorld()
		w.register("a", platform.Published, nil)
		w.register("b", platform.Published, nil)
		w.answer = errorFor(func(r webhook.Request) bool { return strings.Contains(r.ID, "evt_b") })
		deliverAll(t, w.job(func(c *Config) { c.RequestLog = log }), message("a"), message("b"), webhookMessage("a", "comment", "created", ""))
		equalList(t, string(log), w.outcomes(), want...)
	}
}

func TestLogHasAFailedAttemptInFullWithoutSecrets(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	w.answer = func(r webhook.Request) webhook.Result {
		result := status(400)(r)
		result.RequestHeader = http.Header{"Request-ID": {"evt"}, "Sentry-Hook-Signature": {"abc"}, "webhook-signature": {"v1,x"},
			"Cookie": {"c"}, "Authorization": {"Bearer t"}, "X-Secret": {"s"}}
		result.Header = http.Header{"Sentry-Hook-Error": {"e1"}, "Sentry-Hook-Project": {"p1"}}
		result.Body = []byte(strings.Repeat("é", 1024))
		return result
	}
	deliverAll(t, w.job(nil), message("a"))
	e := w.entries[0]
	for name, want := range map[string]string{"Request-ID": "evt", "Sentry-Hook-Signature": "[redacted]", "webhook-signature": "[redacted]",
		"Cookie": "[redacted]", "Authorization": "[redacted]", "X-Secret": "[redacted]"} {
		equal(t, name, e.RequestHeaders[name], want)
	}
	equal(t, "response body", e.ResponseBody, strings.Repeat("é", 512))
	equal(t, "error id", e.ErrorID, "e1")
	equal(t, "project id", e.ProjectID, "p1")
	equal(t, "organization of an internal app", e.OrganizationID, "")
	if !strings.HasPrefix(e.RequestBody, `{"action":"created"`) {
		t.Errorf("request body %q", e.RequestBody)
	}
}

func TestLogReadsAnswerHeadersUnderThePlatformsPrefix(t *testing.T) {
	for _, prefix := range []string{"Acme-", "acme-", "ACME-X1-"} {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.answer = func(r webhook.Request) webhook.Result {
			result := status(200)(r)
			result.Header = http.Header{"Sentry-Hook-Error": {"other"}, "Sentry-Hook-Project": {"other"}}
			result.Header.Set(prefix+"Error", "e1")
			result.Header.Set(prefix+"Project", "p1")
			return result
		}
		deliverAll(t, w.job(func(c *Config) { c.HeaderPrefix = prefix }), message("a"))
		equal(t, prefix+"Error", w.entries[0].ErrorID, "e1")
		equal(t, prefix+"Project", w.entries[0].ProjectID, "p1")
	}
}

func TestLogSaysThatARequestWasSentTwice(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	w.register("b", platform.Internal, nil)
	w.answer = func(r webhook.Request) webhook.Result {
		result := status(400)(r)
		result.Repeated = strings.Contains(r.ID, "evt_b")
		return result
	}
	deliverAll(t, w.job(nil), message("a"), message("b"))
	for _, e := range w.entries {
		equal(t, "repeated, of "+e.AppID, e.Repeated, e.AppID == "b")
		equal(t, "attempt, of "+e.AppID, e.Attempt, 1)
	}
	if n := strings.Count(w.lines.String(), "repeated=true"); n != 1 {
		t.Errorf("%d lines say so:\n%s", n, w.lines.String())
	}
}

func TestLogCutsABodyAtARuneOrShowsItAsBase64(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"short":         {"ok", "ok"},
		"exactly 1,024": {strings.Repeat("a", 1024), strings.Repeat("a", 1024)},
		"cut in a rune": {"a" + strings.Repeat("€", 400), "a" + strings.Repeat("€", 341)},
		"binary":        {"\xff\x00", "base64:/wA="},
		"empty":         {"", ""},
	} {
		equal(t, name, cutBody([]byte(c.body)), c.want)
	}
	if long := cutBody([]byte(strings.Repeat("\xff", 5000))); len(long) > 1024 || !strings.HasPrefix(long, "base64:") {
		t.Errorf("a long binary body has %d bytes", len(long))
	}
}
