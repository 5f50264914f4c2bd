package pace

import "time"

// Tell returns, once, what to tell other environments: apps that miss their
// deadlines, and the time before which no environment need try them.
func (p *Pace) Tell() map[string]time.Time {
	if len(p.tell) == 0 {
		return nil
	}
	told := p.tell
	p.tell = make(map[string]time.Time)
	return told
}

// Hear learns what others told.
func (p *Pace) Hear(told map[string]time.Time, now time.Time) {
	for app, next := range told {
		if now.Sub(next) >= memory || next.After(now) && !p.early(next, now) {
			continue // long ago, or by a clock that is ahead
		}
		switch r := p.known(app, now); {
		case r == nil:
			p.believe(app, next, now)
		case r.down():
			r.next = next
		case next.After(now) && !r.sure(now):
			r.slow, r.window = true, 1
		}
	}
}

// believe records an unknown app as one that is down until next, or, if that has
// passed, has one try left. Its first answer in time corrects this.
func (p *Pace) believe(app string, next, now time.Time) {
	r := p.remember(app, record{at: now, hold: p.deadline / 3, slow: true, window: 1})
	if next.After(now) {
		r.window, r.since, r.next = 0, now, next
	}
}
