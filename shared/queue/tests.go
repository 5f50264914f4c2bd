package queue

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// Tests sends register's tests to RetryQueue. From there a test is paced like any
// webhook, and deliver believes its attributes.
type Tests struct {
	API   API
	Retry string // URL
	Now   func() time.Time
}

var _ registry.Tests = Tests{}

// SendTest implements registry.Tests.
func (q Tests) SendTest(ctx context.Context, test platform.Webhook, sentAt time.Time) error {
	m := delivery.Delayed{GroupID: test.AppID, Message: delivery.Message{
		Body: test.EncodeTest(), SentAt: sentAt, DueAt: q.Now(), Kind: delivery.KindTest}}
	_, err := send(ctx, q.API, q.Retry, []types.SendMessageBatchRequestEntry{retryEntry(m)})
	return err
}
