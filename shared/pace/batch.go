package pace

import (
	"slices"
	"time"
)

// Batch is one batch on its way through an environment: what was admitted of it,
// and for how long it was held.
type Batch struct {
	pace *Pace
	lane Lane
	late bool
	sent []admitted
	held time.Duration // charged so far
}

// admitted is how many of an app's webhooks were admitted.
type admitted struct {
	app string
	n   int
}

// Begin begins a batch. late is how long its newest message had been due when it
// was received.
func (p *Pace) Begin(lane Lane, late time.Duration) *Batch {
	return &Batch{pace: p, lane: lane, late: late > max(p.deadline/2, lateFrom)}
}

// lateFrom is the shortest delay that counts as late: queues and clocks are no more
// exact.
const lateFrom = 500 * time.Millisecond

// Admit says what becomes of a webhook of the app. The caller sends what it lets
// through now, and passes the answers to Observe.
func (b *Batch) Admit(app string, now time.Time) Verdict {
	i := slices.IndexFunc(b.sent, func(a admitted) bool { return a.app == app })
	if i < 0 {
		i = len(b.sent)
		b.sent = append(b.sent, admitted{app: app})
	}
	v := b.judge(b.pace.known(app, now), b.sent[i].n, now)
	if v == Send {
		b.sent[i].n++
	}
	return v
}

func (b *Batch) judge(r *record, sent int, now time.Time) Verdict {
	switch {
	case r == nil && b.lane == First && b.late:
		return Detour
	case r == nil:
		return b.try(forUnknown, now)
	case b.lane == First && r.slow && r.down():
		return Defer
	case b.lane == First && (r.slow || sent >= r.window):
		return Detour
	case b.lane == First && r.sure(now):
		return Send
	case b.lane == First:
		return b.try(1, now)
	case r.down():
		return b.probe(r, now)
	case sent >= r.window, r.window == 1 && !b.allows(1, now):
		return Defer
	}
	return Send
}

// try finds out about an app that is unknown, or has not been seen recently. From
// the Retry queue every such app is tried: it has no other queue to go to.
func (b *Batch) try(costs int, now time.Time) Verdict {
	if b.lane == Retry || b.allows(costs, now) {
		return Send
	}
	return Detour
}

// allows reports whether the batch may be held: whether that many deadlines are
// left. If so, every app in it may be tried, since they hold it together.
func (b *Batch) allows(deadlines int, now time.Time) bool {
	return b.pace.allowance[b.lane].has(deadlines, now)
}

// Observe learns how all requests of an app in the batch ended. The caller leaves
// out those that failed through no fault of the receiver.
func (b *Batch) Observe(app string, answers []Answer, now time.Time) {
	if len(answers) == 0 {
		return
	}
	o := b.pace.outcomeOf(answers)
	if o.missed > 0 && o.held > b.held {
		b.pace.allowance[b.lane].charge(o.held-b.held, now)
		b.held = o.held
	}
	b.pace.learn(app, o, now)
}

// outcome is what a batch shows about one app.
type outcome struct {
	held   time.Duration // for how long its slowest request held the batch
	missed int           // requests that held the batch and were not answered
	ended  int           // all other requests
}

func (p *Pace) outcomeOf(answers []Answer) (o outcome) {
	for _, a := range answers {
		o.held = max(o.held, min(a.Took, p.deadline))
		if !a.Complete && a.Took >= p.deadline/2 {
			o.missed++
			continue
		}
		o.ended++
	}
	return o
}
