package delivery

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// The last webhook of a published app is retried like any other, as long as the
// secrets are there.
func TestAttemptOfALastWebhookIsRetriedWithinTheHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		at := time.Now()
		w.register("a", platform.Published, deletedAt(at))
		w.answer = status(http.StatusServiceUnavailable)
		j := w.job(func(c *Config) { c.RetryDelays = []time.Duration{30 * time.Minute, 31 * time.Minute} })
		deliverAll(t, j, uninstalled("a", at))
		for len(w.delayed) > 0 {
			next := w.delayed[0]
			w.delayed = w.delayed[1:]
			time.Sleep(next.Wait)
			deliverAll(t, j, fromRetry(next))
		}
		equalList(t, "log", w.outcomes(), "a 1 server_error", "a 2 server_error", "a 2 skipped app_deleted")
	})
}

func TestAttemptIsRetriedForPublishedAppsAlone(t *testing.T) {
	for name, c := range map[string]struct {
		status   platform.Status
		internal bool
		answer   func(webhook.Request) webhook.Result
		attempts int
		wait     time.Duration // 0: no further attempt
	}{
		"published, first":         {platform.Published, false, status(500), 0, 300 * time.Second},
		"published, third":         {platform.Published, false, status(500), 2, 300 * time.Second},
		"published, last":          {platform.Published, false, status(500), 3, 0},
		"published, time-out":      {platform.Published, false, outcome(webhook.Timeout, ""), 0, 300 * time.Second},
		"published, 408":           {platform.Published, false, status(408), 0, 300 * time.Second},
		"published, 400":           {platform.Published, false, status(400), 0, 0},
		"published, 410":           {platform.Published, false, status(410), 0, 0},
		"published, redirect":      {platform.Published, false, status(301), 0, 0},
		"published, success":       {platform.Published, false, status(200), 0, 0},
		"published, long wait":     {platform.Published, false, retryAfter(time.Hour), 0, time.Hour},
		"published, short wait":    {platform.Published, false, retryAfter(time.Second), 0, 300 * time.Second},
		"unpublished":              {platform.Unpublished, false, status(500), 0, 0},
		"internal":                 {platform.Internal, false, status(500), 0, 0},
		"internal, RetryInternal":  {platform.Internal, true, status(500), 0, 300 * time.Second},
		"published, blocked":       {platform.Published, false, outcome(webhook.Blocked, ""), 0, 0},
		"published, connection":    {platform.Published, false, outcome(webhook.ConnectionError, ""), 0, 300 * time.Second},
		"unpublished, RetryIntern": {platform.Unpublished, true, status(503), 1, 300 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answer = c.answer
				w.register("a", c.status, nil)
				m := message("a")
				m.Attempts, m.Hops = c.attempts, c.attempts
				m.Attributes = map[string]platform.Attribute{"trace": {Type: "String", Text: "t"}}
				equalList(t, "returned", deliverAll(t, w.job(func(g *Config) { g.RetryInternal = c.internal }), m))
				equal(t, "log entries", len(w.entries), 1)
				equal(t, "attempt", w.entries[0].Attempt, c.attempts+1)
				if c.wait == 0 {
					equal(t, "sent on", len(w.delayed), 0)
					return
				}
				equal(t, "sent on", len(w.delayed), 1)
				l := w.delayed[0]
				equal(t, "wait", l.Wait, c.wait)
				equal(t, "attempts", l.Attempts, c.attempts+1)
				equal(t, "hops", l.Hops, c.attempts+1)
				equal(t, "group", l.GroupID, "a")
				equal(t, "body", l.Body, m.Body)
				equal(t, "attribute", l.Attributes["trace"].Text, "t")
				equal(t, "due", time.Until(l.DueAt), c.wait)
				equal(t, "sent at", l.SentAt, m.SentAt)
			})
		})
	}
}

func retryAfter(d time.Duration) func(webhook.Request) webhook.Result {
	return func(r webhook.Request) webhook.Result {
		result := status(http.StatusTooManyRequests)(r)
		result.RetryAfter = d
		return result
	}
}

func TestAttemptIsNotUsedUpByOurOwnFaults(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(webhook.Request) webhook.Result
		age    time.Duration
		want   string
	}{
		"local error":                {outcome(webhook.LocalError, ""), 0, ""},
		"unreachable, young":         {outcome(webhook.LocalError, webhook.CodeUnreachable), 59 * time.Minute, ""},
		"unreachable after one hour": {outcome(webhook.LocalError, webhook.CodeUnreachable), time.Hour, "a 1 connection_error unreachable"},
		"no look-up, young":          {outcome(webhook.LocalError, webhook.CodeDNSTemporary), 59 * time.Minute, ""},
		"no look-up after one hour":  {outcome(webhook.LocalError, webhook.CodeDNSTemporary), time.Hour, "a 1 connection_error dns_temporary"},
		"local error after one hour": {outcome(webhook.LocalError, ""), 71 * time.Hour, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.answer = c.answer
			w.register("a", platform.Internal, nil)
			m := message("a")
			m.SentAt, m.FromRetry = time.Now().Add(-c.age), true
			deliverAll(t, w.job(nil), m)
			equal(t, "counts", w.countsOf("a"), tally.Counts{})
			if c.want != "" {
				equalList(t, "log", w.outcomes(), c.want)
				return
			}
			equal(t, "log entries", len(w.entries), 0)
			equal(t, "attempts", w.delayed[0].Attempts, 0)
			equal(t, "wait", w.delayed[0].Wait, 30*time.Second)
		})
	}
}

func TestAttemptIsRetriedAsAnyFailureOnceAFaultHasLastedAnHour(t *testing.T) {
	for _, code := range []webhook.Code{webhook.CodeUnreachable, webhook.CodeDNSTemporary} {
		t.Run(string(code), func(t *testing.T) {
			w := newWorld()
			w.answer = outcome(webhook.LocalError, code)
			w.register("a", platform.Published, nil)
			m := message("a")
			m.SentAt, m.FromRetry, m.Hops = time.Now().Add(-time.Hour), true, 9
			deliverAll(t, w.job(nil), m)
			equalList(t, "log", w.outcomes(), "a 1 connection_error "+string(code))
			equal(t, "sent on", len(w.delayed), 1)
			equal(t, "attempts", w.delayed[0].Attempts, 1)
			equal(t, "wait", w.delayed[0].Wait, 300*time.Second)
			equal(t, "metric", w.figures["webhook.attempts outcome=connection_error"], 1)
		})
	}
}
