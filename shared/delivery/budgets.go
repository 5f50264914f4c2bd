package delivery

import (
	"context"
	"time"
)

// How long each step may take if AWS does not answer. These let the invocation
// end in time: if it is cut off, its requests are repeated.
const (
	readBudget  = 4 * time.Second // of one read of the registry
	claimBudget = 1500 * time.Millisecond
	warnBudget  = 500 * time.Millisecond // of each call about slow apps
	countBudget = 1500 * time.Millisecond
	logBudget   = 1500 * time.Millisecond
	tellBudget  = time.Second
	oneTry      = 250 * time.Millisecond // of the log, while it fails
	sendBudget  = 8 * time.Second        // of sending to RetryQueue and the dead-letter queue, with repeats

	// afterwards is the time that the steps after the last answer may take.
	afterwards = warnBudget + readBudget + countBudget + sendBudget + logBudget + tellBudget + sendBudget
)

// firstPause is the first wait before a write is repeated; it doubles.
const firstPause = 25 * time.Millisecond

// hasTime reports whether the invocation has time for a request and for
// everything after it.
func hasTime(ctx context.Context, now time.Time, timeout time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || deadline.Sub(now) > timeout+afterwards
}
