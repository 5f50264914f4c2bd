package neighbours

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/bench/loopback"
)

// world is the surroundings of one run: two queues, deliver in environments that
// serve both, and the receivers of the healthy app and its neighbour.
type world struct {
	ledger           *ledger
	webhooks, retry  *queue
	healthy, another *loopback.Receiver
	// Environments without a batch. As on AWS, an environment handles one batch at a
	// time, from either queue, and there are as many environments as batches at once.
	idle chan *loopback.Environment
}

// How many batches of each queue are delivered at once.
const (
	deliverConcurrency = 16
	retryConcurrency   = 20
)

// settleFor is how long, after the load, webhooks on their way may still take.
const settleFor = 10 * time.Second

// measure makes one run. It ends with ctx, or with the first error.
func measure(ctx context.Context, program string, n neighbour) (r result, err error) {
	w := &world{ledger: &ledger{trips: make(map[string]*trip)}, webhooks: newQueue(loopback.WebhookQueue), retry: newQueue(loopback.RetryQueue),
		idle: make(chan *loopback.Environment, deliverConcurrency+retryConcurrency)}
	if w.healthy, err = loopback.Receive(answers(quick), w.ledger.arrive); err != nil {
		return r, err
	}
	defer w.healthy.Close()
	if w.another, err = loopback.Receive(n.behave, w.ledger.arrive); err != nil {
		return r, err
	}
	defer w.another.Close()
	aws := &loopback.AWS{AppURL: w.urlOf(n), Log: w.ledger.log, Take: w.take}
	if err := aws.Serve(); err != nil {
		return r, err
	}
	defer aws.Close()
	for range cap(w.idle) {
		e, err := loopback.Start(ctx, program, loopback.Settings{Endpoint: aws.URL, Timeout: deadline})
		if err != nil {
			return r, err
		}
		defer e.Stop()
		// All environments start before the run, so that their starts, which this one machine has
		// to bear, do not show in the figures.
		if _, _, err := e.Invoke(events.SQSEvent{Records: []events.SQSMessage{}}); err != nil {
			return r, err
		}
		w.idle <- e
	}
	var busy sync.WaitGroup
	defer busy.Wait()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	for i := range cap(w.idle) {
		q := w.webhooks
		if i >= deliverConcurrency {
			q = w.retry
		}
		busy.Go(func() { w.serve(ctx, q, fail) })
	}
	start := time.Now()
	if r.late, err = w.load(ctx, start, n.apps); err != nil {
		return r, err
	}
	w.another.Become(answers(quick))
	if err := pause(ctx, settleFor); err != nil {
		return r, err
	}
	queued, requests := w.queued()
	w.ledger.read(&r, start, queued)
	calls, err := aws.Counted()
	r.neighbour, r.requests = n.name, requests+calls["SendMessageBatch"]
	return r, err
}

func (w *world) urlOf(n neighbour) func(app string) string {
	return func(app string) string {
		switch {
		case app == healthyApp, strings.HasPrefix(app, seldomApps):
			return w.healthy.URL + app
		case n.behave == nil:
			return "http://127.0.0.1:1/" // nothing listens there
		}
		return w.another.URL + app
	}
}

// serve hands a queue's messages to deliver, as many in a batch as there are, until
// ctx ends or something fails.
func (w *world) serve(ctx context.Context, q *queue, fail context.CancelCauseFunc) {
	for ctx.Err() == nil {
		batch := q.receive(ctx)
		if len(batch) == 0 {
			return
		}
		failed, err := w.handle(q.name, batch)
		if err != nil {
			fail(err)
			return
		}
		q.settle(batch, failed)
	}
}

func (w *world) handle(queue string, batch []*message) (failed map[string]bool, err error) {
	var event events.SQSEvent
	for _, m := range batch {
		event.Records = append(event.Records, loopback.Record(queue, m.Message))
	}
	e := <-w.idle
	answer, _, err := e.Invoke(event)
	if err != nil {
		return nil, err
	}
	w.idle <- e
	var out events.SQSEventResponse
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, fmt.Errorf("deliver answered %q: %w", answer, err)
	}
	failed = make(map[string]bool)
	for _, f := range out.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	return failed, nil
}

// webhook is a webhook to be sent.
type webhook struct{ id, app string }

// send queues webhooks together.
func (w *world) send(all ...webhook) {
	var messages []*message
	for _, h := range all {
		messages = append(messages, &message{webhook: h.id, Message: loopback.Message{Group: h.app, Body: loopback.Webhook(h.id, h.app)}})
		w.ledger.send(h)
	}
	w.webhooks.put(0, messages...)
}

// take puts what deliver sends on into RetryQueue. It does not expect dead letters:
// the ledger would show one as lost.
func (w *world) take(queue string, all []loopback.SentOn) {
	if queue != loopback.RetryQueue {
		return
	}
	after := make(map[time.Duration][]*message)
	for _, sent := range all {
		var body struct{ ID string }
		_ = json.Unmarshal([]byte(sent.MessageBody), &body) // a message of deliver's own has no id and no trip
		w.ledger.of(body.ID, func(t *trip) { t.deferred++ })
		delay := time.Duration(sent.DelaySeconds) * time.Second
		after[delay] = append(after[delay], &message{webhook: body.ID,
			Message: loopback.Message{Group: sent.MessageGroupID, Body: sent.MessageBody, Attributes: sent.MessageAttributes}})
	}
	for delay, messages := range after {
		w.retry.put(delay, messages...)
	}
}

// queued returns the webhooks that are queued or in flight, and the requests on
// RetryQueue. It finds webhooks that move in the meantime, since they are put into
// the new queue before they are deleted from the old one.
func (w *world) queued() (ids map[string]bool, requests int) {
	ids = make(map[string]bool)
	w.webhooks.look(ids)
	return ids, w.retry.look(ids)
}
