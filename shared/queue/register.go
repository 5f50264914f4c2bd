package queue

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// Registry is the consumer of RegistryQueue.
type Registry struct {
	Job    *registry.Job
	API    API
	DLQ    string // URL
	Logger *slog.Logger
	Now    func() time.Time
	Flush  func() // called after each event
}

// An app.enable may overtake the registration of its app by so much.
const (
	unknownGrace = 5 * time.Minute
	unknownTries = 3
)

// Handle handles one event.
func (q Registry) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	defer q.Flush()
	return each(ctx, e, q.Logger, q.handle), nil
}

func (q Registry) handle(ctx context.Context, r events.SQSMessage) error {
	message, err := platform.DecodeRegistry([]byte(r.Body))
	if err != nil {
		return q.bury(ctx, r, delivery.ReasonInvalid, err.Error())
	}
	job := *q.Job
	job.Logger = job.Logger.With("message_id", r.MessageId)
	err = job.Handle(ctx, message, sentAt(r))
	if errors.Is(err, platform.ErrRefused) {
		return q.bury(ctx, r, delivery.ReasonRefused, refusedDetail(err))
	}
	if errors.Is(err, registry.ErrUnknownApp) && receives(r) >= unknownTries && q.Now().Sub(sentAt(r)) >= unknownGrace {
		return q.bury(ctx, r, delivery.ReasonUnknownApp, registry.ErrUnknownApp.Error())
	}
	return err
}

// bury sends a record to the dead-letter queue, without the secrets that it may
// hold.
func (q Registry) bury(ctx context.Context, r events.SQSMessage, reason, detail string) error {
	q.Logger.ErrorContext(ctx, "dead letter", named(r, "reason", reason, "detail", detail)...)
	return bury(ctx, q.API, q.DLQ, r, redactSecrets(r.Body), reason, detail)
}
