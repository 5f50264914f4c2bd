package queue

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// BenchmarkDecodeEvent decodes events with ten webhooks; an op is one
// webhook.
func BenchmarkDecodeEvent(b *testing.B) {
	var e events.SQSEvent
	for i := range 10 {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: fmt.Sprintf("%08x-1278-4e51-a3c2-7a1e5e4fbb11", i), ReceiptHandle: strings.Repeat("r", 180), Md5OfBody: strings.Repeat("5", 32),
			Body: `{"id":"evt_01J","app_id":"17","data":{"issue":{"id":"1","title":"` + strings.Repeat("panic: a value is nil; ", 40) + `"}}}`,
			Attributes: map[string]string{"SentTimestamp": "5000", "ApproximateReceiveCount": "2", "SenderId": "AIDA",
				"ApproximateFirstReceiveTimestamp": "5001", "MessageGroupId": "17"},
			EventSource: "aws:sqs", AWSRegion: "us-east-1", EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:stack-WebhookQueue-1",
		})
	}
	payload, err := json.Marshal(e)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(e.Records) == 0 {
			if _, err := (WebhookConsumer{Retry: retryURL}).decode(payload); err != nil {
				b.Fatal(err)
			}
		}
	}
}
