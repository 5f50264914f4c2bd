package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"
)

// mapping is an event source mapping: it hands what is on a queue to deliver, in
// batches as large as what is there, up to so many at once.
type mapping struct {
	queue  *queue
	pool   *pool
	atOnce int
}

// run returns when ctx has ended and no batch is being handled any more, or
// after an error, which ends ctx.
func (m mapping) run(ctx context.Context, fail context.CancelCauseFunc) {
	var all sync.WaitGroup
	for range m.atOnce {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := m.handle(ctx); err != nil {
					fail(err)
				}
			}
		})
	}
	all.Wait()
}

func (m mapping) handle(ctx context.Context) error {
	batch := m.queue.receive(ctx)
	if len(batch) == 0 {
		return nil
	}
	answer, err := m.pool.invoke(event(m.queue.name, batch))
	if err != nil {
		return err
	}
	var out events.SQSEventResponse
	if err := json.Unmarshal(answer, &out); err != nil {
		return fmt.Errorf("deliver answered %q: %w", answer, err)
	}
	failed := make(map[string]bool)
	for _, f := range out.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	m.queue.settle(batch, failed)
	return nil
}

// event is a batch as Lambda hands it to a function.
func event(queue string, batch []*queued) events.SQSEvent {
	var e events.SQSEvent
	for _, m := range batch {
		e.Records = append(e.Records, record(queue, m))
	}
	return e
}

func record(queue string, m *queued) events.SQSMessage {
	sent := strconv.FormatInt(m.sent.UnixMilli(), 10)
	return events.SQSMessage{
		MessageId:     m.id,
		ReceiptHandle: strings.Repeat("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy", 6),
		Body:          m.body,
		Md5OfBody:     "7b270e59b47ff90a553787216d55d91d",
		Attributes: map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.receives), "SentTimestamp": sent,
			"ApproximateFirstReceiveTimestamp": sent, "SenderId": "AIDAIENQZJOLO23YVJ4VO", "MessageGroupId": m.group},
		MessageAttributes: m.attributes,
		EventSource:       "aws:sqs",
		EventSourceARN:    "arn:aws:sqs:us-east-1:" + account + ":" + queue,
		AWSRegion:         "us-east-1",
	}
}
