package dynamo

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/shared/disabling"
)

// Stream hands each event of the Buffer's stream to the job, and then calls
// flush. The answer names the first record that must be delivered again, with
// all after it. If there is none, it is [] and not null.
func Stream(job *disabling.Job, flush func()) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		defer flush()
		answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
		var records []disabling.Record
		for _, r := range e.Records {
			if record, ok := DecodeRecord(r); ok {
				records = append(records, record)
			}
		}
		if failed := job.Handle(ctx, records); failed != "" {
			answer.BatchItemFailures = append(answer.BatchItemFailures,
				events.DynamoDBBatchItemFailure{ItemIdentifier: failed})
		}
		return answer, nil
	}
}
