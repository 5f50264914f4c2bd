package main

import (
	"strings"
	"time"
)

// result is one run's figures.
type result struct {
	neighbour neighbour
	start     time.Time

	// Of the healthy app, from sent to arrived. What has not arrived by the end
	// counts with the time until then.
	delays     []time.Duration // from one deadline after the flood on, sorted
	later      []time.Duration // of these, from a second later on: what held the queue is over by then
	worst      time.Duration   // within the deadline after the flood
	notArrived int
	overRetry  int // of those that delays is about: sent to RetryQueue at least once
	late       []time.Duration
	seldom     []time.Duration // as delays, of the seldom apps

	// The books of all webhooks.
	webhooks, attempted, left, lost int
	repeated                        int // requests beyond one of a webhook
	usedUp                          int // attempts, by deferrals
	deferred, deferrals             int // webhooks, and times
	requests                        int // to SQS, for the deferrals
	reasons                         map[string]int
	backlog                         int             // of the neighbour when it recovers
	stayed                          time.Duration   // after that
	waited                          []time.Duration // on RetryQueue, beyond when it was due; sorted
}

// close takes the figures of a world. The queues come first: a webhook that
// leaves them later is in the log by then. It returns the trips.
func (r *result) close(w *world) map[string]trip {
	queued := w.queuedWebhooks()
	trips, usedUp := w.ledger.copied()
	now := time.Now()
	r.usedUp, r.reasons = usedUp, w.ledger.reasons()
	for id, t := range trips {
		r.count(t, queued[id])
		switch {
		case t.app == healthyApp:
			r.clock(t, now)
		case strings.HasPrefix(t.app, seldomApps) && t.sent.Sub(r.start) >= figureAt:
			r.seldom = append(r.seldom, t.took(now))
		}
	}
	r.delays, r.later, r.seldom = sorted(r.delays), sorted(r.later), sorted(r.seldom)
	r.waited = sorted(w.retry.lateness())
	charged, sends := w.retry.charged(), w.aws.counted()
	r.requests = charged.receives + charged.deletes + sends["SendMessageBatch"] + sends["SendMessage"]
	return trips
}

func (r *result) count(t trip, queued bool) {
	r.webhooks++
	switch {
	case t.attempts > 0:
		r.attempted++
	case queued:
		r.left++
	default:
		r.lost++
	}
	r.repeated += max(0, t.requests-1)
	r.deferrals += t.deferred
	if t.deferred > 0 {
		r.deferred++
	}
}

func (r *result) clock(t trip, now time.Time) {
	if t.arrived.IsZero() {
		r.notArrived++
	}
	delay := t.took(now)
	switch sent := t.sent.Sub(r.start); {
	case sent < floodAt:
	case sent < figureAt:
		r.worst = max(r.worst, delay)
	default:
		r.delays = append(r.delays, delay)
		if sent >= figureAt+time.Second {
			r.later = append(r.later, delay)
		}
		if t.deferred > 0 {
			r.overRetry++
		}
	}
}
