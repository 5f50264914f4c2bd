package neighbours

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// ledger records what happened to each webhook of a run.
type ledger struct {
	mu    sync.Mutex
	trips map[string]*trip // by the webhook's id
}

// trip is the history of one webhook.
type trip struct {
	app      string
	sent     time.Time
	arrived  time.Time // first time; zero: not yet
	attempts int       // in the log
	deferred int       // how often it was sent to RetryQueue
}

func (l *ledger) send(h webhook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trips[h.id] = &trip{app: h.app, sent: time.Now()}
}

// of calls f with a webhook's trip. deliver's own messages have none.
func (l *ledger) of(webhook string, f func(*trip)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.trips[webhook]; t != nil {
		f(t)
	}
}

func (l *ledger) arrive(webhook string) {
	l.of(webhook, func(t *trip) {
		if t.arrived.IsZero() {
			t.arrived = time.Now()
		}
	})
}

// log records an attempt.
func (l *ledger) log(webhook string) {
	l.of(webhook, func(t *trip) { t.attempts++ })
}

// result is one run's figures.
type result struct {
	neighbour string

	// Times from sending to arrival, sorted, of webhooks that were sent from one
	// deadline after the flood on. A webhook that has not arrived by the end
	// counts with the time until then.
	healthy, seldom []time.Duration
	late            []time.Duration // how late this program's own timers were, sorted

	// For all webhooks.
	webhooks, attempted, left, lost int
	deferred, deferrals             int // webhooks, and times
	requests                        int // to SQS, for the deferrals
}

// read computes the figures. queued has what was still queued before this call: a
// webhook that left its queue since then is in the log by now.
func (l *ledger) read(r *result, start time.Time, queued map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, t := range l.trips {
		r.count(t, queued[id])
		if t.sent.Sub(start) < figureAt {
			continue
		}
		took := time.Since(t.sent)
		if !t.arrived.IsZero() {
			took = t.arrived.Sub(t.sent)
		}
		switch {
		case t.app == healthyApp:
			r.healthy = append(r.healthy, took)
		case strings.HasPrefix(t.app, seldomApps):
			r.seldom = append(r.seldom, took)
		}
	}
	for _, times := range [][]time.Duration{r.healthy, r.seldom, r.late} {
		slices.Sort(times)
	}
}

func (r *result) count(t *trip, queued bool) {
	r.webhooks++
	switch {
	case t.attempts > 0:
		r.attempted++
	case queued:
		r.left++
	default:
		r.lost++
	}
	r.deferrals += t.deferred
	r.deferred += min(1, t.deferred)
}
