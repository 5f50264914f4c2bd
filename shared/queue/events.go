package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

// Events sends to EventsQueue, which the platform reads.
type Events struct {
	API     API
	URL     string
	Logger  *slog.Logger
	Metrics standing.Metrics
}

var (
	_ standing.Events = Events{}
	_ delivery.Events = Events{}
)

// SendEvent implements standing.Events and delivery.Events. An event that SQS permanently refuses
// is given up, as a notice is: otherwise its disabling or test would never be finished.
func (q Events) SendEvent(ctx context.Context, e platform.Event) error {
	for _, text := range []*string{&e.App.Slug, &e.App.Name, &e.Organization.Slug, &e.Organization.Name} {
		*text = platform.Cut(sendable(*text), maxNoticeName)
	}
	body, err := encode(e)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	_, err = send(ctx, q.API, q.URL, []types.SendMessageBatchRequestEntry{{MessageBody: aws.String(sendable(body))}})
	if errors.Is(err, platform.ErrRefused) {
		q.Metrics.Count("notice.given_up", "", "") // its alarm covers notices and events
		q.Logger.ErrorContext(ctx, "event given up", "event_id", e.ID, "type", e.Type,
			"app_id", e.App.ID, "organization_id", e.Organization.ID, "error", err)
		return nil
	}
	return err
}
