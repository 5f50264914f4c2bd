package delivery

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

// The request of a returned message is made again, so nothing may have been sent
// on for it.
func TestSendKeepsWhatIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.answer, w.countFault = status(500), notAdded
		w.sendFault = func(body string) bool { return strings.HasPrefix(body, `{"pk"`) } // only counts
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

// Each reason to wait starts a new wait. Only a record that comes early keeps
// the time that it waits for.
func TestSendStartsANewWaitForEachReason(t *testing.T) {
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

// If a phase leaves a message without a fate, that is a defect. Nothing may be
// lost by it.
func TestSendReturnsWhatNobodySettled(t *testing.T) {
	j := newWorld().job(nil)
	m := message("a")
	equalList(t, "returned", j.dispatcher.send(t.Context(), []*item{{Message: m}}), m.ID)
}
