package delivery

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// always makes a count fault that lasts.
func always(fault func() (error, bool)) func() (error, bool) { return fault }

// firstOnly makes a count fault of the first call alone.
func firstOnly(fault func() (error, bool)) func() (error, bool) {
	calls := 0
	return func() (error, bool) {
		if calls++; calls > 1 {
			return nil, false
		}
		return fault()
	}
}

func TestCountsSurviveAFailingTable(t *testing.T) {
	both := func(r webhook.Request) webhook.Result {
		return status(map[bool]int{true: 200, false: 400}[r.Resource == "installation"])(r)
	}
	for name, c := range map[string]struct {
		fault   func() (error, bool)
		counted tally.Counts
		queued  *tally.Counts
	}{
		"refused once":             {firstOnly(notAdded), tally.Counts{Success: 1, Error: 1}, nil},
		"refused for good":         {always(notAdded), tally.Counts{}, &tally.Counts{Success: 1, Error: 1}},
		"lost, and was added":      {firstOnly(lostButAdded), tally.Counts{Success: 2, Error: 1}, nil},
		"lost, and was not added":  {firstOnly(lostNotAdded), tally.Counts{Success: 1}, nil},
		"lost for good, not added": {always(lostNotAdded), tally.Counts{}, &tally.Counts{Success: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answer, w.countFault = both, c.fault
				w.register("a", platform.Internal, nil)
				start := time.Now()
				equalList(t, "returned", deliverAll(t, w.job(nil), message("a"), webhookMessage("a", "installation", "created", "")))
				equal(t, "counts", w.countsOf("a"), c.counted)
				if c.queued == nil {
					equal(t, "sent on", len(w.delayed), 0)
					return
				}
				equal(t, "sent on", len(w.delayed), 1)
				equal(t, "kind", w.delayed[0].Kind, KindCounts)
				var body map[string]any
				if err := json.Unmarshal([]byte(w.delayed[0].Body), &body); err != nil {
					t.Fatal(err)
				}
				equal(t, "pk", body["pk"].(string), "a#org#1")
				equal(t, "day", body["day"].(string), string(tally.DateOf(start)))
				equal(t, "at", int64(body["at"].(float64)), start.UnixMilli())
				m, err := decodeCounts([]byte(w.delayed[0].Body))
				if err != nil || m.Counts != *c.queued {
					t.Errorf("queued %+v (%v), want %+v", m.Counts, err, *c.queued)
				}
			})
		})
	}
	t.Run("and without a queue the messages of the counts go back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.answer, w.countFault = both, always(lostNotAdded)
			w.sendFault = func(string) bool { return true }
			w.register("a", platform.Internal, nil)
			success := webhookMessage("a", "installation", "created", "")
			equalList(t, "returned: the success is not done until it is counted",
				deliverAll(t, w.job(nil), message("a"), success), success.ID)
		})
	})
	t.Run("and if they may be queued, none of a failure goes back: it would be counted twice", func(t *testing.T) {
		for name, c := range map[string]struct {
			fault func() (error, bool)
			sent  func(w *world)
			back  int // of the success and the failure
		}{
			"surely not added, may be queued":   {notAdded, func(w *world) { w.sendLost = func(string) bool { return true } }, 1},
			"surely not added, surely not sent": {notAdded, func(w *world) { w.sendFault = func(string) bool { return true } }, 2},
			"may be added, may be queued":       {lostNotAdded, func(w *world) { w.sendLost = func(string) bool { return true } }, 1},
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answer, w.countFault = both, always(c.fault)
				c.sent(w)
				w.register("a", platform.Internal, nil)
				success := webhookMessage("a", "installation", "created", "")
				back := deliverAll(t, w.job(nil), message("a"), success)
				equal(t, name+": back", len(back), c.back)
				equal(t, name+": the success goes back", slices.Contains(back, success.ID), true)
			})
		}
	})
	t.Run("so one 410 stays one, whatever becomes of the answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.answer, w.countFault = status(410), always(notAdded)
			w.sendLost = func(string) bool { return true }
			w.register("a", platform.Internal, nil)
			m := message("a")
			j := w.job(nil)
			equalList(t, "returned", deliverAll(t, j, m))
			w.countFault = nil
			time.Sleep(firstCountsWait)
			for _, l := range w.delayed {
				l.ID, l.Receives = "counts", 1
				equalList(t, "counts back", deliverAll(t, j, l.Message))
			}
			equal(t, "counts", w.countsOf("a"), tally.Counts{Error: 1, Gone: 1})
		})
	})
}

func TestQueuedCountsAreAddedToTheKeyThatTheyCarryWhateverBecameOfTheApp(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	key := CounterKey{"a#org#1", "2026-11-24"}
	both := tally.Counts{Success: 2, Error: 3}
	for name, c := range map[string]struct {
		receives int
		change   func(*Registered)
		want     tally.Counts
	}{
		"first time":                     {1, nil, both},
		"received again":                 {2, nil, both.OnlySuccess()},
		"app disabled":                   {1, func(r *Registered) { r.App.DisabledAt = at }, both},
		"app enabled since":              {1, func(r *Registered) { r.App.EnabledAt, r.App.Generation = at.Add(time.Millisecond), 2 }, both},
		"app of another organization":    {1, func(r *Registered) { r.App.OrganizationID, r.App.Generation = "other", 2 }, both},
		"app unknown to the registry":    {1, func(r *Registered) { r.App.ID = "" }, both},
		"app without usable secrets yet": {1, func(r *Registered) { r.Secrets = nil }, both},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, c.change)
			if w.apps["a"].App.ID == "" {
				delete(w.apps, "a")
			}
			m := countsOn(key.Key, key.Date, both, at)
			m.ID, m.Receives, m.DueAt = "c", c.receives, at
			equalList(t, "returned", deliverAll(t, w.job(nil), m))
			equal(t, "counts", w.counts[key], c.want)
			equal(t, "keys", len(w.counts), 1)
			equal(t, "reads of the registry", w.reads, 0)
			equal(t, "log entries", len(w.entries), 0)
			equal(t, "dead letters", len(w.deadLetters), 0)
		})
	}
	t.Run("those of a version before, which are of no generation, are dropped", func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		m := countsOn("a#org", key.Date, both, at)
		m.ID, m.Receives, m.DueAt = "c", 1, at
		equalList(t, "returned", deliverAll(t, w.job(nil), m))
		equal(t, "keys", len(w.counts), 0)
		equal(t, "sent on", len(w.delayed), 0)
		equal(t, "dead letters", len(w.deadLetters), 0)
		equal(t, "metric", w.figures["counts.dropped ="], 1)
		equal(t, "in the log", strings.Contains(w.lines.String(), "counts of no generation dropped"), true)
	})
	t.Run("they wait for a table that does not answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			w.countFault = always(notAdded)
			m := countsOn(key.Key, key.Date, both, time.Now())
			m.DueAt = time.Now()
			deliverAll(t, w.job(nil), m)
			equal(t, "sent on", len(w.delayed), 1)
			equal(t, "as counts", w.delayed[0].Kind, KindCounts)
			equal(t, "hops", w.delayed[0].Hops, 1)
			equal(t, "wait", w.delayed[0].Wait, 30*time.Second)
			equal(t, "body", w.delayed[0].Body, m.Body)
		})
	})
	t.Run("they are given up, in the log, when they are as old as a webhook may be", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			w.countFault = notAdded
			m := countsOn(key.Key, key.Date, both, time.Now())
			m.DueAt, m.Hops = time.Now(), maxHops+1
			equalList(t, "returned", deliverAll(t, w.job(nil), m))
			equal(t, "sent on", len(w.delayed), 0)
			equal(t, "in the log", strings.Contains(w.lines.String(), "counts lost"), true)
		})
	})
	t.Run("a malformed one is a dead letter", func(t *testing.T) {
		for body, detail := range map[string]string{
			`[]`:                             "the message is not a message of counts",
			`{"pk":"a#o","day":"yesterday"}`: "day must be a day, as in 2026-11-24",
			`{"pk":"a","day":"2026-11-24"}`:  "pk must be an app's and an organization's id, and a generation",
			`{"pk":"a#o#x","day":"2026-11-24","counts":{"success":1},"at":1}`: "pk must be an app's and an organization's id, and a generation",
			`{"pk":"a#o","day":"2026-11-24","counts":{"success":-1},"at":1}`:  "counts must not be below zero",
		} {
			w := newWorld()
			deliverAll(t, w.job(nil), Message{ID: "c", Body: body, Kind: KindCounts})
			equal(t, "detail", w.deadLetters[0].Detail, detail)
		}
	})
}

func TestAFailingLogHoldsUpNothing(t *testing.T) {
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

func TestEveryAttemptThatDidNotSucceedIsAFailureOfTheLog(t *testing.T) {
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
				return result
			}
			deliverAll(t, w.job(func(c *Config) { c.RequestLog = LogFailures }), message("a"))
			equal(t, "entries with RequestLog=failures", len(w.entries), 1)
			e := w.entries[0]
			equal(t, "a failure", e.Failed(), true)
			equal(t, "request body", strings.HasPrefix(e.RequestBody, `{"action":"created"`), true)
			equal(t, "request header", e.RequestHeaders["Request-Id"], "evt_aissuecreated")
			equal(t, "response body", e.ResponseBody, "answer")
		})
	}
}

// A webhook that was given up is the one that somebody will ask about.
func TestAnExpiredWebhookIsLoggedWhateverRequestLogSays(t *testing.T) {
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

func TestRequestLogSaysWhatIsLogged(t *testing.T) {
	for log, want := range map[RequestLog][]string{
		LogAll:      {"a 0 skipped not_subscribed", "a 1 success", "b 1 error"},
		LogFailures: {"b 1 error"},
		LogOff:      nil,
	} {
		w := newWorld()
		w.register("a", platform.Published, nil)
		w.register("b", platform.Published, nil)
		w.answer = func(r webhook.Request) webhook.Result {
			return status(map[bool]int{true: 400, false: 200}[strings.Contains(r.ID, "evt_b")])(r)
		}
		deliverAll(t, w.job(func(c *Config) { c.RequestLog = log }), message("a"), message("b"), webhookMessage("a", "comment", "created", ""))
		equalList(t, string(log), w.outcomes(), want...)
	}
}

func TestAFailedAttemptIsLoggedInFullWithoutSecrets(t *testing.T) {
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

func TestTheLogReadsAnswerHeadersUnderThePlatformsPrefix(t *testing.T) {
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

func TestAnAttemptThatSentItsRequestTwiceSaysSo(t *testing.T) {
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

func TestABodyIsCutAtARuneOrShownAsBase64(t *testing.T) {
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
