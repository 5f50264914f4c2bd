package delivery

import (
	"context"
	"time"
)

// How long each step may take when AWS does not answer, so that the invocation
// comes to its end: an invocation that is cut off repeats its requests.
const (
	readBudget  = 4 * time.Second // of one read of the registry
	claimBudget = 1500 * time.Millisecond
	warnBudget  = 500 * time.Millisecond // of each call about slow apps
	countBudget = 1500 * time.Millisecond
	logBudget   = 1500 * time.Millisecond
	tellBudget  = time.Second
	oneTry      = 250 * time.Millisecond // of the log, while it fails
	sendBudget  = 8 * time.Second        // RetryQueue and the dead-letter queue, with repeats

	// afterwards is what may follow the last answer.
	afterwards = warnBudget + readBudget + countBudget + sendBudget + logBudget + tellBudget + sendBudget
)

// firstPause is the first wait before a write is repeated; it doubles.
const firstPause = 25 * time.Millisecond

// hasTime reports whether the invocation has time for a request and for all that
// follows.
func hasTime(ctx context.Context, now time.Time, timeout time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || deadline.Sub(now) > timeout+afterwards
}
