package delivery

import (
	"math/bits"
	"time"
)

// pace is what one environment knows of how quickly receivers answer. It keeps
// those that do not from holding the batches of WebhookQueue: their webhooks go
// out from RetryQueue, which has a concurrency of its own.
//
// Nothing of it is shared or stored. Two limits make that enough, whatever
// receivers do: an app with two slow answers among its last four is slow, and an
// environment waits for slow answers, whosever they are, only within an
// allowance. While that is used up, apps that were not quick a moment ago take
// the way over RetryQueue too, so that a thousand slow apps cost no more than
// one.
type pace struct {
	slowFrom time.Duration // an answer that takes so long is slow
	most     time.Duration // of the allowance
	apps     map[string]*record

	allowance time.Duration // for slow answers over WebhookQueue; below slowFrom: used up
	filledAt  time.Time
}

// record is an app's last answers.
type record struct {
	slow   uint8     // the last four, newest in the lowest bit: 1 is slow
	at     time.Time // of the last answer
	quick  time.Time // of the last answer that was not slow
	probed time.Time // when a request was last let through though the app is slow
}

const (
	refill      = 20               // the allowance grows by a twentieth of the time
	forgetAfter = 5 * time.Minute  // without an answer nothing is known of an app
	quickFor    = 10 * time.Second // an app that answered quickly is taken to be quick
	probeEvery  = 5 * time.Second  // one request of a slow app, over RetryQueue
	paceSize    = 10_000           // apps remembered
	lastFour    = 0b1111
	slowIs      = 2 // slow answers among the last four

	firstSlowWait = 5 * time.Second // doubles with the hops, up to longestFault
)

func newPace(timeout time.Duration) *pace {
	return &pace{slowFrom: timeout / 2, most: timeout, allowance: timeout, apps: make(map[string]*record)}
}

// verdict says whether a request may be made now.
type verdict int

const (
	letThrough     verdict = iota
	overRetryQueue         // at once: nothing is held against the app
	waitItsTurn            // later: the app is slow
)

// judge says whether a webhook may be sent to its app now. It counts what it
// lets through of a slow app, so that one is let through now and then and never
// a burst.
func (p *pace) judge(it *item, now time.Time) verdict {
	p.fill(now)
	r := p.apps[it.webhook.AppID]
	known := r != nil && now.Sub(r.at) < forgetAfter
	switch {
	case known && r.isSlow():
		if !it.FromRetry || now.Sub(r.probed) < probeEvery {
			return waitItsTurn
		}
		r.probed = now
		return letThrough
	case it.FromRetry || p.allowance >= p.slowFrom || known && now.Sub(r.quick) < quickFor:
		return letThrough
	}
	return overRetryQueue
}

// answered takes in how long a receiver took. Our own faults say nothing.
func (p *pace) answered(app string, took time.Duration, now time.Time) {
	r := p.apps[app]
	if r == nil {
		makeRoom(p.apps, paceSize, func(r *record) bool { return now.Sub(r.at) >= forgetAfter })
		r = &record{}
		p.apps[app] = r
	}
	if now.Sub(r.at) >= forgetAfter {
		r.slow = 0
	}
	r.at = now
	r.slow = r.slow << 1 & lastFour
	if took >= p.slowFrom {
		r.slow |= 1
		return
	}
	r.quick = now
}

// held takes in how long slow answers held a batch of WebhookQueue.
func (p *pace) held(took time.Duration, now time.Time) {
	p.fill(now)
	if took >= p.slowFrom {
		p.allowance -= took
	}
}

func (p *pace) fill(now time.Time) {
	if !p.filledAt.IsZero() {
		p.allowance = min(p.allowance+now.Sub(p.filledAt)/refill, p.most)
	}
	p.filledAt = now
}

func (r *record) isSlow() bool { return bits.OnesCount8(r.slow) >= slowIs }
