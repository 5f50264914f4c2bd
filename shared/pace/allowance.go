package pace

import "time"

// allowance is how long apps that may miss their deadline may still hold batches
// of a lane. It refills by a share of the time that passes, so that over all
// environments the remaining batches are free for apps that answer.
type allowance struct {
	left     time.Duration
	most     time.Duration
	deadline time.Duration
	share    int // one part in this many of the time
	filledAt time.Time
}

const (
	firstShare = 4
	retryShare = 8
	mostHeld   = 3 // deadlines: an environment still tries a newcomer after a flood has held it
	forUnknown = 2 // deadlines that must be left to try an unknown app: the last one is for apps that were well before
)

func newAllowance(deadline time.Duration, share int) allowance {
	return allowance{left: mostHeld * deadline, most: mostHeld * deadline, deadline: deadline, share: share}
}

// has reports whether that many deadlines are left.
func (a *allowance) has(deadlines int, now time.Time) bool {
	a.fill(now)
	return a.left >= time.Duration(deadlines)*a.deadline
}

// charge subtracts the time for which a batch was held: once, however many apps
// held it.
func (a *allowance) charge(held time.Duration, now time.Time) {
	a.fill(now)
	a.left = max(a.left-held, 0)
}

func (a *allowance) fill(now time.Time) {
	if !a.filledAt.IsZero() {
		a.left = min(a.left+max(now.Sub(a.filledAt), 0)/time.Duration(a.share), a.most)
	}
	a.filledAt = now
}
