package queue

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

// Outbox is what deliver sends on: to RetryQueue and to the dead-letter queue.
type Outbox struct {
	API    API
	Retry  string // URL
	DLQ    string // URL
	Logger *slog.Logger
}

var _ delivery.Outbox = Outbox{}

const (
	maxDelay        = 900 * time.Second // SQS's own limit
	maxDetail       = 512               // bytes
	carriedOn       = 6                 // of the producer's attributes, with four of ours; one less with a mark
	carriedOnLetter = 8                 // beside two of ours
)

// SendLater implements delivery.Outbox.
func (o Outbox) SendLater(ctx context.Context, messages []delivery.Later) []delivery.Unsent {
	entries := make([]types.SendMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
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
		if m.Counts {
			attributes[attrKind] = textValue(kindCounts)
		}
		entries[i] = types.SendMessageBatchRequestEntry{
			MessageBody:       aws.String(m.Body),
			MessageAttributes: attributes,
			DelaySeconds:      delaySeconds(m.Wait),
		}
		if m.GroupID != "" {
			entries[i].MessageGroupId = aws.String(m.GroupID)
		}
	}
	failed, err := send(ctx, o.API, o.Retry, entries)
	if err != nil {
		o.Logger.ErrorContext(ctx, "messages not sent to the retry queue", "count", len(failed), "error", err)
	}
	return unsent(failed)
}

// SendLetters implements delivery.Outbox.
func (o Outbox) SendLetters(ctx context.Context, letters []delivery.Letter) []delivery.Unsent {
	entries := make([]types.SendMessageBatchRequestEntry, len(letters))
	for i, l := range letters {
		entries[i] = letter(l.Body, carried(l.Attributes, carriedOnLetter), l.Reason, l.Detail)
	}
	failed, err := sendLetters(ctx, o.API, o.DLQ, entries)
	if err != nil {
		o.Logger.ErrorContext(ctx, "messages not sent to the dead-letter queue", "count", len(failed), "error", err)
	}
	return unsent(failed)
}

// letter is a message for a dead-letter queue.
func letter(body string, attributes map[string]types.MessageAttributeValue, reason, detail string) types.SendMessageBatchRequestEntry {
	attributes[attrReason] = textValue(reason)
	attributes[attrDetail] = textValue(sendable(platform.Cut(detail, maxDetail)))
	e := types.SendMessageBatchRequestEntry{MessageBody: aws.String(body), MessageAttributes: attributes}
	return burial(e, reason)
}

// carried is the first few of the producer's attributes, by name.
func carried(attributes map[string]delivery.Attribute, limit int) map[string]types.MessageAttributeValue {
	kept := make(map[string]types.MessageAttributeValue, limit+carriedOn)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if len(kept) == limit {
			break
		}
		kept[name] = value(attributes[name])
	}
	return kept
}

// delaySeconds is the wait, rounded up, as far as SQS can delay a message.
func delaySeconds(wait time.Duration) int32 {
	return int32(math.Ceil(min(max(wait, 0), maxDelay).Seconds()))
}
