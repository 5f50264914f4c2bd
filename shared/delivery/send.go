package delivery

import (
	"context"
	"time"

	"hookwarden/shared/pace"
	"hookwarden/shared/platform"
)

// Outbox sends messages on. It returns those that were not, or may not have been,
// queued; all others are durable. It tries again by itself what was not queued, but
// not what may have been.
type Outbox interface {
	SendDelayed(ctx context.Context, messages []Delayed) []Unsent
	SendDeadLetters(ctx context.Context, letters []DeadLetter) []Unsent
}

// Delayed is a message for RetryQueue, which hands it out after a wait.
type Delayed struct {
	Message        // with the Attempts, Hops, DueAt and Mark to be carried
	GroupID string // the app's id
	Wait    time.Duration
}

// DeadLetter is a message for the dead-letter queue.
type DeadLetter struct {
	Message
	Reason platform.Reason
	Detail string // a sentence that quotes no value
}

// Unsent is a message that was not, or may not have been, queued.
type Unsent struct {
	Index       int  // in the list that was to be sent
	MayBeQueued bool // its answer was lost; false: it was not queued
}

// dispatcher sends messages on that are not done.
type dispatcher struct {
	phase
	outbox  Outbox
	pace    *pace.Pace
	newMark func() string
}

// send queues the delayed and retried messages and the dead letters. It returns the ids
// of the records that are returned: those with that fate, and those that could not be
// sent on.
func (d dispatcher) send(ctx context.Context, items []*item) (returnedIDs []string) {
	ctx, cancel := context.WithTimeout(ctx, sendBudget)
	defer cancel()
	var onward []Delayed
	var dead []DeadLetter
	var onwardOf, deadOf []*item
	for _, it := range items {
		switch f := it.fate.(type) {
		case delayed:
			onward, onwardOf = append(onward, d.delay(ctx, it, f)), append(onwardOf, it)
		case retried:
			next := d.next(it, f.wait)
			next.Attempts++
			onward, onwardOf = append(onward, next), append(onwardOf, it)
		case deadLettered:
			d.logger.ErrorContext(ctx, "dead letter", it.names("reason", f.reason, "detail", f.detail)...)
			dead, deadOf = append(dead, DeadLetter{it.Message, f.reason, f.detail}), append(deadOf, it)
		case nil: // a defect, but nothing is lost
			it.fate = returned{}
		}
	}
	if len(onward) > 0 {
		returnUnsent(onwardOf, d.outbox.SendDelayed(ctx, onward))
	}
	if len(dead) > 0 {
		returnUnsent(deadOf, d.outbox.SendDeadLetters(ctx, dead))
	}
	for _, it := range items {
		if it.fate == (returned{}) {
			d.logger.WarnContext(ctx, "message comes again", it.names()...)
			returnedIDs = append(returnedIDs, it.ID)
		}
	}
	return returnedIDs
}

func (d dispatcher) delay(ctx context.Context, it *item, f delayed) Delayed {
	if f.reason == delaySlow && d.pace.Recovers(it.appID) {
		f.wait = min(f.wait, pace.Soon) // the app answers again
	}
	d.metrics.Count("webhook.deferred", "reason", f.reason)
	d.logger.InfoContext(ctx, "message deferred", it.ids("reason", f.reason, "wait_s", f.wait.Seconds(), "hops", it.Hops)...)
	next := d.next(it, f.wait)
	if f.reason == delayNotDue {
		next.DueAt = it.DueAt
	}
	return next
}

// next is an item as it is sent on: with a new wait, whatever it waited for before,
// and with a mark if there may be two of it from now on.
func (d dispatcher) next(it *item, wait time.Duration) Delayed {
	next := Delayed{Message: it.Message, GroupID: it.appID, Wait: wait}
	next.Hops++
	next.DueAt = d.now().Add(wait)
	if it.mayBeCopy() {
		next.Mark = d.newMark()
	}
	return next
}

func returnUnsent(items []*item, unsent []Unsent) {
	for _, u := range unsent {
		items[u.Index].fate = returned{}
	}
}
