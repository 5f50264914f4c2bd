// Package queue is both ends of SQS. It turns events into messages for the jobs, and
// the jobs' answers into batch item failures. It also sends what the jobs send.
//
// A consumer is a lambda.Handler, which gets each event as raw bytes. For a function
// that takes an events.SQSEvent, the Lambda library would use a json.Decoder, which
// takes longer.
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

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

// answer lists the records that are returned to their queue. If there are none, the
// list is [] and not null.
func answer(returned []string) ([]byte, error) {
	list := make([]events.SQSBatchItemFailure, len(returned))
	for i, id := range returned {
		list[i].ItemIdentifier = id
	}
	return json.Marshal(events.SQSEventResponse{BatchItemFailures: list})
}

// each handles the records of an event one after another. If handling a record fails
// or panics, that record is returned; the others are not disturbed.
func each(ctx context.Context, payload []byte, logger *slog.Logger, handle func(context.Context, events.SQSMessage) error) ([]byte, error) {
	var e events.SQSEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	var returned []string
	for _, r := range e.Records {
		if err := guarded(ctx, r, logger, handle); err != nil {
			if !errors.As(err, new(*registry.DelayedError)) { // logged already, and not a fault
				logger.ErrorContext(ctx, "message not handled", named(r, "receives", receives(r), "error", err)...)
			}
			returned = append(returned, r.MessageId)
		}
	}
	return answer(returned)
}

// named is the fields of a log line about a record: the ones that name it, and more.
func named(r events.SQSMessage, more ...any) []any {
	names := append([]any{"message_id", r.MessageId}, platform.NamesIn([]byte(r.Body))...)
	return append(names, more...)
}

var errPanicked = errors.New("the handler panicked")

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
