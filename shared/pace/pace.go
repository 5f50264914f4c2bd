// Package pace decides which receivers may be called now, in one of many environments
// that share two queues. A receiver that does not answer must not hold up the
// webhooks of others, and one that answers, however slowly, gets all of its own.
//
// Batches are scarce. A batch of up to ten messages is sent at once and lasts as long
// as its slowest request, at most a deadline. Each queue has a limited number of
// batches at work. The First queue is for apps that answer quickly. All others go
// over the Retry queue:
//
//   - An app that holds its batches for half the deadline or longer, but answers, is
//     called from there at once, with all it has (see breaker.go).
//   - An app that misses its deadlines gets half as many requests at once with each
//     miss, down to none. Then its webhooks wait longer and longer, and an occasional
//     probe finds out whether it answers again. If it does, it gets twice as many with
//     each batch that it answers (see probing.go).
//   - An app that is unknown, or has not been seen recently, is tried from the First
//     queue while an allowance of held batches lasts, and then from the Retry queue (see
//     allowance.go). A late First batch has waited for others that are held, so no
//     unknown app is tried in it.
//
// Environments tell each other when an app may next be tried (see told.go). This
// saves them from being held one after another, but nothing depends on it.
//
// The package has no clock, no randomness and no locks: times are handed in, and an
// environment handles one batch at a time. The times are a wall clock's, which may be
// set. A jump only makes the environment forget.
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
	Retry             // retries, and webhooks that were sent on
)

// Verdict is what becomes of a webhook now.
type Verdict int

// The verdicts.
const (
	Send   Verdict = iota
	Detour         // over the Retry queue, without a wait: the app is not known to miss its deadlines
	Defer          // over the Retry queue, after Wait: its app misses its deadlines
)

// Answer is how one request ended.
type Answer struct {
	Took     time.Duration
	Complete bool // an answer of any kind was read to its end
}

// Pace is what one environment knows. New makes one; the zero value does not work.
type Pace struct {
	deadline  time.Duration
	apps      map[string]*record
	allowance [2]allowance // by lane
	tell      map[string]time.Time
}

// New makes an environment that knows no apps. No request takes longer than the
// deadline.
func New(deadline time.Duration) *Pace {
	return &Pace{deadline: deadline, apps: make(map[string]*record), tell: make(map[string]time.Time),
		allowance: [2]allowance{newAllowance(deadline, firstShare), newAllowance(deadline, retryShare)}}
}

const (
	size   = 10_000           // apps remembered
	memory = 30 * time.Minute // how long an app is remembered after it was last observed: longer than any message waits
)

// known returns what is remembered about an app; nil if nothing is.
func (p *Pace) known(app string, now time.Time) *record {
	r := p.apps[app]
	if r == nil || !recently(r.at, now, memory) {
		return nil
	}
	return r
}

// recently reports whether a time is less than d ago. A time in the future is not:
// the clock has been set back since.
func recently(at, now time.Time, d time.Duration) bool {
	ago := now.Sub(at)
	return 0 <= ago && ago < d
}

// remember starts a record.
func (p *Pace) remember(app string, r record) *record {
	if len(p.apps) >= size {
		p.makeRoom(r.at)
	}
	p.apps[app] = &r
	return p.apps[app]
}

// makeRoom forgets what is too old. If that is not enough, it forgets any others
// until a quarter of the room is free.
func (p *Pace) makeRoom(now time.Time) {
	maps.DeleteFunc(p.apps, func(_ string, r *record) bool { return !recently(r.at, now, memory) })
	for app := range p.apps {
		if len(p.apps) <= size*3/4 {
			return
		}
		delete(p.apps, app)
	}
}
