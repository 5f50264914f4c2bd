package queue

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// Notices sends to NotificationQueue.
type Notices struct {
	API API
	URL string
}

var (
	_ disabling.Notices = Notices{}
	_ registry.Notices  = Notices{}
)

// SendNotices implements disabling.Notices and registry.Notices.
func (n Notices) SendNotices(ctx context.Context, notices []platform.Notice) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(notices))
	for i, notice := range notices {
		body, err := json.Marshal(notice)
		if err != nil {
			return fmt.Errorf("encode notice %s: %w", notice.ID, err)
		}
		entries[i] = types.SendMessageBatchRequestEntry{MessageBody: aws.String(string(body))}
	}
	failed, err := send(ctx, n.API, n.URL, entries)
	if err != nil {
		return fmt.Errorf("%d of %d notices not queued: %w", len(failed), len(notices), err)
	}
	return nil
}
