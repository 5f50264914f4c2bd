package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/shared/delivery"
)

// WebhookConsumer consumes WebhookQueue and RetryQueue. It believes hookwarden's own
// attributes only on records of RetryQueue.
type WebhookConsumer struct {
	Job   *delivery.Job
	Retry string // URL of RetryQueue
	Flush func() // called after each event
}

var _ lambda.Handler = WebhookConsumer{}

// Invoke implements lambda.Handler.
func (q WebhookConsumer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	defer q.Flush()
	batch, err := q.decode(payload)
	if err != nil {
		return nil, err
	}
	return answer(q.Job.Deliver(ctx, batch))
}

func (q WebhookConsumer) decode(payload []byte) ([]delivery.Message, error) {
	var e webhooksEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	batch := make([]delivery.Message, len(e.Records))
	retryARN := arnSuffix(q.Retry)
	for i, r := range e.Records {
		batch[i] = delivery.Message{
			ID:         r.MessageID,
			Body:       r.Body,
			Attributes: producers(r.MessageAttributes),
			SentAt:     parseMilliseconds(r.Attributes.SentTimestamp),
			Receives:   parseReceives(r.Attributes.Receives),
		}
		if strings.HasSuffix(r.EventSourceARN, retryARN) {
			readTrip(r.MessageAttributes, &batch[i])
		}
	}
	return batch, nil
}

// webhooksEvent is the part of events.SQSEvent that deliver needs. Decoding the rest
// would take an eighth of a webhook's CPU time.
type webhooksEvent struct {
	Records []struct {
		MessageID         string                                `json:"messageId"`
		Body              string                                `json:"body"`
		EventSourceARN    string                                `json:"eventSourceARN"`
		MessageAttributes map[string]events.SQSMessageAttribute `json:"messageAttributes"`
		Attributes        struct {
			SentTimestamp string `json:"SentTimestamp"`
			Receives      string `json:"ApproximateReceiveCount"`
		} `json:"attributes"`
	} `json:"Records"`
}

// readTrip reads the attributes that a record of RetryQueue carries from hop to hop.
func readTrip(attributes map[string]events.SQSMessageAttribute, m *delivery.Message) {
	m.FromRetry = true
	m.Attempts = int(numberAttribute(attributes, attrAttempts))
	m.Hops = int(numberAttribute(attributes, attrHops))
	m.Mark = textAttribute(attributes, attrCopy)
	m.Kind = delivery.Kind(textAttribute(attributes, attrKind))
	if ms := numberAttribute(attributes, attrSentAt); ms > 0 {
		m.SentAt = time.UnixMilli(ms)
	}
	if ms := numberAttribute(attributes, attrDueAt); ms > 0 {
		m.DueAt = time.UnixMilli(ms)
	}
}

// arnSuffix is the end of a queue's ARN,
// "arn:<partition>:sqs:<region>:<account>:<name>", for its URL
// "https://<host>/<account>/<name>".
func arnSuffix(url string) string {
	account, name := path.Split(url)
	return ":" + path.Base(account) + ":" + name
}
