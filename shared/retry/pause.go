// Package retry waits between two tries.
package retry

import (
	"context"
	"time"
)

// Pause waits and reports whether there is still time afterwards. If there will
// be none, it does not wait.
func Pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
