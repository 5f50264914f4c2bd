// Package retry waits between the tries of what may be repeated.
package retry

import (
	"context"
	"time"
)

// Pause waits and reports whether there is still time. It does not wait if there
// will be none.
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
