package pace

import (
	"hash/crc32"
	"time"
)

const (
	probeEvery = 10          // deadlines: the shortest time between two probes of an app
	probeShare = 4           // two probes are a quarter of the time down apart
	probeAtAll = time.Minute // the longest time between two probes, unless ten deadlines are longer
)

// probe lets one request through to an app that is down, if a probe is due.
func (b *Batch) probe(r *record, now time.Time) Verdict {
	if b.pace.early(r.next, now) || !b.allows(1, now) {
		return Defer
	}
	b.pace.space(r, now) // one only, even if its end is never observed
	return Send
}

// space sets the time of the next probe.
func (p *Pace) space(r *record, now time.Time) {
	r.next = now.Add(max(probeEvery*p.deadline, min(now.Sub(r.since)/probeShare, probeAtAll)))
}

// early reports whether it is too early for a probe. A time further away than any
// probe can be was set by another clock.
func (p *Pace) early(next, now time.Time) bool {
	left := next.Sub(now)
	return 0 < left && left <= max(probeEvery*p.deadline, probeAtAll)
}

// afterwards sets what follows from an answer: the time of the next probe, and what
// to tell others.
func (p *Pace) afterwards(app string, r *record, was record, now time.Time) {
	switch {
	case r.down():
		if !was.down() {
			r.since = now
		}
		p.space(r, now)
		p.tell[app] = r.next
	case was.down(), r.slow && !was.slow && r.window < whole:
		p.tell[app] = now
	}
}

// Recovers reports whether the app answered what it was sent last. If so, its
// waiting webhooks need not wait longer than Soon.
func (p *Pace) Recovers(app string) bool {
	r := p.apps[app]
	return r != nil && r.window > 1
}

// Soon is the shortest wait.
const Soon = 5 * time.Second

const longestWait = 900 * time.Second

// Wait is how long a webhook waits that was sent on hops times before: twice as long
// each time, up to 900 s. Below 900 s it is up to a half shorter, by a hash of the
// batch's name: so a flood comes back spread out, and each of its batches comes back
// together. While the app is down, no wait ends before its next probe is due, since
// the webhook would only be sent on again.
func (b *Batch) Wait(app string, hops int, batch string, now time.Time) time.Duration {
	wait := Soon << min(hops, 10)
	if r := b.pace.known(app, now); r != nil && r.down() && b.pace.early(r.next, now) {
		wait = max(wait, 2*r.next.Sub(now))
	}
	if wait >= longestWait {
		return longestWait
	}
	const parts = 256
	return wait - wait/2*time.Duration(crc32.ChecksumIEEE([]byte(batch))%parts)/parts
}
