package pace

import "time"

// Tell returns what other environments are to be told, once: apps that miss their
// deadlines, and the time before which nobody need try them.
func (p *Pace) Tell() map[string]time.Time {
	if len(p.tell) == 0 {
		return nil
	}
	told := p.tell
	p.tell = make(map[string]time.Time)
	return told
}

// Hear takes in what others told.
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

// believe takes an app that nothing is known of for one that has one try left, or is
// down until then. The first answer in time shows otherwise.
func (p *Pace) believe(app string, next, now time.Time) {
	r := p.remember(app, record{at: now, hold: p.deadline / 3, slow: true, window: 1})
	if next.After(now) {
		r.window, r.since, r.next = 0, now, next
	}
}
