package neighbours

import (
	"context"
	"slices"
	"sync"
	"time"

	"hookwarden/bench/loopback"
)

// queue is a standard queue of SQS, in memory. It hands messages out in the
// order in which they become available. If it is fair, it does so as SQS
// documents it for messages with a MessageGroupId: those of noisy groups come
// after all others.
type queue struct {
	name string
	fair bool

	mu       sync.Mutex
	waiting  []*message // by the time from which they are available
	inFlight map[string]*message
	groups   map[string]int // of those in flight
	changed  chan struct{}  // closed when something was put
	last     int            // number of the last message
	requests int            // receives and deletes; a receive that finds nothing is none, there are as many without any message
}

// message is one of the queue.
type message struct {
	loopback.Message
	webhook   string    // the id in its body
	available time.Time // not received before
}

const (
	// visibility is the template's: when what a batch gave back comes again.
	visibility = 390 * time.Second

	// A group is noisy if more than a tenth of all that is in flight is its,
	// and at least so many.
	noisyShare = 10
	noisyFrom  = 30
)

func newQueue(name string, fair bool) *queue {
	return &queue{name: name, fair: fair, inFlight: make(map[string]*message), groups: make(map[string]int), changed: make(chan struct{})}
}

// put queues messages that arrive together, to be received after a delay.
func (q *queue) put(delay time.Duration, messages ...*message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, m := range messages {
		q.last++
		m.ID = loopback.MessageID(q.last)
		m.Sent, m.available = now, now.Add(delay)
		q.insert(m)
	}
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *queue) insert(m *message) {
	at, _ := slices.BinarySearchFunc(q.waiting, m, func(other, m *message) int {
		if other.available.After(m.available) {
			return 1
		}
		return -1 // also if equal: behind it
	})
	q.waiting = slices.Insert(q.waiting, at, m)
}

// receive waits for messages and returns up to ten that are in flight from then
// on; none when ctx has ended.
func (q *queue) receive(ctx context.Context) []*message {
	for {
		batch, next, changed := q.take()
		if len(batch) > 0 {
			return batch
		}
		timer := time.NewTimer(next)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

// take is one look: a batch, or how long until there may be one.
func (q *queue) take() (batch []*message, next time.Duration, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	due := slices.IndexFunc(q.waiting, func(m *message) bool { return m.available.After(now) })
	next = time.Hour
	switch {
	case due < 0:
		due = len(q.waiting)
	case due == 0:
		next = q.waiting[0].available.Sub(now)
	}
	if due == 0 {
		return nil, next, q.changed
	}
	batch = q.choose(q.waiting[:due])
	q.requests++
	for _, m := range batch {
		m.Receives++
		q.inFlight[m.ID] = m
		q.groups[m.Group]++
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(m *message) bool { return q.inFlight[m.ID] != nil })
	return batch, 0, q.changed
}

func (q *queue) choose(due []*message) []*message {
	var quiet, noisy []*message
	for _, m := range due {
		if len(quiet) == loopback.BatchSize {
			break
		}
		if q.fair && q.noisy(m.Group) {
			noisy = append(noisy, m)
			continue
		}
		quiet = append(quiet, m)
	}
	quiet = append(quiet, noisy...)
	return quiet[:min(len(quiet), loopback.BatchSize)]
}

func (q *queue) noisy(group string) bool {
	n := q.groups[group]
	return n >= noisyFrom && n*noisyShare > len(q.inFlight)
}

// settle ends a batch: what has not failed is deleted.
func (q *queue) settle(batch []*message, failed map[string]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(failed) < len(batch) {
		q.requests++
	}
	for _, m := range batch {
		delete(q.inFlight, m.ID)
		if q.groups[m.Group]--; q.groups[m.Group] == 0 {
			delete(q.groups, m.Group)
		}
		if failed[m.ID] {
			m.available = time.Now().Add(visibility)
			q.insert(m)
		}
	}
}

// held are the messages that are queued or in flight.
func (q *queue) held() []*message {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := slices.Clone(q.waiting)
	for _, m := range q.inFlight {
		all = append(all, m)
	}
	return all
}

// used is how many requests there were.
func (q *queue) used() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.requests
}
