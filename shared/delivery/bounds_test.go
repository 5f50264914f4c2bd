package delivery

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

// Its request is made again, so what it would have sent on must not be there too.
func TestWhatGoesBackIsNotSentOnAsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.answer, w.countFault = status(500), notAdded
		w.sendFault = func(body string) bool { return strings.HasPrefix(body, `{"pk"`) } // counts alone
		m := message("a")
		j := w.job(func(c *Config) { c.RetryInternal, c.CountServerErrors = true, true })
		equalList(t, "returned", deliverAll(t, j, m), m.ID)
		equal(t, "sent on", len(w.delayed), 0)
		equal(t, "log entries", len(w.entries), 0)

		w.countFault, w.sendFault = nil, nil
		equalList(t, "returned once it can be counted", deliverAll(t, j, m))
		equal(t, "sent on", len(w.delayed), 1)
		equal(t, "log entries", len(w.entries), 1)
	})
}

func TestFaultsOfOursMakeNoAppSlow(t *testing.T) {
	for name, c := range map[string]struct {
		answer webhook.Outcome
		slow   bool
	}{
		"ours":           {webhook.LocalError, false},
		"the receiver's": {webhook.Timeout, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Published, nil)
			w.answer = func(webhook.Request) webhook.Result {
				return webhook.Result{Outcome: c.answer, Started: time.Now(), Duration: time.Second}
			}
			j := w.job(nil)
			for range 4 {
				deliverAll(t, j, message("a"))
			}
			before := w.requests()
			deliverAll(t, j, message("a"))
			equal(t, "requests while it is slow", w.requests()-before, map[bool]int{false: 1}[c.slow])
			equal(t, "deferred as slow", w.figures["webhook.deferred reason=slow"] > 0, c.slow)
			equal(t, "warnings of it", len(w.warned) > 0, c.slow)
		})
	}
}

// asked counts which apps the registry is asked for.
type asked struct {
	Registry
	ids int
}

func (a *asked) ReadApps(ctx context.Context, ids []string) (map[string]Registered, []string, error) {
	a.ids += len(ids)
	return a.Registry.ReadApps(ctx, ids)
}

func TestAnEnvironmentRemembersTenThousandAppsAtMost(t *testing.T) {
	w := newWorld()
	registry := &asked{Registry: w}
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

// A read that failed may have been of an app that is not the same any more.
func TestAnAppThatCouldNotBeReadAgainIsForgotten(t *testing.T) {
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
