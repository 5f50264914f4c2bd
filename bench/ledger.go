package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// ledger keeps what became of each webhook of a run.
type ledger struct {
	mu     sync.Mutex
	trips  map[string]*trip // by the webhook's id
	usedUp int              // attempts that were carried on and are not in the log
	why    map[string]int   // deferrals, by the reason that deliver logged
}

// trip is the way of one webhook.
type trip struct {
	app      string
	sent     time.Time
	arrived  time.Time // first time; zero: not yet
	requests int       // that arrived
	attempts int       // in the log
	settled  bool      // it is in the log, as an attempt or as not sent
	deferred int       // times that it was sent to RetryQueue
}

// took is how long a webhook took to arrive; or until now, if it has not.
func (t trip) took(now time.Time) time.Duration {
	if t.arrived.IsZero() {
		return now.Sub(t.sent)
	}
	return t.arrived.Sub(t.sent)
}

func newLedger() *ledger {
	return &ledger{trips: make(map[string]*trip), why: make(map[string]int)}
}

func (l *ledger) send(webhook, app string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trips[webhook] = &trip{app: app, sent: time.Now()}
}

// of calls f with a webhook's trip. What deliver makes up has none.
func (l *ledger) of(webhook string, f func(*trip)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.trips[webhook]; t != nil {
		f(t)
	}
}

func (l *ledger) arrive(webhook string) {
	now := time.Now()
	l.of(webhook, func(t *trip) {
		if t.requests++; t.requests == 1 {
			t.arrived = now
		}
	})
}

func (l *ledger) log(e logEntry) {
	l.of(e.webhook, func(t *trip) {
		t.settled = true
		if e.sent {
			t.attempts++
		}
	})
}

// deferral takes in that a webhook was sent on with so many attempts used up.
// The log is written before that, so it has them all.
func (l *ledger) deferral(webhook string, attempts int) {
	l.of(webhook, func(t *trip) {
		t.deferred++
		l.usedUp += max(0, attempts-t.attempts)
	})
}

// read takes in a line that deliver logged.
func (l *ledger) read(line []byte) {
	var in struct{ Message, Reason string }
	if json.Unmarshal(line, &in) != nil || in.Message != "message deferred" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.why[in.Reason]++
}

// reasons are the deferrals by reason.
func (l *ledger) reasons() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.why)
}

// copied are the trips as they are now.
func (l *ledger) copied() (trips map[string]trip, usedUp int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	trips = make(map[string]trip, len(l.trips))
	for id, t := range l.trips {
		trips[id] = *t
	}
	return trips, l.usedUp
}

// attemptsOf reads what RetryQueue's messages carry.
func attemptsOf(e sentOn) int {
	value := e.MessageAttributes["hookwarden.attempts"].StringValue
	if value == nil {
		return 0
	}
	n, err := strconv.Atoi(*value)
	if err != nil {
		return 0
	}
	return n
}

// percentile of sorted values: the smallest that at least p of a hundred do not
// exceed. 0 of none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*p+99)/100-1]
}

func sorted(values []time.Duration) []time.Duration {
	slices.Sort(values)
	return values
}
