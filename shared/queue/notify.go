package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"hookwarden/shared/delivery"
	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
)

// VisibilityAPI changes when a message is received again.
type VisibilityAPI interface {
	API
	ChangeMessageVisibility(ctx context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
}

// Notify is the consumer of NotificationQueue.
type Notify struct {
	Job    *notice.Job
	API    VisibilityAPI
	URL    string // of NotificationQueue
	DLQ    string // URL
	Logger *slog.Logger
	Flush  func() // called after each event
}

// lastTry is the receive after which a notice is given up with its reason, just
// before SQS would move it without one.
const lastTry = 299

// Handle handles one event.
func (q Notify) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	defer q.Flush()
	return each(ctx, e, q.Logger, q.handle), nil
}

func (q Notify) handle(ctx context.Context, r events.SQSMessage) error {
	n, err := platform.DecodeNotice([]byte(r.Body))
	if err != nil {
		return q.bury(ctx, r, delivery.ReasonInvalid, err.Error())
	}
	err = q.Job.Handle(ctx, n)
	if errors.Is(err, platform.ErrRefused) {
		return q.bury(ctx, r, delivery.ReasonRefused, refusedDetail(err))
	}
	var later *notice.Later
	if !errors.As(err, &later) {
		return err
	}
	if receives(r) >= lastTry {
		return q.bury(ctx, r, "mail_"+later.Reason, "the mail could not be sent in "+fmt.Sprint(receives(r))+" tries")
	}
	if err := q.wait(ctx, r, later.After); err != nil {
		q.Logger.WarnContext(ctx, "visibility not changed", "message_id", r.MessageId, "error", err) // the queue's own time-out holds
	}
	return later
}

func (q Notify) wait(ctx context.Context, r events.SQSMessage, d time.Duration) error {
	_, err := q.API.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.URL, ReceiptHandle: aws.String(r.ReceiptHandle), VisibilityTimeout: int32(min(d, 12*time.Hour).Seconds())})
	return err
}

func (q Notify) bury(ctx context.Context, r events.SQSMessage, reason, detail string) error {
	q.Logger.ErrorContext(ctx, "dead letter", "message_id", r.MessageId, "reason", reason, "detail", detail)
	return bury(ctx, q.API, q.DLQ, r, r.Body, reason, detail)
}
