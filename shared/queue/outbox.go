package queue

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/delivery"
)

// Outbox sends deliver's messages on: to RetryQueue and to the dead-letter
// queue.
type Outbox struct {
	API    API
	Retry  string // URL
	DLQ    string // URL
	Logger *slog.Logger
}

var _ delivery.Outbox = Outbox{}

const maxDelay = 900 * time.Second // SQS's limit

// SendDelayed implements delivery.Outbox.
func (o Outbox) SendDelayed(ctx context.Context, messages []delivery.Delayed) []delivery.Unsent {
	entries := make([]types.SendMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
		entries[i] = retryEntry(m)
	}
	failed, err := send(ctx, o.API, o.Retry, entries)
	if err != nil {
		o.Logger.ErrorContext(ctx, "messages not sent to the retry queue", "count", len(failed), "error", err)
	}
	return unsent(failed)
}

// retryEntry is a message as RetryQueue's records carry it.
func retryEntry(m delivery.Delayed) types.SendMessageBatchRequestEntry {
	limit := carriedOn
	if m.Mark != "" {
		limit--
	}
	attributes := carried(m.Attributes, limit)
	attributes[attrAttempts] = numberValue(int64(m.Attempts))
	attributes[attrSentAt] = numberValue(m.SentAt.UnixMilli())
	attributes[attrDueAt] = numberValue(m.DueAt.UnixMilli())
	attributes[attrHops] = numberValue(int64(m.Hops))
	if m.Mark != "" {
		attributes[attrCopy] = textValue(m.Mark)
	}
	if m.Kind != delivery.KindWebhook {
		attributes[attrKind] = textValue(string(m.Kind))
	}
	e := types.SendMessageBatchRequestEntry{
		MessageBody:       aws.String(m.Body),
		MessageAttributes: attributes,
		DelaySeconds:      delaySeconds(m.Wait),
	}
	if m.GroupID != "" {
		e.MessageGroupId = aws.String(m.GroupID)
	}
	return e
}

// SendDeadLetters implements delivery.Outbox.
func (o Outbox) SendDeadLetters(ctx context.Context, letters []delivery.DeadLetter) []delivery.Unsent {
	entries := make([]types.SendMessageBatchRequestEntry, len(letters))
	for i, l := range letters {
		entries[i] = deadLetter(l.Body, carried(l.Attributes, carriedDead), l.Reason, l.Detail)
	}
	failed, err := sendDeadLetters(ctx, o.API, o.DLQ, entries)
	if err != nil {
		o.Logger.ErrorContext(ctx, "messages not sent to the dead-letter queue", "count", len(failed), "error", err)
	}
	return unsent(failed)
}

// unsent turns failures into what the job wants.
func unsent(failed []failure) []delivery.Unsent {
	var list []delivery.Unsent
	for _, f := range failed {
		list = append(list, delivery.Unsent{Index: f.index, MayBeQueued: f.mayBeQueued})
	}
	return list
}

// delaySeconds is the wait, rounded up and cut to what SQS can delay.
func delaySeconds(wait time.Duration) int32 {
	return int32(math.Ceil(min(max(wait, 0), maxDelay).Seconds()))
}
