package dynamo

import (
	"context"
	"log/slog"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/shared/disabling"
)

// Stream hands each event of the Buffer's stream to the job. The answer names
// the first record that is to be delivered again, with all after it; it is []
// and never null when there is none. After each event flush is called.
func Stream(job *disabling.Job, logger *slog.Logger, flush func()) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		defer flush()
		answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
		var records []disabling.Record
		for _, r := range e.Records {
			if record, ok := DecodeRecord(r); ok {
				records = append(records, record)
			}
		}
		if failed := handle(ctx, job, logger, records); failed != "" {
			answer.BatchItemFailures = append(answer.BatchItemFailures,
				events.DynamoDBBatchItemFailure{ItemIdentifier: failed})
		}
		return answer, nil
	}
}

// handle turns a panic into a failure of the whole batch: the mapping halves it
// until the culprit is alone.
func handle(ctx context.Context, job *disabling.Job, logger *slog.Logger, records []disabling.Record) (failed string) {
	defer func() {
		if p := recover(); p != nil {
			logger.Error("stream batch panicked", "panic", p, "stack", string(debug.Stack()))
			failed = records[0].Sequence
		}
	}()
	return job.Handle(ctx, records)
}
