package dynamo

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"hookwarden/shared/delivery"
	"hookwarden/shared/tally"
)

// takesAll is a DynamoDB that accepts all writes and keeps none.
type takesAll struct{}

func (takesAll) BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	return &dynamodb.BatchWriteItemOutput{}, nil
}

func (takesAll) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return &dynamodb.UpdateItemOutput{}, nil
}

func (takesAll) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return &dynamodb.QueryOutput{}, nil
}

// BenchmarkWriteEntries encodes the log of a batch of ten; an op is one entry.
func BenchmarkWriteEntries(b *testing.B) {
	entries := make([]delivery.Entry, 10)
	for i := range entries {
		entries[i] = delivery.Entry{Time: time.UnixMilli(1764000000000), AppID: "17", WebhookID: fmt.Sprintf("evt_%026d", i), MessageID: "8476a536-e9f4-11e8",
			EventType: "issue.created", Attempt: 1, Outcome: "success", Sent: true, ResponseCode: 200, URL: "https://receiver.example/hook",
			Duration: 20 * time.Millisecond}
	}
	t := Requests{API: takesAll{}, Table: "requests", Logger: slog.New(slog.DiscardHandler)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(entries) == 0 {
			if left := t.WriteEntries(b.Context(), entries); len(left) > 0 {
				b.Fatal("entries were left")
			}
		}
	}
}

// BenchmarkAddCounts encodes the counts and clues of a batch; an op is one batch.
func BenchmarkAddCounts(b *testing.B) {
	t := Buffer{API: takesAll{}, Table: "buffer"}
	key := delivery.CounterKey{Key: "17#42#1", Date: "2026-11-24"}
	at := time.UnixMilli(1764000000000)
	failure := tally.Failure{At: at, Outcome: "error", Status: 403, EventType: "issue.created", WebhookID: "evt_1"}
	for name, c := range map[string]struct {
		counts tally.Counts
		clues  tally.Clues
	}{
		"success": {tally.Counts{Success: 10}, tally.Clues{LastSuccess: at}},
		"error":   {tally.Counts{Success: 9, Error: 1}, tally.Clues{LastFailure: failure, LastSuccess: at}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := t.AddCounts(b.Context(), key, c.counts, c.clues); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
