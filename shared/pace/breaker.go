package pace

import "time"

// record is what is known about an app.
type record struct {
	at     time.Time     // when it was last observed here, or others last told of it
	well   time.Time     // when it last missed nothing in a batch; zero after a batch in which it missed everything
	hold   time.Duration // how long it holds a batch: a moving mean
	slow   bool          // it belongs on the Retry queue
	window int           // requests allowed in one batch; 0: it is down

	// While it is down.
	since time.Time
	next  time.Time // no probe before this
}

const (
	whole    = 10 // the size of a batch: no limit
	unproven = 2  // the window, before it is halved, of an app that misses in its first batch: nothing good is known about it
)

const sureFor = 10 * time.Second // how long an app that was well is taken to be well

func (r *record) down() bool { return r.window == 0 }

func (r *record) sure(now time.Time) bool { return recently(r.well, now, sureFor) }

// learn records what a batch shows about an app.
func (p *Pace) learn(app string, o outcome, now time.Time) {
	r := p.known(app, now)
	if r == nil {
		r = p.remember(app, record{at: now, hold: o.held, window: whole})
		if o.missed > 0 {
			r.window = unproven
		}
	} else {
		r.mean(o)
	}
	was := *r
	r.at = now
	switch {
	case o.missed == 0:
		r.well = now
	case o.ended == 0:
		r.well = time.Time{}
	}
	r.judge(p.deadline)
	r.grow(o)
	p.afterwards(app, r, was, now)
}

// mean moves the mean by a third for each miss, or once if there is none.
func (r *record) mean(o outcome) {
	for range max(1, o.missed) {
		r.hold += (o.held - r.hold) / 3
	}
}

// judge says on which queue the app belongs. Between the two limits it stays where
// it is: otherwise an app that is late now and then would go back and forth.
func (r *record) judge(deadline time.Duration) {
	switch {
	case r.hold >= deadline/2:
		r.slow = true
	case r.hold < deadline/4:
		r.slow = false
	}
}

// grow doubles the window after a batch without a miss, and halves it for each
// miss. A few misses of an app that is mostly quick change nothing, and an app
// that answered anything is not down.
func (r *record) grow(o outcome) {
	switch {
	case o.missed == 0:
		r.window = min(max(2*r.window, 2), whole)
	case r.slow && o.ended > 0:
		r.window = max(r.window>>o.missed, 1)
	case r.slow:
		r.window >>= o.missed
	}
}
