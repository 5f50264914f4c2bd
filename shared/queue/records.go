// Package queue is both ends of SQS: it turns events into messages for the jobs
// and their answers into batch item failures, and it sends what the jobs send
// on.
package queue

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/shared/delivery"
)

// Attributes that hookwarden adds to messages begin with this; a producer's are
// never sent on under such a name.
const ours = "hookwarden."

const (
	attrAttempts = ours + "attempts"
	attrSentAt   = ours + "sent_at"
	attrDueAt    = ours + "due_at"
	attrHops     = ours + "hops"
	attrKind     = ours + "kind"
	attrReason   = ours + "reason"
	attrDetail   = ours + "detail"

	kindCounts = "counts"
)

// Deliver hands each event to the job. The attributes of hookwarden are believed
// only on records of RetryQueue. After each event flush is called.
func Deliver(job *delivery.Job, retryQueueURL string, flush func()) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		defer flush()
		batch := make([]delivery.Message, len(e.Records))
		for i, r := range e.Records {
			batch[i] = decodeRecord(r)
			if isQueue(r.EventSourceARN, retryQueueURL) {
				readTrip(r, &batch[i])
			}
		}
		return failures(job.Deliver(ctx, batch)), nil
	}
}

// decodeRecord reads what any record has.
func decodeRecord(r events.SQSMessage) delivery.Message {
	m := delivery.Message{
		ID:         r.MessageId,
		Body:       r.Body,
		Attributes: make(map[string]delivery.Attribute),
		SentAt:     sentAt(r),
		Receives:   receives(r),
	}
	for name, a := range r.MessageAttributes {
		if strings.HasPrefix(name, ours) {
			continue
		}
		attribute := delivery.Attribute{Type: a.DataType, Binary: a.BinaryValue}
		if a.StringValue != nil {
			attribute.Text = *a.StringValue
		}
		m.Attributes[name] = attribute
	}
	return m
}

// readTrip reads what a record of RetryQueue carries from hop to hop.
func readTrip(r events.SQSMessage, m *delivery.Message) {
	m.FromRetry = true
	m.Attempts = int(numberAttribute(r, attrAttempts))
	m.Hops = int(numberAttribute(r, attrHops))
	m.Counts = textAttribute(r, attrKind) == kindCounts
	if ms := numberAttribute(r, attrSentAt); ms > 0 {
		m.SentAt = time.UnixMilli(ms)
	}
	if ms := numberAttribute(r, attrDueAt); ms > 0 {
		m.DueAt = time.UnixMilli(ms)
	}
}

func textAttribute(r events.SQSMessage, name string) string {
	if v := r.MessageAttributes[name].StringValue; v != nil {
		return *v
	}
	return ""
}

// numberAttribute reads a whole number of 0 and above; 0 for anything else.
func numberAttribute(r events.SQSMessage, name string) int64 {
	n, err := strconv.ParseInt(textAttribute(r, name), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// sentAt is when the record was queued.
func sentAt(r events.SQSMessage) time.Time {
	ms, _ := strconv.ParseInt(r.Attributes["SentTimestamp"], 10, 64)
	return time.UnixMilli(ms)
}

func receives(r events.SQSMessage) int {
	n, _ := strconv.Atoi(r.Attributes["ApproximateReceiveCount"])
	return n
}

// isQueue reports whether an ARN, "arn:<partition>:sqs:<region>:<account>:<name>",
// is that of the queue with the URL "https://<host>/<account>/<name>".
func isQueue(arn, url string) bool {
	parts := strings.Split(arn, ":")
	return len(parts) == 6 && strings.HasSuffix(url, "/"+parts[4]+"/"+parts[5])
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
			logger.ErrorContext(ctx, "message not handled", "message_id", r.MessageId, "receives", receives(r), "error", err)
			failed = append(failed, r.MessageId)
		}
	}
	return failures(failed)
}

func guarded(ctx context.Context, r events.SQSMessage, logger *slog.Logger,
	handle func(context.Context, events.SQSMessage) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			logger.ErrorContext(ctx, "message panicked", "message_id", r.MessageId, "panic", p, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	return handle(ctx, r)
}
