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

// deletedAt makes an app one that was deleted then, whose secrets expire.
func deletedAt(at time.Time) func(*Registered) {
	return func(r *Registered) {
		r.App.Deleted, r.App.DeletedAt = true, at
		r.SecretsExpire = at.Add(time.Hour)
	}
}

func both(changes ...func(*Registered)) func(*Registered) {
	return func(r *Registered) {
		for _, change := range changes {
			change(r)
		}
	}
}

// uninstalled is the last webhook of an app, queued at a time.
func uninstalled(app string, at time.Time) Message {
	m := webhookMessage(app, "installation", "deleted", "")
	m.SentAt, m.FromRetry = at, true
	return m
}

func TestAWebhookOfADeletedAppIsSentIfItWasQueuedBefore(t *testing.T) {
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
		"but nobody knows when it was deleted":     {-time.Hour, time.Minute, func(r *Registered) { r.App.DeletedAt = time.Time{} }, skipped},
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

func TestADeletedAppIsSentNothingThatItDoesNotWant(t *testing.T) {
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

// The cache may say yes for 30 s, but not to secrets that are over by then.
func TestTheCacheKeepsNoSecretBeyondItsHour(t *testing.T) {
	for name, seen := range map[string]bool{
		"of an app that is known to be deleted": true,
		"of one whose deletion was read half":   false,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				at := time.Now()
				w.register("a", platform.Published, both(deletedAt(at), func(r *Registered) { r.App.Deleted = seen }))
				j := w.job(nil)
				time.Sleep(time.Hour - 10*time.Second)
				deliverAll(t, j, uninstalled("a", at))
				equal(t, "requests within the hour", len(w.sent), 1)
				reads := w.reads
				deliverAll(t, j, uninstalled("a", at))
				equal(t, "requests from the cache", len(w.sent), 2)
				equal(t, "reads", w.reads, reads)
				time.Sleep(10 * time.Second)
				deliverAll(t, j, uninstalled("a", at))
				equal(t, "requests after the hour", len(w.sent), 2)
			})
		})
	}
}

// The last webhook of a published app is tried again like any other, for as long
// as the secrets are there.
func TestALastWebhookIsTriedAgainWithinTheHour(t *testing.T) {
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

// What a receiver answers while it is taken down must not disable the app when it
// is installed again; a success may always be counted.
func TestOfADeletedAppOnlySuccessesAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(webhook.Request) webhook.Result
		want   tally.Counts
	}{
		"success": {status(http.StatusOK), tally.Counts{Success: 1}},
		"error":   {status(http.StatusBadRequest), tally.Counts{}},
		"gone":    {status(http.StatusGone), tally.Counts{}},
		"timeout": {outcome(webhook.Timeout, webhook.CodeTimeoutResponse), tally.Counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			at := time.Now()
			w.register("a", platform.Internal, deletedAt(at))
			w.answer = c.answer
			deliverAll(t, w.job(nil), uninstalled("a", at))
			equal(t, "requests", len(w.sent), 1)
			equal(t, "counts", w.countsOf("a"), c.want)
		})
	}
	t.Run("gone, deleted meanwhile", func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.answer = func(r webhook.Request) webhook.Result {
			w.register("a", platform.Internal, deletedAt(time.Now()))
			return status(http.StatusGone)(r)
		}
		deliverAll(t, w.job(nil), uninstalled("a", time.Now()))
		equal(t, "counts", w.countsOf("a"), tally.Counts{})
	})
}

// The two items of an app are not read at one moment.
func TestADeletionThatIsReadHalfIsReadAgain(t *testing.T) {
	w := newWorld()
	at := time.Now()
	w.register("a", platform.Published, both(deletedAt(at), func(r *Registered) { r.App.Version, r.App.WebhookURL = 2, "" }))
	w.readFault = func() error {
		if w.reads == 2 {
			r := w.apps["a"]
			r.SecretsVersion, r.App.WebhookURL = 2, "https://a.example/hook"
			w.apps["a"] = r
		}
		return nil
	}
	deliverAll(t, w.job(nil), uninstalled("a", at))
	equalList(t, "log", w.outcomes(), "a 1 success")

	t.Run("but a tombstone is not", func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Published, func(r *Registered) { r.App.Deleted, r.Secrets = true, nil })
		deliverAll(t, w.job(nil), uninstalled("a", at))
		equalList(t, "log", w.outcomes(), "a 0 skipped app_deleted")
		equal(t, "reads", w.reads, 1)
	})
}

// An app that was installed again while its secrets of before still wait for TTL.
func TestSecretsThatAreOverAreWaitedForUnlessTheAppIsDeleted(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, func(r *Registered) { r.SecretsExpire = time.Now() })
	deliverAll(t, w.job(nil), message("a"))
	equal(t, "requests", len(w.sent), 0)
	equal(t, "deferred", w.figures["webhook.deferred reason=secrets"], 1)
}

func TestALastWebhookThatIsTooOldExpiresLikeAnyOther(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, deletedAt(time.Now()))
	deliverAll(t, w.job(nil), uninstalled("a", time.Now().Add(-73*time.Hour)))
	equalList(t, "log", w.outcomes(), "a 0 expired")
	equal(t, "dead letters", len(w.deadLetters), 0)
}
