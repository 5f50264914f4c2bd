package neighbours

import (
	"context"
	"sync"
	"time"

	"hookwarden/bench/loopback"
)

// queue is a standard SQS queue in memory. It hands out messages in about the
// order in which they become available.
type queue struct {
	name string

	mu       sync.Mutex
	some     *sync.Cond          // signals that a message was put or that a receiver's time is over
	ready    []*message          // messages that can be received now
	held     map[string]*message // all that are queued or in flight, by id
	last     int                 // the number of the last message
	requests int                 // receives and deletes; an empty receive does not count, since an idle queue has them too
}

// message is a message of the queue.
type message struct {
	loopback.Message
	webhook string // the id in its body
}

// visibility is the template's visibility time-out: after it, what a batch
// returned comes again.
const visibility = 390 * time.Second

func newQueue(name string) *queue {
	q := &queue{name: name, held: make(map[string]*message)}
	q.some = sync.NewCond(&q.mu)
	return q
}

// put queues messages that arrive together and can be received after a delay.
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

// show makes messages available after a delay. q must be locked.
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

// receive waits for messages and returns up to ten, which are then in flight.
// It returns none when ctx has ended.
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

// settle ends a batch: it deletes the messages that have not failed.
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

// look adds the webhooks that are queued or in flight to ids, and returns the
// number of requests so far.
func (q *queue) look(ids map[string]bool) (requests int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.held {
		ids[m.webhook] = true
	}
	return q.requests
}
