package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// queue is a standard queue of SQS, in memory. It hands messages out in the
// order in which they become available. If it is fair, it does so as SQS
// documents it for messages with a MessageGroupId: those of noisy groups come
// after all others.
type queue struct {
	name string
	fair bool

	mu       sync.Mutex
	waiting  []*queued // by the time from which they are available
	inFlight map[string]*queued
	groups   map[string]int // of those in flight
	changed  chan struct{}  // closed when something was put
	last     int            // number of the last message
	charges  charges
	late     []time.Duration // how long each message was available before it was received
}

// charges are the requests that SQS would charge for. A receive that finds nothing is left
// out: there are as many of them without any message.
type charges struct{ receives, deletes int }

// queued is one message.
type queued struct {
	id         string
	webhook    string // the id in its body
	group      string
	body       string
	attributes map[string]events.SQSMessageAttribute
	sent       time.Time
	receives   int
	available  time.Time // not received before
}

const (
	// visibility is the template's: when what a batch gave back comes again.
	visibility = 390 * time.Second

	// A group is noisy if more than a tenth of all that is in flight is its,
	// and at least so many.
	noisyShare = 10
	noisyFrom  = 30
)

func newQueue(name string) *queue {
	return &queue{name: name, inFlight: make(map[string]*queued), groups: make(map[string]int), changed: make(chan struct{})}
}

// put queues messages that arrive together, to be received after a delay.
func (q *queue) put(delay time.Duration, messages ...*queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, m := range messages {
		q.last++
		m.id = fmt.Sprintf("%08x-1278-4e51-a3c2-7a1e5e4fbb11", q.last)
		m.sent, m.available = now, now.Add(delay)
		q.insert(m)
	}
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *queue) insert(m *queued) {
	at, _ := slices.BinarySearchFunc(q.waiting, m, func(other, m *queued) int {
		if other.available.After(m.available) {
			return 1
		}
		return -1 // also if equal: behind it
	})
	q.waiting = slices.Insert(q.waiting, at, m)
}

// receive waits for messages and returns up to ten that are in flight from then
// on; none when ctx has ended.
func (q *queue) receive(ctx context.Context) []*queued {
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
func (q *queue) take() (batch []*queued, next time.Duration, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	due := slices.IndexFunc(q.waiting, func(m *queued) bool { return m.available.After(now) })
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
	q.charges.receives++
	for _, m := range batch {
		m.receives++
		q.late = append(q.late, now.Sub(m.available))
		q.inFlight[m.id] = m
		q.groups[m.group]++
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(m *queued) bool { return q.inFlight[m.id] != nil })
	return batch, 0, q.changed
}

func (q *queue) choose(due []*queued) []*queued {
	var quiet, noisy []*queued
	for _, m := range due {
		if len(quiet) == batchSize {
			break
		}
		if q.fair && q.noisy(m.group) {
			noisy = append(noisy, m)
			continue
		}
		quiet = append(quiet, m)
	}
	quiet = append(quiet, noisy...)
	return quiet[:min(len(quiet), batchSize)]
}

func (q *queue) noisy(group string) bool {
	n := q.groups[group]
	return n >= noisyFrom && n*noisyShare > len(q.inFlight)
}

// settle ends a batch: what has not failed is deleted.
func (q *queue) settle(batch []*queued, failed map[string]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(failed) < len(batch) {
		q.charges.deletes++
	}
	for _, m := range batch {
		delete(q.inFlight, m.id)
		if q.groups[m.group]--; q.groups[m.group] == 0 {
			delete(q.groups, m.group)
		}
		if failed[m.id] {
			m.available = time.Now().Add(visibility)
			q.insert(m)
		}
	}
}

// held are the messages that are queued or in flight.
func (q *queue) held() []*queued {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := slices.Clone(q.waiting)
	for _, m := range q.inFlight {
		all = append(all, m)
	}
	return all
}

// charged are the requests so far.
func (q *queue) charged() charges {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.charges
}

// lateness is how long each message was available before it was received.
func (q *queue) lateness() []time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.late)
}
