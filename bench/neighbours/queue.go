package neighbours

import (
	"context"
	"sync"
	"time"

	"hookwarden/bench/loopback"
)

// queue is a standard queue of SQS, in memory. It hands messages out in about the
// order in which they become available.
type queue struct {
	name string

	mu       sync.Mutex
	some     *sync.Cond          // something was put, or a receiver's time is over
	ready    []*message          // to be received now
	held     map[string]*message // all that are queued or in flight, by id
	last     int                 // number of the last message
	requests int                 // receives and deletes; a receive that finds nothing is none, there are as many without any message
}

// message is one of the queue.
type message struct {
	loopback.Message
	webhook string // the id in its body
}

// visibility is the template's: when what a batch gave back comes again.
const visibility = 390 * time.Second

func newQueue(name string) *queue {
	q := &queue{name: name, held: make(map[string]*message)}
	q.some = sync.NewCond(&q.mu)
	return q
}

// put queues messages that arrive together, to be received after a delay.
func (q *queue) put(delay time.Duration, messages ...*message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range messages {
		q.last++
		m.ID, m.Sent = loopback.MessageID(q.last), time.Now()
		q.held[m.ID] = m
	}
	q.show(delay, messages)
}

// show lets messages be received after a delay. q is locked.
func (q *queue) show(delay time.Duration, messages []*message) {
	if delay > 0 {
		time.AfterFunc(delay, func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.show(0, messages)
		})
		return
	}
	q.ready = append(q.ready, messages...)
	q.some.Broadcast()
}

// receive waits for messages and returns up to ten that are in flight from then
// on; none when ctx has ended.
func (q *queue) receive(ctx context.Context) (batch []*message) {
	defer context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.some.Broadcast()
	})()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.ready) == 0 && ctx.Err() == nil {
		q.some.Wait()
	}
	if ctx.Err() != nil {
		return nil
	}
	n := min(len(q.ready), loopback.BatchSize)
	batch, q.ready = q.ready[:n:n], q.ready[n:]
	for _, m := range batch {
		m.Receives++
	}
	q.requests++
	return batch
}

// settle ends a batch: what has not failed is deleted.
func (q *queue) settle(batch []*message, failed map[string]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(failed) < len(batch) {
		q.requests++
	}
	for _, m := range batch {
		if failed[m.ID] {
			q.show(visibility, []*message{m})
			continue
		}
		delete(q.held, m.ID)
	}
}

// look adds the webhooks that are queued or in flight to ids, and returns how
// many requests there were.
func (q *queue) look(ids map[string]bool) (requests int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.held {
		ids[m.webhook] = true
	}
	return q.requests
}
