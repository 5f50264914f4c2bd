package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
)

// VisibilityAPI changes when a message is received again.
type VisibilityAPI interface {
	ChangeMessageVisibility(ctx context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
}

// NotificationConsumer consumes NotificationQueue.
type NotificationConsumer struct {
	Job         *notice.Job
	API         VisibilityAPI
	URL         string // of NotificationQueue
	DeadLetters DeadLetters
	Logger      *slog.Logger
	Now         func() time.Time
	Flush       func() // called after each event
}

var _ lambda.Handler = NotificationConsumer{}

// A notice is given up, with its reason, just before SQS would move it without one
// after its 300th receive, or delete it after 14 days.
const (
	lastTry = 299
	lastDay = 13*24*time.Hour + 12*time.Hour
)

// longestWait is a little less than SQS's limit: it hides a message for at most
// twelve hours after its receive.
const longestWait = 11 * time.Hour

// Invoke implements lambda.Handler.
func (q NotificationConsumer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	defer q.Flush()
	batch := q.Job.NewBatch()
	return each(ctx, payload, q.Logger, func(ctx context.Context, r events.SQSMessage) error { return q.handle(ctx, batch, r) })
}

func (q NotificationConsumer) handle(ctx context.Context, batch *notice.Batch, r events.SQSMessage) error {
	bury := func(reason platform.Reason, detail string) error {
		return q.DeadLetters.bury(ctx, r, r.Body, reason, detail)
	}
	n, err := platform.DecodeNotice([]byte(r.Body))
	if err != nil {
		return bury(platform.ReasonInvalid, err.Error())
	}
	err = batch.Handle(ctx, n, receives(r))
	if errors.Is(err, platform.ErrRefused) {
		return bury(platform.ReasonRefused, refusedDetail(err))
	}
	var delayed *notice.DelayedError
	if !errors.As(err, &delayed) {
		return err
	}
	wait := min(delayed.After, longestWait)
	if age := q.Now().Sub(sentAt(r)); receives(r) >= lastTry || age+wait >= lastDay {
		return bury(platform.Reason("mail_"+delayed.Reason), fmt.Sprintf("the mail could not be sent in %d tries over %d hours", receives(r), age/time.Hour))
	}
	hide(ctx, q.API, q.URL, r, wait, q.Logger)
	return delayed
}

// hide sets how long a returned record is not received again. If that fails, the
// queue's own time-out holds.
func hide(ctx context.Context, api VisibilityAPI, url string, r events.SQSMessage, d time.Duration, logger *slog.Logger) {
	_, err := api.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &url, ReceiptHandle: aws.String(r.ReceiptHandle), VisibilityTimeout: int32(d.Round(time.Second).Seconds())})
	if err != nil {
		logger.WarnContext(ctx, "visibility not changed", named(r, "error", err)...)
	}
}
