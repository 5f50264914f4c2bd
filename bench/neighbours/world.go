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

// world is what one run happens in: two queues, deliver in environments that serve
// both, and the receivers of the healthy app and of its neighbour.
type world struct {
	ledger           *ledger
	webhooks, retry  *queue
	aws              *loopback.AWS
	healthy, another *loopback.Receiver
	// Those that handle no batch. As on AWS, an environment handles one at a time, of
	// whichever queue, and there are as many as there are batches at once.
	idle chan *loopback.Environment
	stop func()
}

// How many batches of each queue are delivered at once.
const (
	deliverConcurrency = 16
	retryConcurrency   = 20
)

// open starts a world. ctx ends with it, or with its first error, which is the
// cause.
func open(ctx context.Context, program string, n neighbour) (w *world, _ context.Context, err error) {
	ctx, end := context.WithCancelCause(ctx)
	w = &world{ledger: &ledger{trips: make(map[string]*trip)}, webhooks: newQueue(loopback.WebhookQueue, n.fair), retry: newQueue(loopback.RetryQueue, n.fair),
		idle: make(chan *loopback.Environment, deliverConcurrency+retryConcurrency)}
	var busy sync.WaitGroup
	closing := []func(){func() { end(nil) }, busy.Wait}
	w.stop = func() {
		for _, f := range closing {
			f()
		}
	}
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	if w.healthy, err = loopback.Receive(loopback.AnswersAfter(quick), w.ledger.arrive); err != nil {
		return nil, nil, err
	}
	closing = append(closing, w.healthy.Close)
	if w.another, err = loopback.Receive(n.behave, w.ledger.arrive); err != nil {
		return nil, nil, err
	}
	closing = append(closing, w.another.Close)
	w.aws = &loopback.AWS{AppURL: w.urlOf(n), Log: w.ledger.log, Take: w.take}
	if err = w.aws.Serve(); err != nil {
		return nil, nil, err
	}
	closing = append(closing, w.aws.Close)
	for range cap(w.idle) {
		e, err := loopback.Start(ctx, program, loopback.Settings{Endpoint: w.aws.URL, Timeout: deadline})
		if err != nil {
			return nil, nil, err
		}
		closing = append(closing, e.Stop)
		// What a start costs this machine, which has no others, is not to be seen in the figures.
		if _, _, err := e.Invoke(events.SQSEvent{Records: []events.SQSMessage{}}); err != nil {
			return nil, nil, err
		}
		w.idle <- e
	}
	for range deliverConcurrency {
		busy.Go(func() { w.serve(ctx, w.webhooks, end) })
	}
	for range retryConcurrency {
		busy.Go(func() { w.serve(ctx, w.retry, end) })
	}
	return w, ctx, nil
}

func (w *world) urlOf(n neighbour) func(app string) string {
	return func(app string) string {
		switch {
		case app == healthyApp, strings.HasPrefix(app, seldomApps):
			return w.healthy.URL + app
		case n.behave == nil:
			return "http://127.0.0.1:1/" // at which nothing listens
		}
		return w.another.URL + app
	}
}

// serve hands what is on a queue to deliver, a batch as large as what is there,
// until ctx ends or something fails.
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

// webhook is one that is sent.
type webhook struct{ id, app string }

// send queues webhooks, all at once.
func (w *world) send(all ...webhook) {
	var messages []*message
	for _, h := range all {
		messages = append(messages, &message{webhook: h.id, Message: loopback.Message{Group: h.app, Body: loopback.Webhook(h.id, h.app)}})
		w.ledger.send(h)
	}
	w.webhooks.put(0, messages...)
}

// take puts what deliver sends on onto RetryQueue. There are no dead letters
// here: one would be missing from the books, and so show up as lost.
func (w *world) take(queue string, sent loopback.SentOn) {
	if queue != loopback.RetryQueue {
		return
	}
	var body struct{ ID string }
	_ = json.Unmarshal([]byte(sent.MessageBody), &body) // a message of ours has no id, and no trip
	w.ledger.of(body.ID, func(t *trip) { t.deferred++ })
	m := loopback.Message{Group: sent.MessageGroupID, Body: sent.MessageBody, Attributes: make(map[string]events.SQSMessageAttribute)}
	for name, a := range sent.MessageAttributes {
		m.Attributes[name] = events.SQSMessageAttribute{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	w.retry.put(time.Duration(sent.DelaySeconds)*time.Second, &message{webhook: body.ID, Message: m})
}

// queued are the webhooks that are queued or in flight. What moves meanwhile is
// found: it is put onto RetryQueue before it is deleted where it was.
func (w *world) queued() map[string]bool {
	ids := make(map[string]bool)
	for _, q := range []*queue{w.webhooks, w.retry} {
		for _, m := range q.held() {
			ids[m.webhook] = true
		}
	}
	return ids
}
