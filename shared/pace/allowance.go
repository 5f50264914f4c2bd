package pace

import "time"

// allowance is for how long batches of a lane may be held by apps that may miss
// their deadline. It grows by a share of the time, so that over all environments
// the rest of the batches is free for those that answer.
type allowance struct {
	left     time.Duration
	most     time.Duration
	deadline time.Duration
	share    int // of the time; a quarter: 4
	filledAt time.Time
}

const (
	firstShare = 4
	retryShare = 8
	mostHeld   = 3 // deadlines: after a flood that all environments were held by, a newcomer is still tried
	forUnknown = 2 // of them must be left to try one that nothing is known of: the last is for those that were well once
)

func newAllowance(deadline time.Duration, share int) allowance {
	return allowance{left: mostHeld * deadline, most: mostHeld * deadline, deadline: deadline, share: share}
}

// has says whether so many deadlines are left.
func (a *allowance) has(deadlines int, now time.Time) bool {
	a.fill(now)
	return a.left >= time.Duration(deadlines)*a.deadline
}

// charge takes off what a batch was held for: once, by how many apps whatsoever.
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
