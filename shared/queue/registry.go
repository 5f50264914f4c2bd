package queue

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// RegistryConsumer consumes RegistryQueue.
type RegistryConsumer struct {
	Job         *registry.Job
	API         VisibilityAPI
	URL         string // of RegistryQueue
	DeadLetters DeadLetters
	Logger      *slog.Logger
	Now         func() time.Time
	Flush       func() // called after each event
}

var _ lambda.Handler = RegistryConsumer{}

// A message may come before its app is registered. It waits at least this
// long and this many tries for the app, and then becomes a dead letter.
const (
	unknownGrace = 5 * time.Minute
	unknownTries = 3
)

// Invoke implements lambda.Handler.
func (q RegistryConsumer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	defer q.Flush()
	return each(ctx, payload, q.Logger, q.handle)
}

func (q RegistryConsumer) handle(ctx context.Context, r events.SQSMessage) error {
	bury := func(reason platform.Reason, detail string) error {
		return q.DeadLetters.bury(ctx, r, redactSecrets(r.Body), reason, detail)
	}
	message, err := platform.DecodeRegistry([]byte(r.Body))
	if err != nil {
		return bury(platform.ReasonInvalid, err.Error())
	}
	err = q.Job.Logging("message_id", r.MessageId).Handle(ctx, message, registry.Stamp{SentAt: sentAt(r), SenderID: r.Attributes["SenderId"]})
	if errors.Is(err, platform.ErrRefused) {
		return bury(platform.ReasonRefused, refusedDetail(err))
	}
	if errors.Is(err, registry.ErrUnknownApp) && receives(r) >= unknownTries && q.Now().Sub(sentAt(r)) >= unknownGrace {
		return bury(platform.ReasonUnknownApp, registry.ErrUnknownApp.Error())
	}
	var delayed *registry.DelayedError
	if errors.As(err, &delayed) {
		hide(ctx, q.API, q.URL, r, delayed.After, q.Logger)
	}
	return err
}
