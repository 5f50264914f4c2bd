package delivery

import (
	"math/bits"
	"time"
)

// pace is what one environment knows of how quickly receivers answer. It keeps
// those that do not from holding the batches of WebhookQueue: their webhooks go
// out from RetryQueue, which has a concurrency of its own.
//
// Two limits keep slow apps in bounds, whatever receivers do: an app with two slow
// answers among its last four is slow, and an environment finds out so about only
// a few apps at a time, within an allowance.
// While that is used up, apps that were not quick a moment ago take the way over
// RetryQueue too, so that a thousand slow apps hold no more batches than three;
// only one that is alone in its batch is tried now and then, since it is likely
// to be one of the many that are well.
//
// Environments warn each other, so that not each of them has to be held to find
// out: an environment hears of warnings when it reads an app, and takes them for
// what it would have found itself.
type pace struct {
	slowFrom time.Duration // an answer that takes so long is slow
	deadline time.Duration // of a request
	apps     map[string]*record

	allowance time.Duration // for slow answers over WebhookQueue; below one deadline: used up
	filledAt  time.Time
	toWarn    []warning // that have not been given
	askedAt   time.Time // about EveryApp

	// While the allowance is used up.
	alone  string        // the only app of the batch of which nothing is known; empty if there are more
	tried  string        // the last of them that was let through
	since  time.Time     // when that was, or when it turned out to be slow
	spaced time.Duration // so long after that is another
}

// record is an app's last answers.
type record struct {
	slow   uint8     // the last four, newest in the lowest bit: 1 is slow
	at     time.Time // of the last answer
	quick  time.Time // of the last answer that was not slow
	probed time.Time // when a request was last let through though the app is slow
	warned time.Time // when others last were, or warned of it
}

// warning is of an app or of EveryApp.
type warning struct {
	app string
	at  time.Time
}

const (
	startsWith  = 3                // deadlines: the allowance, and the most that it can be
	refill      = 20               // the allowance grows by a twentieth of the time
	forgetAfter = 5 * time.Minute  // without an answer nothing is known of an app
	quickFor    = 10 * time.Second // an app that answered quickly is taken to be quick
	probeEvery  = 10               // deadlines: one request of a slow app, over RetryQueue
	paceSize    = 10_000           // apps remembered
	lastFour    = 0b1111
	slowIs      = 2      // slow answers among the last four
	hearsay     = 0b1001 // the last four of an app that others warned of: slow until one is answered quickly

	firstSlowWait = 5 * time.Second // doubles with the hops, up to longestFault, until the app recovers
)

func newPace(timeout time.Duration) *pace {
	return &pace{slowFrom: timeout / 2, deadline: timeout, allowance: startsWith * timeout, apps: make(map[string]*record)}
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
	known := r != nil && recently(r.at, now, forgetAfter)
	switch {
	case known && r.isSlow():
		if !it.FromRetry || recently(r.probed, now, probeEvery*p.deadline) {
			return waitItsTurn
		}
		r.probed = now
		return letThrough
	case it.FromRetry || p.allowance >= p.deadline || p.wasQuick(it.webhook.AppID, now) || p.try(it.webhook.AppID, now):
		return letThrough
	}
	return overRetryQueue
}

// recovers says whether the newest answer of an app was not slow.
func (p *pace) recovers(app string) bool {
	r := p.apps[app]
	return r != nil && r.slow&1 == 0
}

func (p *pace) wasQuick(app string, now time.Time) bool {
	r := p.apps[app]
	return r != nil && recently(r.quick, now, quickFor)
}

// lookAt finds out whether a batch has just one app that was not quick lately.
func (p *pace) lookAt(items []*item, now time.Time) {
	p.alone = ""
	if p.tried != "" && !recently(p.since, now, p.spaced) {
		p.tried = ""
	}
	for _, it := range items {
		app := it.webhook.AppID
		if it.settled() || it.FromRetry || app == p.alone || p.wasQuick(app, now) {
			continue
		}
		if p.alone != "" {
			p.alone = ""
			return
		}
		p.alone = app
	}
}

// try lets an app through that is alone in its batch, with all its webhooks
// there, unless another was a short while ago. How short doubles with each one
// that turns out to be slow.
func (p *pace) try(app string, now time.Time) bool {
	if app != p.alone || p.tried != "" && p.tried != app {
		return false
	}
	if p.tried == "" {
		p.tried = app
		p.spaced = max(p.spaced, p.deadline)
		p.since = now
	}
	return true
}

// answered takes in how long a receiver took. Our own faults say nothing. The
// first slow answer of an app over WebhookQueue is charged to the allowance: it
// is what finding out about the app has cost.
func (p *pace) answered(it *item, now time.Time) {
	took := it.result.Duration
	r := p.apps[it.webhook.AppID]
	if r == nil || !recently(r.at, now, forgetAfter) {
		r = p.forget(it.webhook.AppID, now)
	}
	r.at = now
	first := r.slow == 0
	r.slow = r.slow << 1 & lastFour
	if took < p.slowFrom {
		r.quick, r.probed = now, time.Time{} // it may have recovered: the next one finds out
		if p.tried == it.webhook.AppID {
			p.tried, p.spaced = "", 0 // others may be as well
		}
		return
	}
	if p.tried == it.webhook.AppID {
		p.spaced = min(2*p.spaced, refill*p.deadline)
		p.since = now
	}
	r.slow |= 1
	if r.isSlow() && !recently(r.warned, now, forgetAfter/2) {
		r.warned = now
		p.toWarn = append(p.toWarn, warning{it.webhook.AppID, now})
	}
	if first && !it.FromRetry {
		p.fill(now)
		p.spend(min(took, p.deadline), now)
	}
}

func (p *pace) spend(took time.Duration, now time.Time) {
	had := p.allowance >= p.deadline
	p.allowance -= took
	if had && p.allowance < p.deadline {
		p.toWarn = append(p.toWarn, warning{EveryApp, now})
	}
}

// forget begins an app's record anew.
func (p *pace) forget(app string, now time.Time) *record {
	makeRoom(p.apps, paceSize, func(r *record) bool { return !recently(r.at, now, forgetAfter) })
	r := &record{}
	p.apps[app] = r
	return r
}

// warnings returns what others are to be warned of, once.
func (p *pace) warnings() []warning {
	given := p.toWarn
	p.toWarn = nil
	return given
}

// asks returns what to read the warnings of: the apps, and once a second
// EveryApp, which is one item for all environments.
func (p *pace) asks(apps []string, now time.Time) []string {
	if recently(p.askedAt, now, time.Second) {
		return apps
	}
	p.askedAt = now
	return append([]string{EveryApp}, apps...)
}

// hear takes in what others have warned of, and when, unless it is older than what
// is known here.
func (p *pace) hear(warned map[string]time.Time, now time.Time) {
	p.fill(now)
	for app, at := range warned {
		if at.After(now) { // by another environment's clock
			at = now
		}
		if app == EveryApp {
			p.allowance = min(p.allowance, now.Sub(at)/refill)
			continue
		}
		r := p.apps[app]
		if r != nil && !r.at.Before(at) {
			continue
		}
		if r == nil {
			r = p.forget(app, now)
		}
		r.slow, r.at, r.warned = hearsay, at, at
	}
}

func (p *pace) fill(now time.Time) {
	if !p.filledAt.IsZero() {
		p.allowance = min(p.allowance+max(now.Sub(p.filledAt), 0)/refill, startsWith*p.deadline)
	}
	p.filledAt = now
}

func (r *record) isSlow() bool { return bits.OnesCount8(r.slow) >= slowIs }
