package pace

import (
	"hash/crc32"
	"time"
)

const (
	probeEvery = 10          // deadlines: the least between two probes of an app
	probeShare = 4           // of the time that it is down, a quarter is between two
	probeAtAll = time.Minute // at most, if ten deadlines are not longer
)

// probe lets one request of an app that is down through, if it is time for one.
func (b *Batch) probe(r *record, now time.Time) Verdict {
	if b.pace.early(r.next, now) || !b.allows(1, now) {
		return Defer
	}
	b.pace.space(r, now) // one only, even if its end is never told
	return Send
}

// space sets when the next probe is.
func (p *Pace) space(r *record, now time.Time) {
	r.next = now.Add(max(probeEvery*p.deadline, min(now.Sub(r.since)/probeShare, probeAtAll)))
}

// early reports whether it is too early for a probe. One that is farther away than any
// can be was set by another clock.
func (p *Pace) early(next, now time.Time) bool {
	left := next.Sub(now)
	return 0 < left && left <= max(probeEvery*p.deadline, probeAtAll)
}

// afterwards sets what follows from an answer: when the next probe is, and what
// others are to be told.
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

// Recovers says that the app answered what it was sent last: what waits for its
// turn need not wait longer than Soon.
func (p *Pace) Recovers(app string) bool {
	r := p.apps[app]
	return r != nil && r.window > 1
}

// Soon is the shortest wait.
const Soon = 5 * time.Second

const longestWait = 900 * time.Second

// Wait is how long a webhook of the app waits that was sent on hops times before:
// twice as long each time, up to 900 s. Before that, up to a half is taken off, as
// much as the batch's name says: a flood does not come back at once, and a batch of
// it comes back as one. While the app is down, no wait ends before its next probe is
// due: the webhook would only be sent on.
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
