package queue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

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
	err = q.Job.Handle(ctx, message, sentAt(r))
	if errors.Is(err, registry.ErrUnknownApp) && receives(r) >= unknownTries && q.Now().Sub(sentAt(r)) >= unknownGrace {
		return q.bury(ctx, r, delivery.ReasonUnknownApp, registry.ErrUnknownApp.Error())
	}
	return err
}

// bury sends a record to the dead-letter queue, without the secrets that it may
// hold.
func (q Registry) bury(ctx context.Context, r events.SQSMessage, reason, detail string) error {
	q.Logger.ErrorContext(ctx, "dead letter", "message_id", r.MessageId, "reason", reason, "detail", detail)
	kept := carried(producers(r.MessageAttributes), carriedOnLetter)
	_, err := send(ctx, q.API, q.DLQ, []types.SendMessageBatchRequestEntry{letter(redactSecrets(r.Body), kept, reason, detail)})
	return err
}

// redactSecrets replaces the values of every field "secrets", at any depth. Of a
// body that is not JSON only its length and hash are kept.
func redactSecrets(body string) string {
	var value any
	decoder := json.NewDecoder(bytes.NewReader([]byte(body)))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil || decoder.More() {
		return fmt.Sprintf("[not JSON: %d bytes, SHA-256 %x]", len(body), sha256.Sum256([]byte(body)))
	}
	if !redact(value) {
		return body
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return platform.Redacted
	}
	return string(bytes.TrimSpace(out.Bytes()))
}

// redact reports whether it replaced anything.
func redact(value any) (replaced bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if name != "secrets" {
				replaced = redact(inner) || replaced
				continue
			}
			replaced = true
			if list, ok := inner.([]any); ok {
				for i := range list {
					list[i] = platform.Redacted
				}
				continue
			}
			v[name] = platform.Redacted
		}
	case []any:
		for _, inner := range v {
			replaced = redact(inner) || replaced
		}
	}
	return replaced
}
