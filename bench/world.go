package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// world is what one neighbour run happens in: two queues, deliver in a pool of
// environments that serve both, and the receivers of the healthy app and of its
// neighbour.
type world struct {
	ledger           *ledger
	webhooks, retry  *queue
	pool             *pool
	aws              *standIns
	healthy, another *receiver
	stop             func()
}

// How many batches of each queue are delivered at once.
const (
	deliverConcurrency = 16
	retryConcurrency   = 20
)

const (
	healthyApp = "healthy"
	seldomApps = "seldom" // begins their names; they answer as the healthy app does
)

// refusedURL is of a port of loopback at which nothing listens.
const refusedURL = "http://127.0.0.1:1/"

// open starts a world. ctx ends with it, or with its first error, which is the
// cause.
func open(ctx context.Context, program string, n neighbour) (_ *world, _ context.Context, err error) {
	ctx, end := context.WithCancelCause(ctx)
	w := &world{ledger: newLedger(), webhooks: newQueue(webhookQueue), retry: newQueue(retryQueue)}
	w.webhooks.fair, w.retry.fair = n.fair, n.fair
	closing := []func(){func() { end(nil) }}
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
	if w.healthy, err = serveReceiver(answersQuickly, w.ledger.arrive); err != nil {
		return nil, nil, err
	}
	closing = append(closing, w.healthy.close)
	if w.another, err = serveReceiver(n.behave, w.ledger.arrive); err != nil {
		return nil, nil, err
	}
	closing = append(closing, w.another.close)
	w.aws = &standIns{appURL: w.urlOf(n), log: w.ledger.log, take: w.take}
	if err = w.aws.serve(); err != nil {
		return nil, nil, err
	}
	closing = append(closing, w.aws.close)
	w.pool = &pool{start: func() (*environment, error) {
		return startEnvironment(ctx, program, settings{endpoint: w.aws.url, timeout: deadline, read: w.ledger.read})
	}}
	served := func() {}
	closing = append(closing, func() { served() }, w.pool.stop)
	if err = w.pool.fill(deliverConcurrency + retryConcurrency); err != nil {
		return nil, nil, err
	}
	served = w.serve(ctx, end)
	return w, ctx, nil
}

func (w *world) urlOf(n neighbour) func(app string) string {
	return func(app string) string {
		switch {
		case app == healthyApp, strings.HasPrefix(app, seldomApps):
			return w.healthy.url + app
		case n.behave == nil:
			return refusedURL
		}
		return w.another.url + app
	}
}

// serve starts both mappings; wait returns when they have come to their end.
func (w *world) serve(ctx context.Context, fail context.CancelCauseFunc) (wait func()) {
	mappings := []mapping{{w.webhooks, w.pool, deliverConcurrency}, {w.retry, w.pool, retryConcurrency}}
	ended := make(chan struct{})
	for _, m := range mappings {
		go func() {
			m.run(ctx, fail)
			ended <- struct{}{}
		}()
	}
	return func() {
		for range mappings {
			<-ended
		}
	}
}

// send queues webhooks of one app, or of one each, all at once.
func (w *world) send(ids, apps []string) {
	messages := make([]*queued, len(ids))
	for i, id := range ids {
		messages[i] = &queued{webhook: id, group: apps[i], body: platformMessage(id, apps[i])}
		w.ledger.send(id, apps[i])
	}
	w.webhooks.put(0, messages...)
}

// take puts what deliver sends on onto RetryQueue. There are no dead letters
// here: one would be missing from the books, and so show up as lost.
func (w *world) take(queue string, e sentOn) {
	if queue != retryQueue {
		return
	}
	var body struct{ ID string }
	_ = json.Unmarshal([]byte(e.MessageBody), &body) // a message of ours has no id, and no trip
	w.ledger.deferral(body.ID, attemptsOf(e))
	attributes := make(map[string]events.SQSMessageAttribute, len(e.MessageAttributes))
	for name, a := range e.MessageAttributes {
		attributes[name] = events.SQSMessageAttribute{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	w.retry.put(time.Duration(e.DelaySeconds)*time.Second,
		&queued{webhook: body.ID, group: e.MessageGroupID, body: e.MessageBody, attributes: attributes})
}

// queuedWebhooks are those that are queued or in flight. What moves meanwhile is
// found: it is put onto RetryQueue before it is deleted where it was.
func (w *world) queuedWebhooks() map[string]bool {
	ids := make(map[string]bool)
	for _, q := range []*queue{w.webhooks, w.retry} {
		for _, m := range q.held() {
			ids[m.webhook] = true
		}
	}
	return ids
}

// backlog is how many webhooks of the neighbour are queued or in flight.
func (w *world) backlog() int {
	n := 0
	for id := range w.queuedWebhooks() {
		if !strings.HasPrefix(id, healthyApp) && !strings.HasPrefix(id, seldomApps) {
			n++
		}
	}
	return n
}
