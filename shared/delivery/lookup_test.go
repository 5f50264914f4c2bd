package delivery

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
)

// readCounter counts the apps that are read from the registry.
type readCounter struct {
	Registry
	ids int
}

func (a *readCounter) ReadApps(ctx context.Context, ids []string) (map[string]Registered, []string, error) {
	a.ids += len(ids)
	return a.Registry.ReadApps(ctx, ids)
}

func TestCacheRemembersTenThousandAppsAtMost(t *testing.T) {
	w := newWorld()
	registry := &readCounter{Registry: w}
	deps := w.deps()
	deps.Registry = registry
	c := config()
	c.RequestLog = LogOff
	j := New(c, deps)
	var batches [][]Message
	const apps, size = 12_000, 3_000
	for i := range apps {
		id := fmt.Sprint("app", i)
		w.register(id, platform.Internal, nil)
		if i%size == 0 {
			batches = append(batches, nil)
		}
		batches[i/size] = append(batches[i/size], message(id))
	}
	for _, batch := range batches {
		deliverAll(t, j, batch...)
	}
	equal(t, "asked for at first", registry.ids, apps)
	deliverAll(t, j, batches[len(batches)-1]...)
	if again := registry.ids - apps; again > size/2 {
		t.Errorf("of %d apps of a moment ago %d were asked for again: it remembers too few", size, again)
	}
	registry.ids = 0
	for _, batch := range batches {
		deliverAll(t, j, batch...)
	}
	if registry.ids < apps-cacheSize {
		t.Errorf("of %d apps %d were asked for again: it remembers more than %d", apps, registry.ids, cacheSize)
	}
}

// The app may have changed, even if the read of it failed.
func TestCacheForgetsAnAppThatCouldNotBeReadAgain(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, nil)
	j := w.job(nil)
	deliverAll(t, j, message("a"))
	equal(t, "requests", w.requests(), 1)

	w.readFault = func() error { return errLost }
	deliverAll(t, j, webhookMessage("a", "comment", "created", "")) // the cache says no, so the registry is asked
	deliverAll(t, j, message("a"))
	equal(t, "requests while the registry does not answer", w.requests(), 1)
	equal(t, "deferred", w.figures["webhook.deferred reason=unreadable"], 2)
}

func TestCacheIsOnlyShortenedByAJumpOfTheClock(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		at   []time.Duration // since noon, one for each message; the first and the last are for the app
		read bool            // the last asks the registry
	}{
		"just in time":        {[]time.Duration{0, cacheFor - 1}, false},
		"too late":            {[]time.Duration{0, cacheFor}, true},
		"hours later":         {[]time.Duration{0, 5 * time.Hour}, true},
		"before it was read":  {[]time.Duration{0, -1}, true},
		"hours before":        {[]time.Duration{0, -5 * time.Hour}, true},
		"back and forth":      {[]time.Duration{0, -20 * time.Second, time.Second}, true},
		"back and forth, far": {[]time.Duration{0, 20 * time.Second, 10 * time.Second, 25 * time.Second}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			w.register("other", platform.Internal, nil)
			j := w.job(nil)
			var reads int
			for i, at := range c.at {
				w.now = func() time.Time { return noon.Add(at) }
				reads = w.reads
				m := message("other")
				if i == 0 || i == len(c.at)-1 {
					m = message("a")
				}
				m.SentAt, m.FromRetry = noon, true
				deliverAll(t, j, m)
			}
			equal(t, "asks the registry", w.reads > reads, c.read)
			equal(t, "requests", len(w.sent), len(c.at))
		})
	}
}

// The cache may say yes for 30 s, but not for secrets that expire in that
// time.
func TestCacheKeepsNoSecretBeyondItsHour(t *testing.T) {
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

// The two items of an app are not read at the same moment.
func TestLookupReadsADeletionThatWasReadHalfAgain(t *testing.T) {
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

func TestCacheOnlyEverSaysYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		j := w.job(nil)
		w.register("a", platform.Internal, func(r *Registered) { r.App.DisabledAt = time.Now() })
		deliverAll(t, j, message("a"))
		equalList(t, "disabled", w.outcomes(), "a 0 skipped app_disabled")
		w.register("a", platform.Internal, nil) // enabled: known at once, since a skip never relies on the cache
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

func TestLookupReadsSecretsThatDoNotFitTheAppAgain(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, func(r *Registered) { r.SecretsVersion = 0 })
	w.register("none", platform.Published, func(r *Registered) { r.Secrets = nil })
	deliverAll(t, w.job(nil), message("a"), message("none"))
	equal(t, "reads", w.reads, 2)
	equal(t, "requests", len(w.sent), 0)
	equal(t, "deferred", w.figures["webhook.deferred reason=secrets"], 2)
}
