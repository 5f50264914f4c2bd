// Package pace decides, in one of many environments that share two queues, which
// receivers may be called now, so that one that does not answer holds up nobody
// else's webhooks, and one that answers gets all of its own, however slowly.
//
// What is scarce are batches. A batch of up to ten messages is sent at once and
// lasts as long as its slowest request, at most a deadline; each queue has only so
// many batches at work. The First queue is for apps that answer quickly. All others
// go over the Retry queue:
//
//   - An app that holds its batches for half the deadline or longer, but answers, is
//     called from there at once, with all it has (see breaker.go).
//   - One that misses its deadlines gets half as much at once with each miss, down to
//     nothing. Then its webhooks wait longer and longer, and one probe now and then
//     finds out whether it answers again. From there it gets twice as much with each
//     batch that it answers (see probing.go).
//   - One that nothing is known of, or not of late, is tried from the First queue, as
//     long as an allowance of held batches lasts, and else from the Retry queue (see
//     allowance.go). A batch that is late has waited for others that are held: in it
//     nobody is tried that nothing is known of.
//
// Environments tell each other not before when an app is worth a try (see told.go).
// It saves them from being held one after another; nothing depends on it.
//
// The package has no clock, no randomness and no locks: times are handed in, and an
// environment handles one batch at a time. Times are those of a wall clock, which may
// be set: a jump only makes the environment forget.
package pace

import (
	"maps"
	"time"
)

// Lane is the queue that a batch comes from.
type Lane int

// The lanes.
const (
	First Lane = iota // new webhooks
	Retry             // retries, and what is sent on
)

// Verdict is what becomes of a webhook now.
type Verdict int

// The verdicts.
const (
	Send   Verdict = iota
	Detour         // over the Retry queue, at once: nothing is held against the app
	Defer          // over the Retry queue, after Wait: its app misses its deadlines
)

// Answer is how one request ended.
type Answer struct {
	Took     time.Duration
	Complete bool // an answer of any kind was read to its end
}

// Pace is what one environment knows. Its zero value is of no use; see New.
type Pace struct {
	deadline  time.Duration
	apps      map[string]*record
	allowance [2]allowance // by lane
	tell      map[string]time.Time
}

// New begins with an environment that knows nobody. No request takes longer than
// the deadline.
func New(deadline time.Duration) *Pace {
	return &Pace{deadline: deadline, apps: make(map[string]*record), tell: make(map[string]time.Time),
		allowance: [2]allowance{newAllowance(deadline, firstShare), newAllowance(deadline, retryShare)}}
}

const (
	size   = 10_000           // apps remembered
	memory = 30 * time.Minute // for which an app is, after its last answer: longer than any message waits
)

// known returns what is remembered of an app; nil if nothing is.
func (p *Pace) known(app string, now time.Time) *record {
	r := p.apps[app]
	if r == nil || !recently(r.at, now, memory) {
		return nil
	}
	return r
}

// recently reports whether something was less than d ago. What is yet to come was
// not: the clock has been set back since.
func recently(at, now time.Time, d time.Duration) bool {
	ago := now.Sub(at)
	return 0 <= ago && ago < d
}

// remember begins a record.
func (p *Pace) remember(app string, r record) *record {
	if len(p.apps) >= size {
		p.makeRoom(r.at)
	}
	p.apps[app] = &r
	return p.apps[app]
}

// makeRoom forgets what is over and, if that is not enough, a quarter of the rest,
// whichever that is.
func (p *Pace) makeRoom(now time.Time) {
	maps.DeleteFunc(p.apps, func(_ string, r *record) bool { return !recently(r.at, now, memory) })
	for app := range p.apps {
		if len(p.apps) <= size*3/4 {
			return
		}
		delete(p.apps, app)
	}
}
