package notice

import (
	"errors"
	"time"
)

// How long a mail waits, by cause. A mail may be handed out 300 times, and must
// outlast three days without SES: 298 waits of 15 minutes are 74 hours. An
// unknown answer may cost a third of the function's time, so the waits after one
// grow.
const (
	waitOurs         = 15 * time.Minute
	waitThrottled    = time.Minute
	waitThrottledMax = 10 * time.Minute
	waitUnknown      = time.Minute      // doubled with each receive
	waitMost         = 48 * time.Minute // an hour with the longest jitter
	waitJitter       = 0.25
	clockSkew        = time.Second
)

// patience is the receive after which a throttled mail waits like one with an
// unknown answer. That is after some nine hours. By then a quota must be used
// up, and 298 waits of 1 to 10 minutes would be over before it is raised.
const patience = 100

// delayed says when to try again, by what went wrong and by how often the message
// has been received, at least once. Except for somebody else's claim, it waits
// for at least a lease, since this notice's own claim stays until then.
func (j *Job) delayed(err error, receives int) *DelayedError {
	var held *HeldError
	switch {
	case errors.As(err, &held):
		left := held.ClaimedAt.Add(j.lease()).Sub(j.Now())
		left = min(left, j.lease()+waitOurs) // one clock is wrong, this one or the claimant's
		return j.delay(max(left, 0)+j.grown(clockSkew, receives), DelayClaimed, err)
	case errors.Is(err, errNoTime):
		return j.delay(j.unknown(receives), DelayNoTime, err)
	case errors.Is(err, errUnreadable):
		return j.delay(j.unknown(receives), DelayUnreadable, err)
	case errors.Is(err, ErrOurs):
		return j.delay(max(waitOurs, j.lease()), DelayOurs, err)
	case errors.Is(err, ErrThrottled) && receives < patience:
		return j.delay(max(j.between(waitThrottled, waitThrottledMax), j.lease()), DelayThrottled, err)
	case errors.Is(err, ErrThrottled):
		return j.delay(j.unknown(receives), DelayThrottled, err)
	}
	return j.delay(j.unknown(receives), DelayUnknown, err)
}

// delay counts every mail that is not sent now. Nothing else shows mails that
// wait, since SQS does not include messages that were received often in the age
// of a queue.
func (j *Job) delay(d time.Duration, reason string, err error) *DelayedError {
	j.Metrics.Count("notice.deferred", "reason", reason)
	return &DelayedError{After: d, Reason: reason, Err: err}
}

func (j *Job) unknown(receives int) time.Duration {
	return max(j.grown(waitUnknown, receives), j.lease())
}

// grown doubles the first wait with each receive after the first. The longest is
// an hour.
func (j *Job) grown(first time.Duration, receives int) time.Duration {
	wait := first
	for ; receives > 1 && wait < waitMost; receives-- {
		wait *= 2
	}
	wait = min(wait, waitMost)
	return wait + time.Duration(j.Random()*waitJitter*float64(wait))
}

func (j *Job) between(low, high time.Duration) time.Duration {
	return low + time.Duration(j.Random()*float64(high-low))
}
