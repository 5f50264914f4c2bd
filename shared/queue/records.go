// Package queue is both ends of SQS: it turns events into messages for the jobs
// and their answers into batch item failures, and it sends what the jobs send
// on.
package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

// Attributes that hookwarden adds to messages begin with this; a producer's are
// never sent on under such a name.
const ours = "hookwarden."

const (
	attrAttempts = ours + "attempts"
	attrSentAt   = ours + "sent_at"
	attrDueAt    = ours + "due_at"
	attrHops     = ours + "hops"
	attrCopy     = ours + "copy"
	attrKind     = ours + "kind"
	attrReason   = ours + "reason"
	attrDetail   = ours + "detail"

	kindCounts = "counts"
)

// Deliver is the consumer of WebhookQueue and RetryQueue. The attributes of
// hookwarden are believed only on records of RetryQueue.
type Deliver struct {
	Job   *delivery.Job
	Retry string // URL of RetryQueue
	Flush func() // called after each event
}

var _ lambda.Handler = Deliver{}

// Invoke implements lambda.Handler, which hands events over as they came. For a
// function of events.SQSEvent the Lambda library would read them through a
// json.Decoder, and decode what nobody here needs: an eighth of all CPU that a
// webhook takes.
func (q Deliver) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	defer q.Flush()
	batch, err := q.decode(payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(failures(q.Job.Deliver(ctx, batch)))
}

func (q Deliver) decode(payload []byte) ([]delivery.Message, error) {
	var e webhooksEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	batch := make([]delivery.Message, len(e.Records))
	retryARN := arnSuffix(q.Retry)
	for i, r := range e.Records {
		batch[i] = r.message()
		if strings.HasSuffix(r.EventSourceARN, retryARN) {
			readTrip(r.MessageAttributes, &batch[i])
		}
	}
	return batch, nil
}

// webhooksEvent is as much of events.SQSEvent as deliver needs.
type webhooksEvent struct {
	Records []webhookRecord `json:"Records"`
}

type webhookRecord struct {
	MessageID         string                                `json:"messageId"`
	Body              string                                `json:"body"`
	EventSourceARN    string                                `json:"eventSourceARN"`
	MessageAttributes map[string]events.SQSMessageAttribute `json:"messageAttributes"`
	Attributes        struct {
		SentTimestamp string `json:"SentTimestamp"`
		Receives      string `json:"ApproximateReceiveCount"`
	} `json:"attributes"`
}

func (r webhookRecord) message() delivery.Message {
	return delivery.Message{
		ID:         r.MessageID,
		Body:       r.Body,
		Attributes: producers(r.MessageAttributes),
		SentAt:     parseMilliseconds(r.Attributes.SentTimestamp),
		Receives:   parseReceives(r.Attributes.Receives),
	}
}

// producers are a record's attributes without those of hookwarden.
func producers(attributes map[string]events.SQSMessageAttribute) map[string]delivery.Attribute {
	if len(attributes) == 0 {
		return nil
	}
	kept := make(map[string]delivery.Attribute, len(attributes))
	for name, a := range attributes {
		if strings.HasPrefix(name, ours) {
			continue
		}
		attribute := delivery.Attribute{Type: a.DataType, Binary: a.BinaryValue}
		if a.StringValue != nil {
			attribute.Text = *a.StringValue
		}
		kept[name] = attribute
	}
	return kept
}

// readTrip reads what a record of RetryQueue carries from hop to hop.
func readTrip(attributes map[string]events.SQSMessageAttribute, m *delivery.Message) {
	m.FromRetry = true
	m.Attempts = int(numberAttribute(attributes, attrAttempts))
	m.Hops = int(numberAttribute(attributes, attrHops))
	m.Mark = textAttribute(attributes, attrCopy)
	m.Counts = textAttribute(attributes, attrKind) == kindCounts
	if ms := numberAttribute(attributes, attrSentAt); ms > 0 {
		m.SentAt = time.UnixMilli(ms)
	}
	if ms := numberAttribute(attributes, attrDueAt); ms > 0 {
		m.DueAt = time.UnixMilli(ms)
	}
}

func textAttribute(attributes map[string]events.SQSMessageAttribute, name string) string {
	if v := attributes[name].StringValue; v != nil {
		return *v
	}
	return ""
}

// numberAttribute reads a whole number of 0 and above; 0 for anything else.
func numberAttribute(attributes map[string]events.SQSMessageAttribute, name string) int64 {
	n, err := strconv.ParseInt(textAttribute(attributes, name), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// sentAt is when the record was queued.
func sentAt(r events.SQSMessage) time.Time { return parseMilliseconds(r.Attributes["SentTimestamp"]) }

func receives(r events.SQSMessage) int { return parseReceives(r.Attributes["ApproximateReceiveCount"]) }

func parseMilliseconds(text string) time.Time {
	ms, _ := strconv.ParseInt(text, 10, 64)
	return time.UnixMilli(ms)
}

func parseReceives(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// arnSuffix is how the ARN, "arn:<partition>:sqs:<region>:<account>:<name>", of
// the queue with the URL "https://<host>/<account>/<name>" ends.
func arnSuffix(url string) string {
	account, name := path.Split(url)
	return ":" + path.Base(account) + ":" + name
}

// failures is the answer that lists records to be received again. It is [] and
// never null when there are none.
func failures(ids []string) events.SQSEventResponse {
	list := make([]events.SQSBatchItemFailure, len(ids))
	for i, id := range ids {
		list[i].ItemIdentifier = id
	}
	return events.SQSEventResponse{BatchItemFailures: list}
}

// each handles the records of an event one after another. A record whose
// handling fails or panics is received again; the others are not disturbed.
func each(ctx context.Context, e events.SQSEvent, logger *slog.Logger,
	handle func(context.Context, events.SQSMessage) error) events.SQSEventResponse {
	var failed []string
	for _, r := range e.Records {
		if err := guarded(ctx, r, logger, handle); err != nil {
			logger.ErrorContext(ctx, "message not handled", named(r, "receives", receives(r), "error", err)...)
			failed = append(failed, r.MessageId)
		}
	}
	return failures(failed)
}

// named are the fields of a log line about a record: what names it, and more.
func named(r events.SQSMessage, more ...any) []any {
	names := append([]any{"message_id", r.MessageId}, platform.NamesIn([]byte(r.Body))...)
	return append(names, more...)
}

func guarded(ctx context.Context, r events.SQSMessage, logger *slog.Logger,
	handle func(context.Context, events.SQSMessage) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			logger.ErrorContext(ctx, "message panicked", named(r, "panic", p, "stack", string(debug.Stack()))...)
			err = errPanicked
		}
	}()
	return handle(ctx, r)
}
