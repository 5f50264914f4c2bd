package delivery

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

func TestOutcomesAreCountedForInternalAppsAlone(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(webhook.Request) webhook.Result
		want   tally.Counts
	}{
		"success":                {status(200), tally.Counts{Success: 1}},
		"error":                  {status(400), tally.Counts{Error: 1}},
		"gone":                   {status(410), tally.Counts{Error: 1, Gone: 1}},
		"throttled":              {status(429), tally.Counts{}},
		"redirect":               {status(301), tally.Counts{Other: 1}},
		"server error":           {status(500), tally.Counts{Other: 1}},
		"timeout":                {outcome(webhook.Timeout, webhook.CodeTimeoutResponse), tally.Counts{Timeout: 1}},
		"connection error":       {outcome(webhook.ConnectionError, webhook.CodeRefused), tally.Counts{Timeout: 1}},
		"name server out of use": {outcome(webhook.ConnectionError, webhook.CodeDNSTemporary), tally.Counts{}},
		"blocked":                {outcome(webhook.Blocked, webhook.CodeBlockedAddress), tally.Counts{Other: 1}},
		"local error":            {outcome(webhook.LocalError, ""), tally.Counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.answer = c.answer
			w.register("int", platform.Internal, nil)
			w.register("pub", platform.Published, nil)
			w.register("dis", platform.Internal, func(r *Registered) { r.App.DisabledAt = time.Now() })
			deliverAll(t, w.job(nil), message("int"), message("pub"), webhookMessage("dis", "installation", "created", ""))
			equal(t, "internal", w.countsOf("int"), c.want)
			equal(t, "published", w.countsOf("pub"), tally.Counts{})
			equal(t, "disabled", w.countsOf("dis"), tally.Counts{})
		})
	}
	t.Run("a server error counts where CountServerErrors says so", func(t *testing.T) {
		w := newWorld()
		w.answer = status(500)
		w.register("int", platform.Internal, nil)
		deliverAll(t, w.job(func(c *Config) { c.CountServerErrors = true }), message("int"))
		equal(t, "internal", w.countsOf("int"), tally.Counts{Error: 1})
	})
	t.Run("apps of each guarded status are counted", func(t *testing.T) {
		w := newWorld()
		w.register("pub", platform.Published, nil)
		deliverAll(t, w.job(func(c *Config) { c.Guarded = []platform.Status{platform.Published} }), message("pub"))
		equal(t, "published", w.countsOf("pub"), tally.Counts{Success: 1})
	})
	t.Run("an alert rule's webhook that arrives shows that the app is alive", func(t *testing.T) {
		w := newWorld()
		w.register("int", platform.Internal, nil)
		deliverAll(t, w.job(nil), webhookMessage("int", "event_alert", "triggered", ""))
		equal(t, "counts", w.countsOf("int"), tally.Counts{Alive: 1})
	})
	t.Run("an alert rule's webhook is sent and not counted", func(t *testing.T) {
		w := newWorld()
		w.answer = status(400)
		w.register("int", platform.Internal, nil)
		deliverAll(t, w.job(nil), webhookMessage("int", "event_alert", "triggered", ""), webhookMessage("int", "issue", "event.alert", ""),
			webhookMessage("int", "event", "alert", ""))
		equal(t, "requests", len(w.sent), 3)
		equal(t, "log entries", len(w.entries), 3)
		equal(t, "counts", w.countsOf("int"), tally.Counts{})
	})
}

func TestTheCountsOfABatchAreOneUpdateForEachApp(t *testing.T) {
	w := newWorld()
	updates := 0
	w.countFault = func() (error, bool) { updates++; return nil, false }
	w.register("a", platform.Internal, nil)
	w.register("b", platform.Internal, nil)
	w.answer = func(r webhook.Request) webhook.Result {
		return status(map[bool]int{true: 200, false: 400}[r.Resource == "installation"])(r)
	}
	deliverAll(t, w.job(nil), message("a"), message("b"), webhookMessage("a", "installation", "created", ""), message("a"))
	equal(t, "a", w.countsOf("a"), tally.Counts{Success: 1, Error: 2})
	equal(t, "b", w.countsOf("b"), tally.Counts{Error: 1})
	equal(t, "updates", updates, 2)
}

func TestAFailedWebhookIsTriedAgainForPublishedAppsAlone(t *testing.T) {
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

func TestWhatIsNotSentIsLoggedWithItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		resource, action, extra string
		change                  func(*Registered)
		want                    string // empty: sent
	}{
		"deleted":                       {"issue", "created", "", func(r *Registered) { r.App.Deleted = true }, skipDeleted},
		"deleted and disabled":          {"issue", "created", "", func(r *Registered) { r.App.Deleted = true; r.App.DisabledAt = time.Now() }, skipDeleted},
		"not subscribed":                {"comment", "created", "", nil, skipNotSubscribed},
		"not subscribed and disabled":   {"comment", "created", "", func(r *Registered) { r.App.DisabledAt = time.Now() }, skipNotSubscribed},
		"disabled":                      {"issue", "created", "", func(r *Registered) { r.App.DisabledAt = time.Now() }, skipDisabled},
		"no URL":                        {"issue", "created", "", func(r *Registered) { r.App.WebhookURL = "" }, skipNoURL},
		"a URL in the message":          {"issue", "created", `,"url":"https://x.example"`, func(r *Registered) { r.App.WebhookURL = "" }, ""},
		"subscribed to the action":      {"error", "created", "", func(r *Registered) { r.App.Events = []string{"error.created"} }, ""},
		"subscribed to another action":  {"error", "resolved", "", func(r *Registered) { r.App.Events = []string{"error.created"} }, skipNotSubscribed},
		"no subscription needed":        {"metric_alert", "open", "", func(r *Registered) { r.App.Events = nil }, ""},
		"installation of a disabled":    {"installation", "deleted", "", func(r *Registered) { r.App.DisabledAt = time.Now() }, ""},
		"a resource never heard of":     {"sourdough", "risen", "", nil, ""},
		"secrets of a deleted app gone": {"issue", "created", "", func(r *Registered) { r.App.Deleted = true; r.Secrets = nil }, skipDeleted},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, c.change)
			m := webhookMessage("a", c.resource, c.action, c.extra)
			m.Attempts = 2
			equalList(t, "returned", deliverAll(t, w.job(nil), m))
			if c.want == "" {
				equalList(t, "log", w.outcomes(), "a 3 success")
				return
			}
			equalList(t, "log", w.outcomes(), "a 2 skipped "+c.want)
			equal(t, "requests", len(w.sent), 0)
			equal(t, "failed", w.entries[0].Failed(), false)
			equal(t, "counts", w.countsOf("a"), tally.Counts{})
			equal(t, "metric", w.figures["webhook.skipped reason="+c.want], 1)
		})
	}
}

func TestTheCacheOnlyEverSaysYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		j := w.job(nil)
		w.register("a", platform.Internal, func(r *Registered) { r.App.DisabledAt = time.Now() })
		deliverAll(t, j, message("a"))
		equalList(t, "disabled", w.outcomes(), "a 0 skipped app_disabled")
		w.register("a", platform.Internal, nil) // enabled: known at once, for a skip is never taken from memory
		deliverAll(t, j, message("a"))
		equal(t, "requests after the enabling", len(w.sent), 1)
		reads := w.reads
		deliverAll(t, j, message("a"), message("a"))
		equal(t, "reads while remembered", w.reads, reads)

		w.register("a", platform.Internal, func(r *Registered) { r.App.DisabledAt = time.Now() })
		time.Sleep(cacheFor)
		deliverAll(t, j, message("a"))
		equal(t, "requests 30 s after the disabling", len(w.sent), 3)
	})
}

func TestAnUnknownAppIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		j := w.job(nil)
		m := message("late")
		tries := 0
		for len(w.deadLetters) == 0 {
			tries++
			w.delayed = nil
			equalList(t, "returned", deliverAll(t, j, m))
			if len(w.delayed) == 1 {
				equal(t, "wait", w.delayed[0].Wait, 15*time.Second)
				equal(t, "attempts", w.delayed[0].Attempts, 0)
				time.Sleep(w.delayed[0].Wait)
				m.Hops, m.DueAt = w.delayed[0].Hops, w.delayed[0].DueAt
			}
		}
		equal(t, "reason", w.deadLetters[0].Reason, platform.ReasonUnknownApp)
		equal(t, "tries", tries, 21) // five minutes, 15 s apart
		equal(t, "log entries", len(w.entries), 0)
	})
	t.Run("three times, however long it was queued", func(t *testing.T) {
		w := newWorld()
		for hops, letters := range []int{0, 0, 1} {
			m := message("late")
			m.SentAt, m.Hops = time.Now().Add(-time.Hour), hops
			deliverAll(t, w.job(nil), m)
			equal(t, "letters", len(w.deadLetters), letters)
		}
	})
}

func TestAMessageThatComesEarlyIsSentOn(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, nil)
	m := message("a")
	m.Attempts, m.Hops, m.DueAt = 1, 4, time.Now().Add(time.Hour)
	deliverAll(t, w.job(nil), m)
	equal(t, "requests", len(w.sent), 0)
	equal(t, "attempts", w.delayed[0].Attempts, 1)
	equal(t, "hops", w.delayed[0].Hops, 5)
	equal(t, "due", w.delayed[0].DueAt, m.DueAt)

	equal(t, "metric", w.figures["webhook.deferred reason=not_due"], 1)

	m.DueAt = time.Now().Add(dueTolerance - time.Millisecond)
	deliverAll(t, w.job(nil), m)
	equal(t, "requests within the tolerance", len(w.sent), 1)

	m.DueAt, m.SentAt = time.Now().Add(time.Hour), time.Now().Add(-73*time.Hour) // it waits no longer than it may live
	deliverAll(t, w.job(nil), m)
	equal(t, "sent on", len(w.delayed), 1)
	equalList(t, "log", w.outcomes(), "a 1 expired", "a 2 success")
}

// Each reason to wait anew begins a wait of its own. Only a record that is sent
// on because it is early keeps the time that it waits for.
func TestANewWaitIsNotCutShortByAnOldOne(t *testing.T) {
	const early = dueTolerance - time.Millisecond
	for name, c := range map[string]struct {
		app    string
		change func(*world, *Message)
		want   time.Duration
	}{
		"throttled for an hour": {"a", func(w *world, _ *Message) {
			w.answer = func(r webhook.Request) webhook.Result {
				result := status(429)(r)
				result.RetryAfter = time.Hour
				return result
			}
		}, time.Hour},
		"a retry":         {"a", func(w *world, _ *Message) { w.answer = status(500) }, 300 * time.Second},
		"a fault of ours": {"a", func(w *world, _ *Message) { w.answer = outcome(webhook.LocalError, "") }, 30 * time.Second},
		"unreadable": {"a", func(w *world, _ *Message) {
			w.readFault = func() error { return errLost }
		}, 30 * time.Second},
		"an unknown app": {"nobody", func(*world, *Message) {}, unknownWait},
		"it is early": {"a", func(_ *world, m *Message) {
			m.DueAt = m.DueAt.Add(time.Hour)
		}, time.Hour + early},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.register("a", platform.Published, nil)
				m := message(c.app)
				m.FromRetry, m.DueAt = true, time.Now().Add(early)
				c.change(w, &m)
				equalList(t, "returned", deliverAll(t, w.job(nil), m))
				equal(t, "sent on", len(w.delayed), 1)
				equal(t, "due in", time.Until(w.delayed[0].DueAt), c.want)
				equal(t, "waits", w.delayed[0].Wait, c.want)
			})
		})
	}
}

func TestWhatCannotBeReadIsDeferredAndInTheEndExpires(t *testing.T) {
	w := newWorld()
	w.readFault = func() error { return errors.New("throttled") }
	j := w.job(nil)
	for hops, want := range map[int]time.Duration{0: 30 * time.Second, 1: time.Minute, 4: 480 * time.Second, 5: 900 * time.Second, 399: 900 * time.Second} {
		w.delayed = nil
		m := message("a")
		m.Hops = hops
		deliverAll(t, j, m)
		equal(t, "wait", w.delayed[0].Wait, want)
	}
	m := message("a")
	m.SentAt = time.Now().Add(-72*time.Hour - time.Second)
	deliverAll(t, j, m)
	equal(t, "letters", len(w.deadLetters), 1)
	equal(t, "reason", w.deadLetters[0].Reason, platform.ReasonExpired)

	m.Attempts = 1 // a request was sent: the receiver had its chance
	deliverAll(t, j, m)
	equal(t, "letters", len(w.deadLetters), 1)
	equalList(t, "log", w.outcomes(), "a 1 expired")

	m.SentAt, m.Hops = time.Now(), maxHops+1 // as old in hops
	deliverAll(t, j, m)
	equalList(t, "log", w.outcomes(), "a 1 expired", "a 1 expired")
	w.entries = w.entries[:1]

	w.readFault = nil
	w.register("deleted", platform.Published, func(r *Registered) { r.App.Deleted, r.Secrets = true, nil })
	m.Attempts = 0
	m.Body = message("deleted").Body
	deliverAll(t, j, m)
	equalList(t, "log of a deleted app", w.outcomes(), "a 1 expired", "deleted 0 skipped app_deleted")
	w.entries, m.Body = w.entries[:1], message("a").Body
	w.register("a", platform.Published, nil)
	deliverAll(t, j, m)
	equalList(t, "log of a readable app", w.outcomes(), "a 0 expired", "a 1 expired")
	equal(t, "requests", len(w.sent), 0)
}

func TestSecretsThatDoNotFitTheAppAreReadAgainThenWaitedFor(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, func(r *Registered) { r.SecretsVersion = 0 })
	w.register("none", platform.Published, func(r *Registered) { r.Secrets = nil })
	deliverAll(t, w.job(nil), message("a"), message("none"))
	equal(t, "reads", w.reads, 2)
	equal(t, "requests", len(w.sent), 0)
	equal(t, "deferred", w.figures["webhook.deferred reason=secrets"], 2)
}

func TestOurOwnFaultsUseUpNoAttempt(t *testing.T) {
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

func TestWhatHasLastedForAnHourIsTriedAgainAsAnyFailure(t *testing.T) {
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

func TestA410CountsAsGoneOnlyWhenTheAppsOwnURLAnswered(t *testing.T) {
	gone := func(t *testing.T, extra string, while func(w *world)) *world {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.answer = func(r webhook.Request) webhook.Result {
			if while != nil {
				while(w)
			}
			return status(http.StatusGone)(r)
		}
		deliverAll(t, w.job(nil), webhookMessage("a", "issue", "created", extra))
		return w
	}
	t.Run("its own", func(t *testing.T) {
		equal(t, "counts", gone(t, "", nil).countsOf("a"), tally.Counts{Error: 1, Gone: 1})
	})
	t.Run("its own, which is sent in another spelling", func(t *testing.T) {
		const registered = "https://A.example:443/hooks/{prod}/acme%2Fci-bot?team=Jörg"
		w := newWorld()
		w.register("a", platform.Internal, func(r *Registered) { r.App.WebhookURL = registered })
		w.answer = status(http.StatusGone)
		deliverAll(t, w.job(nil), message("a"))
		equal(t, "counts", w.countsOf("a"), tally.Counts{Error: 1, Gone: 1})
		equal(t, "logged URL", w.entries[0].URL, registered)
	})
	t.Run("another", func(t *testing.T) {
		equal(t, "counts", gone(t, `,"url":"https://other.example"`, nil).countsOf("a"), tally.Counts{Error: 1})
	})
	t.Run("cannot be confirmed", func(t *testing.T) {
		w := gone(t, "", func(w *world) { w.readFault = func() error { return errors.New("throttled") } })
		equal(t, "counts", w.countsOf("a"), tally.Counts{Error: 1})
	})
	t.Run("it has moved", func(t *testing.T) {
		w := gone(t, "", func(w *world) {
			w.register("a", platform.Internal, func(r *Registered) { r.App.WebhookURL = "https://new.example" })
		})
		equal(t, "counts", w.countsOf("a"), tally.Counts{})
		equal(t, "attempts", w.delayed[0].Attempts, 0)
		equalList(t, "log", w.outcomes(), "a 1 gone")
	})
}

func TestAPanicFailsItsMessageAlone(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	w.register("b", platform.Internal, nil)
	w.answer = func(r webhook.Request) webhook.Result {
		if strings.Contains(r.ID, "evt_a") {
			panic("a defect")
		}
		return status(200)(r)
	}
	equalList(t, "returned", deliverAll(t, w.job(nil), message("a"), message("b")), "sqs-evt_aissuecreated")
	equal(t, "b", w.countsOf("b"), tally.Counts{Success: 1})
	equalList(t, "log", w.outcomes(), "b 1 success")
}

func TestABadMessageIsADeadLetterAndDisturbsNobody(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, nil)
	bad := Message{ID: "bad", Body: `{"id":"x"}`}
	equalList(t, "returned", deliverAll(t, w.job(nil), bad, message("a")))
	equal(t, "requests", len(w.sent), 1)
	equal(t, "reason", w.deadLetters[0].Reason, platform.ReasonInvalid)
	equal(t, "detail", w.deadLetters[0].Detail, "app_id is required")
	equal(t, "body", w.deadLetters[0].Body, bad.Body)

	w.sendFault = func(body string) bool { return body == bad.Body }
	equalList(t, "returned when it cannot be sent on", deliverAll(t, w.job(nil), bad, message("a")), "bad")
}

func TestAHangingReceiverDelaysNobodysRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for _, app := range []string{"quick", "hangs", "both"} {
			w.register(app, platform.Internal, nil)
		}
		w.answer = func(r webhook.Request) webhook.Result {
			if strings.Contains(r.ID, "evt_hangs") || r.Resource == "installation" {
				time.Sleep(time.Second)
				return outcome(webhook.Timeout, webhook.CodeTimeoutResponse)(r)
			}
			return status(200)(r)
		}
		done := make(chan struct{})
		go func() {
			deliverAll(t, w.job(nil), message("hangs"), message("quick"), message("both"), webhookMessage("both", "installation", "created", ""))
			close(done)
		}()
		time.Sleep(200 * time.Millisecond)
		equal(t, "requests at once", w.requests(), 4)
		equalList(t, "log before the hanging one ends", w.outcomes(), "quick 1 success")
		equal(t, "counts before the hanging one ends", w.countsOf("quick"), tally.Counts{Success: 1})
		equal(t, "an app's outcomes stay together", w.countsOf("both"), tally.Counts{})
		<-done
		equal(t, "both", w.countsOf("both"), tally.Counts{Success: 1, Timeout: 1})
		equal(t, "log entries", len(w.entries), 4)
	})
}

func TestWhatTheTimeLeftCannotSeeThroughIsNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+afterwards)
		defer cancel()
		equalList(t, "returned", w.job(nil).Deliver(ctx, []Message{message("a")}), message("a").ID)
		equal(t, "requests", len(w.sent), 0)
	})
}
