package letters

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	perCall = 10
	workers = 16
	wait    = 1 // seconds that a receive waits: without, it asks only some of SQS's servers

	// So many receives in a row must be empty before a walk believes that nothing is left.
	empties = 3
)

// hiddenFor is how long letters are hidden from others while so many are looked through.
func hiddenFor(letters int) time.Duration {
	return min(max(2*time.Minute, time.Duration(letters)*10*time.Millisecond), time.Hour)
}

// walk goes through all letters of a queue, each once, and hides them while it does.
type walk struct {
	api    API
	queue  Queue
	state  state
	hidden time.Duration
	passed func(n int) // is told of progress; called by several at once

	mu   sync.Mutex
	seen map[string]bool   // ids
	held map[string]string // receipt handles by id, of what is not deleted
	gone map[string]bool   // ids of what was sent back, and so is not to be sent again
}

func newWalk(api API, q Queue, s state, passed func(int)) *walk {
	return &walk{api: api, queue: q, state: s, hidden: hiddenFor(s.waiting), passed: passed,
		seen: make(map[string]bool), held: make(map[string]string), gone: make(map[string]bool)}
}

// each receives until nothing is left, and hands on what it has not seen before: up to ten
// letters at a time, to several at once. It ends early, with the error, if take fails.
func (w *walk) each(ctx context.Context, take func(context.Context, []types.Message) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for range min(workers, 1+w.state.waiting/(2*perCall)) {
		all.Go(func() {
			if err := w.work(ctx, take); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

func (w *walk) work(ctx context.Context, take func(context.Context, []types.Message) error) error {
	for empty := 0; empty < empties; {
		out, err := w.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &w.queue.URL, MaxNumberOfMessages: perCall, WaitTimeSeconds: wait, VisibilityTimeout: int32(w.hidden / time.Second),
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			return fmt.Errorf("receive from %s: %w", w.queue.Is, err)
		}
		fresh := w.hold(out.Messages)
		if len(fresh) == 0 {
			if w.isThrough() {
				return nil
			}
			empty++
			continue
		}
		empty = 0
		if err := take(ctx, fresh); err != nil {
			return err
		}
		w.passed(len(fresh))
	}
	return nil
}

// hold remembers letters, and returns those that are new. One that came before, since it
// was not hidden any more, is held by its newest handle.
func (w *walk) hold(messages []types.Message) (fresh []types.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range messages {
		id := idOf(m)
		if !w.seen[id] {
			fresh = append(fresh, m)
		}
		w.seen[id] = true
		w.held[id] = aws.ToString(m.ReceiptHandle)
	}
	return fresh
}

// isThrough reports whether as many were seen as SQS spoke of.
func (w *walk) isThrough() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen) >= w.state.waiting
}

// sent notes letters that are in another queue now.
func (w *walk) sent(messages []types.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range messages {
		w.gone[idOf(m)] = true
	}
}

// drop forgets a letter that is deleted.
func (w *walk) drop(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, id)
}

// handle is the newest handle of a letter.
func (w *walk) handle(id string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held[id]
}

// show makes all that is held visible to others again, and returns how many stay hidden
// until their time is over. Letters that were sent back and could not be deleted stay so.
func (w *walk) show(ctx context.Context) (hidden int) {
	var entries []types.ChangeMessageVisibilityBatchRequestEntry
	for id, handle := range w.held {
		if !w.gone[id] {
			entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{ReceiptHandle: aws.String(handle)})
		}
	}
	var mu sync.Mutex
	inParallel(entries, func(some []types.ChangeMessageVisibilityBatchRequestEntry) {
		for i := range some {
			some[i].Id = aws.String(strconv.Itoa(i))
		}
		out, err := w.api.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &w.queue.URL, Entries: some})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			hidden += len(some)
			return
		}
		hidden += len(out.Failed)
	})
	return hidden
}

// inParallel hands on ten of a list at a time.
func inParallel[T any](list []T, handle func([]T)) {
	next := make(chan []T)
	var all sync.WaitGroup
	for range min(workers, 1+len(list)/perCall) {
		all.Go(func() {
			for some := range next {
				handle(some)
			}
		})
	}
	for len(list) > 0 {
		n := min(perCall, len(list))
		next <- list[:n]
		list = list[n:]
	}
	close(next)
	all.Wait()
}
