package delivery

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

func TestDecideTakesTheTimeLeftFromTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		j := w.job(nil)
		w.now = func() time.Time { return time.Now().Round(0).Add(time.Hour) } // an hour went by unnoticed
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		m := message("a")
		m.FromRetry = true
		equalList(t, "returned", j.Deliver(ctx, []Message{m}), m.ID)
		equal(t, "requests", len(w.sent), 0)
	})
}

func TestDecideSendsADeletedAppWhatWasQueuedBefore(t *testing.T) {
	const sent, skipped = "a 1 success", "a 0 skipped app_deleted"
	ms := time.Millisecond
	for name, c := range map[string]struct {
		queued time.Duration // after the deletion
		now    time.Duration // after the deletion
		change func(*Registered)
		want   string
	}{
		"long before":                              {-time.Hour, time.Second, nil, sent},
		"five seconds after":                       {5 * time.Second, 6 * time.Second, nil, sent},
		"more than five seconds after":             {5*time.Second + ms, 6 * time.Second, nil, skipped},
		"just within the hour":                     {0, time.Hour - ms, nil, sent},
		"once the hour is over":                    {0, time.Hour, nil, skipped},
		"and the secrets are left to TTL":          {0, time.Hour, func(r *Registered) { r.SecretsExpire = time.Time{} }, skipped},
		"and the secrets expire sooner":            {0, time.Minute, func(r *Registered) { r.SecretsExpire = r.App.DeletedAt.Add(time.Minute) }, skipped},
		"but the secrets are gone":                 {0, time.Minute, func(r *Registered) { r.Secrets = nil }, skipped},
		"but the secrets are of an earlier moment": {0, time.Minute, func(r *Registered) { r.SecretsVersion = 0 }, skipped},
		"but it is unknown when it was deleted":    {-time.Hour, time.Minute, func(r *Registered) { r.App.DeletedAt = time.Time{} }, skipped},
		"to a disabled app":                        {0, time.Minute, func(r *Registered) { r.App.DisabledAt = r.App.DeletedAt }, sent},
		"and the app has no URL":                   {0, time.Minute, func(r *Registered) { r.App.WebhookURL = "" }, "a 0 skipped no_url"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				at := time.Now()
				change := c.change
				if change == nil {
					change = func(*Registered) {}
				}
				w.register("a", platform.Internal, both(deletedAt(at), change))
				time.Sleep(c.now)
				equalList(t, "returned", deliverAll(t, w.job(nil), uninstalled("a", at.Add(c.queued))))
				equalList(t, "log", w.outcomes(), c.want)
				equal(t, "sent on", len(w.delayed), 0)
				equal(t, "dead letters", len(w.deadLetters), 0)
			})
		})
	}
}

func TestDecideSendsADeletedAppNothingThatItDoesNotWant(t *testing.T) {
	for want, c := range map[string]struct {
		resource string
		change   func(*Registered)
	}{
		"a 0 skipped not_subscribed": {"comment", func(*Registered) {}},
		"a 0 skipped app_disabled":   {"issue", func(r *Registered) { r.App.DisabledAt = r.App.DeletedAt }},
		"a 1 success":                {"issue", func(*Registered) {}},
	} {
		w := newWorld()
		w.register("a", platform.Internal, both(deletedAt(time.Now().Add(-time.Minute)), c.change))
		m := webhookMessage("a", c.resource, "created", "")
		m.SentAt, m.FromRetry = time.Now().Add(-time.Hour), true
		deliverAll(t, w.job(nil), m)
		equalList(t, "log", w.outcomes(), want)
	}
}

// The app was installed again while its old secrets still wait for TTL.
func TestDecideWaitsForSecretsThatAreOverUnlessTheAppIsDeleted(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, func(r *Registered) { r.SecretsExpire = time.Now() })
	deliverAll(t, w.job(nil), message("a"))
	equal(t, "requests", len(w.sent), 0)
	equal(t, "deferred", w.figures["webhook.deferred reason=secrets"], 1)
}

func TestDecideLetsALastWebhookExpireLikeAnyOther(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, deletedAt(time.Now()))
	deliverAll(t, w.job(nil), uninstalled("a", time.Now().Add(-73*time.Hour)))
	equalList(t, "log", w.outcomes(), "a 0 expired")
	equal(t, "dead letters", len(w.deadLetters), 0)
}

func TestDecideSkipsForTheFirstReasonThatFits(t *testing.T) {
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

func TestDecideHoldsBackTheResourcesThatAreSubscribable(t *testing.T) {
	for name, c := range map[string]struct {
		subscribable platform.Subscribable
		change       func(*Registered)
		want         []string
	}{
		"a list": {platform.Subscribable{"invoice"}, func(r *Registered) { r.App.Events = []string{"invoice"}; r.App.DisabledAt = time.Now() },
			[]string{"a 0 skipped app_disabled", "a 1 success", "a 1 success"}},
		"a list, and no subscription": {platform.Subscribable{"invoice"}, func(r *Registered) { r.App.Events = nil },
			[]string{"a 0 skipped not_subscribed", "a 1 success", "a 1 success"}},
		"all": {platform.Subscribable{platform.AllSubscribable}, func(r *Registered) { r.App.Events = []string{"invoice.created"} },
			[]string{"a 0 skipped not_subscribed", "a 1 success", "a 1 success"}},
		"all of a disabled app": {platform.Subscribable{platform.AllSubscribable}, func(r *Registered) { r.App.Events = []string{"invoice", "issue"}; r.App.DisabledAt = time.Now() },
			[]string{"a 0 skipped app_disabled", "a 0 skipped app_disabled", "a 1 success"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, c.change)
			j := w.job(func(g *Config) { g.Subscribable = c.subscribable })
			deliverAll(t, j, webhookMessage("a", "invoice", "created", ""), webhookMessage("a", "issue", "created", ""), webhookMessage("a", "installation", "created", ""))
			equalList(t, "log", w.outcomes(), c.want...)
		})
	}
}

func TestDecideWaitsForAnUnknownApp(t *testing.T) {
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

func TestDecideDelaysWhatCannotBeReadUntilItExpires(t *testing.T) {
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

	m.Attempts = 1 // a request was sent, so the receiver had its chance
	deliverAll(t, j, m)
	equal(t, "letters", len(w.deadLetters), 1)
	equalList(t, "log", w.outcomes(), "a 1 expired")

	m.SentAt, m.Hops = time.Now(), maxHops+1 // too many hops
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

func TestDecideReturnsWhatTheTimeLeftCannotSeeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+afterwards)
		defer cancel()
		equalList(t, "returned", w.job(nil).Deliver(ctx, []Message{message("a")}), message("a").ID)
		equal(t, "requests", len(w.sent), 0)
	})
}

// With template.yaml's largest WebhookTimeoutSeconds, in an invocation of deliver that
// has read apps for as long as it may.
func TestDecideHasTimeForTheLongestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second-readBudget)
		defer cancel()
		equalList(t, "returned", w.job(func(c *Config) { c.Timeout = 30 * time.Second }).Deliver(ctx, []Message{message("a")}))
		equal(t, "requests", len(w.sent), 1)
	})
}
