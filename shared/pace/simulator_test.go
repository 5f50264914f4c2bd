package pace_test

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// mechanism decides for an environment. A simulation runs the same world with
// different mechanisms.
type mechanism interface {
	// asks returns the apps whose warnings are to be read.
	asks(apps []string, now time.Time) []string
	hear(told map[string]time.Time, now time.Time)
	// judge says what becomes of each message of a batch.
	judge(batch []*message, retry bool, now time.Time) []fate
	// took gets the answers of the batch that was judged last, by app.
	took(answers map[string][]answer, retry bool, now time.Time)
	// recovers reports that the waits of an app's webhooks need not grow any
	// more.
	recovers(app string) bool
	// tells returns what to warn others of, once.
	tells() map[string]time.Time
	wait(app string, hops int, batch string, now time.Time) time.Duration
}

// fate is what becomes of a message.
type fate int

const (
	isSent fate = iota
	isSentOn
	waits
)

type answer struct {
	took     time.Duration
	complete bool
}

type message struct {
	app    string
	of     *figures
	sentAt time.Time
	dueAt  time.Time
	hops   int
}

// setup describes one simulation: how many environments there are, and which
// apps are sent what.
type setup struct {
	deliver, retry int // concurrency of the two queues; there are as many environments together
	idle           int // environments beyond these
	deadline       time.Duration
	maxAge         time.Duration
	lasts          time.Duration // how long webhooks are sent
	stays          time.Duration // how long the simulation goes on after that; it ends sooner if nothing waits
	lost           float64       // share of warnings that are not written, and of reads that fail
	receives       func(w *simulation, app string) answer
	sends          func(w *simulation)
	from           time.Duration // when others begin to misbehave; webhooks sent within a deadline of that are summed separately
}

const (
	overhead   = 15 * time.Millisecond // of an invocation
	onTheWay   = 20 * time.Millisecond // a message to a queue and out of it
	cachedFor  = 30 * time.Second
	toldWithin = 20 * time.Millisecond
	looksEvery = 5 * time.Millisecond
	tooManyHop = 400
	moment     = 100 * time.Millisecond
)

// simulation is a world in virtual time: two queues, environments, and the
// table of warnings. Any idle environment takes the next batch.
type simulation struct {
	setup
	now    time.Time
	events events
	seq    int
	rand   *rand.Rand

	waiting [2][]*message // WebhookQueue's, RetryQueue's
	running [2]int
	free    []*environment
	looking bool // a look at the queues is scheduled
	told    map[string]time.Time

	atOnce map[string]int // open requests by app
	left   int            // messages that are not done
	groups map[string]*figures
}

type environment struct {
	mechanism
	cached map[string]time.Time
}

// figures are about the webhooks of some apps.
type figures struct {
	sent, arrived, missed, expired, left int
	deferred, hops                       int // webhooks, and times
	requests                             float64
	delays                               []time.Duration // until the request that was answered began
	longest                              time.Duration   // until the attempt, or so far
	most                                 int             // requests at once at one receiver
	mostAfter                            map[time.Duration]int
}

func (f *figures) p99() time.Duration { return f.within(0.99) }

// within is the longest delay among the given share of the shortest ones.
func (f *figures) within(share float64) time.Duration {
	if len(f.delays) == 0 {
		return 0
	}
	slices.Sort(f.delays)
	return f.delays[int(math.Ceil(share*float64(len(f.delays))))-1]
}

func (f *figures) perDeferred() float64 {
	if f.deferred == 0 {
		return 0
	}
	return f.requests / float64(f.deferred)
}

type event struct {
	at  time.Time
	seq int
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func simulate(s setup, seed uint64, newMechanism func(deadline time.Duration) mechanism) *simulation {
	w := &simulation{setup: s, now: began, rand: rand.New(rand.NewPCG(seed, 7)), told: make(map[string]time.Time),
		atOnce: make(map[string]int), groups: make(map[string]*figures)}
	for range s.deliver + s.retry + s.idle {
		w.free = append(w.free, &environment{mechanism: newMechanism(s.deadline), cached: make(map[string]time.Time)})
	}
	s.sends(w)
	end := began.Add(s.lasts + s.stays)
	for len(w.events) > 0 && !w.events[0].at.After(end) && (w.left > 0 || w.events[0].at.Before(began.Add(s.lasts))) {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	for _, lane := range w.waiting {
		for _, m := range lane {
			w.waitedFor(m)
		}
	}
	return w
}

func (w *simulation) after(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.events, event{w.now.Add(d), w.seq, do})
}

// every sends perSecond webhooks a second from start on, to the apps that app
// names, until the simulation ends.
func (w *simulation) every(start time.Duration, perSecond float64, app func(n int) string) {
	gap := time.Duration(float64(time.Second) / perSecond)
	n := 0
	var next func()
	next = func() {
		if w.since() >= w.lasts {
			return
		}
		w.send(app(n))
		n++
		w.after(time.Duration((0.5+w.rand.Float64())*float64(gap)), next)
	}
	w.after(start, next)
}

func (w *simulation) since() time.Duration { return w.now.Sub(began) }

// send puts a webhook on WebhookQueue.
func (w *simulation) send(app string) {
	w.left++
	m := &message{app: app, of: w.figuresOf(app), sentAt: w.now}
	m.of.sent++
	w.after(onTheWay, func() { m.dueAt = w.now; w.arrive(0, m) })
}

// figuresOf is where a webhook that is sent now is summed: apps whose names differ
// only in a number are one.
func (w *simulation) figuresOf(app string) *figures {
	name := strings.TrimRight(app, "0123456789")
	if w.from > 0 && w.since() >= w.from && w.since() < w.from+w.deadline {
		name += " (first deadline)"
	}
	f := w.groups[name]
	if f == nil {
		f = &figures{mostAfter: make(map[time.Duration]int)}
		w.groups[name] = f
	}
	return f
}

func (w *simulation) arrive(lane int, m *message) {
	w.waiting[lane] = append(w.waiting[lane], m)
	if !w.looking {
		w.looking = true
		w.after(looksEvery, func() { w.looking = false; w.dispatch() })
	}
}

// dispatch hands batches to idle environments, chosen at random.
func (w *simulation) dispatch() {
	for lane, most := range []int{w.deliver, w.retry} {
		for len(w.waiting[lane]) > 0 && w.running[lane] < most && len(w.free) > 0 {
			n := min(10, len(w.waiting[lane]))
			batch := w.waiting[lane][:n:n]
			w.waiting[lane] = w.waiting[lane][n:]
			i := w.rand.IntN(len(w.free))
			e := w.free[i]
			w.free[i] = w.free[len(w.free)-1]
			w.free = w.free[:len(w.free)-1]
			w.running[lane]++
			w.invoke(e, lane, batch)
		}
	}
}

// invoke runs a batch in an environment.
func (w *simulation) invoke(e *environment, lane int, batch []*message) {
	name := fmt.Sprint(w.rand.Uint64())
	if lane == 1 {
		batch[0].of.requests += 2 // one receive and one delete
	}
	batch = slices.DeleteFunc(batch, w.expires)
	w.listen(e, batch)
	fates := e.judge(batch, lane == 1, w.now)
	answers := make(map[string][]answer)
	var on, later []*message
	longest := time.Duration(0)
	for i, m := range batch {
		switch fates[i] {
		case isSent:
			a := w.request(m)
			answers[m.app] = append(answers[m.app], a)
			longest = max(longest, a.took)
		case isSentOn:
			on = append(on, m)
		case waits:
			later = append(later, m)
		}
	}
	w.after(overhead+longest, func() {
		e.took(answers, lane == 1, w.now)
		for app, at := range e.tells() {
			if w.rand.Float64() >= w.lost {
				w.after(toldWithin, func() { w.told[app] = at })
			}
		}
		if len(on)+len(later) > 0 {
			append(on, later...)[0].of.requests++
		}
		for _, m := range on {
			w.sendOn(m, 0)
		}
		for _, m := range later {
			wait := e.wait(m.app, m.hops, name, w.now)
			if e.recovers(m.app) {
				wait = min(wait, 5*time.Second)
			}
			w.sendOn(m, wait)
		}
		w.free = append(w.free, e)
		w.running[lane]--
		w.dispatch()
	})
}

func (w *simulation) listen(e *environment, batch []*message) {
	var fresh []string
	for _, m := range batch {
		if !w.now.Before(e.cached[m.app]) {
			e.cached[m.app] = w.now.Add(cachedFor)
			fresh = append(fresh, m.app)
		}
	}
	if len(fresh) == 0 || w.rand.Float64() < w.lost {
		return
	}
	heard := make(map[string]time.Time)
	for _, app := range e.asks(fresh, w.now) {
		if at, ok := w.told[app]; ok {
			heard[app] = at
		}
	}
	e.hear(heard, w.now)
}

func (w *simulation) expires(m *message) bool {
	over := w.now.Sub(m.sentAt) > w.maxAge || m.hops > tooManyHop
	if over {
		m.of.expired++
		w.waitedFor(m)
		w.left--
	}
	return over
}

func (w *simulation) waitedFor(m *message) {
	f := m.of
	f.longest = max(f.longest, w.now.Sub(m.sentAt))
}

func (w *simulation) request(m *message) answer {
	f := m.of
	w.atOnce[m.app]++
	f.most = max(f.most, w.atOnce[m.app])
	moment := w.since().Truncate(moment)
	f.mostAfter[moment] = max(f.mostAfter[moment], w.atOnce[m.app])
	a := w.receives(w, m.app)
	if a.took >= w.deadline {
		a = answer{took: w.deadline}
	}
	w.waitedFor(m)
	if a.complete {
		f.arrived++
		f.delays = append(f.delays, w.now.Sub(m.sentAt))
	} else {
		f.missed++
	}
	w.left--
	w.after(a.took, func() { w.atOnce[m.app]-- })
	return a
}

// sendOn puts a message on RetryQueue, whose delays are whole seconds.
func (w *simulation) sendOn(m *message, wait time.Duration) {
	f := m.of
	if m.hops == 0 {
		f.deferred++
	}
	f.hops++
	m.hops++
	m.dueAt = w.now.Add(wait)
	w.after(onTheWay+time.Duration(math.Ceil(wait.Seconds()))*time.Second, func() { w.arrive(1, m) })
}
