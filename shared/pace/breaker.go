package pace

import "time"

// record is what is known of an app.
type record struct {
	at     time.Time     // of the last answer, or of what others told
	well   time.Time     // of the last batch in which it missed nothing; none after one in which it missed all
	hold   time.Duration // for how long it holds a batch lately: a moving mean
	slow   bool          // it belongs on the Retry queue
	window int           // requests at once, in one batch; none: it is down

	// While it is down.
	since time.Time
	next  time.Time // not before then is it probed
}

const (
	whole    = 10 // as many as a batch has: no limit
	unproven = 2  // what an app has that misses at once, before it is halved: nothing good is known of it
)

const sureFor = 10 * time.Second // an app that was well is taken to be so

func (r *record) down() bool { return r.window == 0 }

func (r *record) sure(now time.Time) bool { return recently(r.well, now, sureFor) }

// learn takes in what a batch shows of an app.
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

// mean moves the mean by a third with each miss, or once if there is none.
func (r *record) mean(o outcome) {
	for range max(1, o.missed) {
		r.hold += (o.held - r.hold) / 3
	}
}

// judge says where the app belongs. One that is between the two limits stays where
// it is: else one that is late now and then would go back and forth.
func (r *record) judge(deadline time.Duration) {
	switch {
	case r.hold >= deadline/2:
		r.slow = true
	case r.hold < deadline/4:
		r.slow = false
	}
}

// grow doubles the window with a batch that is answered, and halves it with each
// miss. A few misses of an app that is quick on the whole change nothing, and one
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
