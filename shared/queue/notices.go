package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

// Notices sends to NotificationQueue.
type Notices struct {
	API     API
	URL     string
	Logger  *slog.Logger
	Metrics standing.Metrics
}

var _ standing.Notices = Notices{}

// SendNotices implements standing.Notices. A notice that SQS permanently refuses is given up,
// logged and counted as notice.given_up: otherwise its disabling would never be finished, and the
// other owners would be told again and again.
func (n Notices) SendNotices(ctx context.Context, notices []platform.Notice) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(notices))
	for i, notice := range notices {
		body, err := encodeNotice(notice)
		if err != nil {
			return fmt.Errorf("encode notice %s: %w", notice.ID, err)
		}
		entries[i] = types.SendMessageBatchRequestEntry{MessageBody: aws.String(body)}
	}
	failed, _ := send(ctx, n.API, n.URL, entries)
	left, last := 0, error(nil)
	for _, f := range failed {
		if errors.Is(f.err, platform.ErrRefused) {
			n.giveUp(ctx, notices[f.index], f.err)
			continue
		}
		left, last = left+1, f.err
	}
	if last != nil {
		return fmt.Errorf("%d of %d notices not queued: %w", left, len(notices), last)
	}
	return nil
}

func (n Notices) giveUp(ctx context.Context, notice platform.Notice, err error) {
	n.Metrics.Count("notice.given_up", "", "")
	n.Logger.ErrorContext(ctx, "notice given up", "notice_id", notice.ID, "kind", notice.Kind,
		"app_id", notice.App.ID, "organization_id", notice.Organization.ID, "error", err)
}

// The longest texts of a notice, in bytes; longer ones are cut. Register keeps and notify reads as
// much, and a notice of such texts fits into a message, however they are escaped. An address is
// never cut: it would become someone else's.
const (
	maxNoticeWord = 256
	maxNoticeName = 512
	maxNoticeURL  = 4096
)

// encodeNotice writes a notice that SQS takes, whatever texts were stored.
func encodeNotice(n platform.Notice) (string, error) {
	n.To.Email = sendable(n.To.Email)
	for _, word := range []*string{&n.Organization.Slug, &n.App.Slug, &n.Reason} {
		*word = platform.Cut(sendable(*word), maxNoticeWord)
	}
	names := []*string{&n.To.Name, &n.Organization.Name, &n.App.Name, &n.Note}
	if n.Actor != nil {
		actor := *n.Actor
		n.Actor, names = &actor, append(names, &actor.Name, &actor.Email)
	}
	for _, name := range names {
		*name = platform.Cut(sendable(*name), maxNoticeName)
	}
	n.App.WebhookURL = platform.Cut(sendable(n.App.WebhookURL), maxNoticeURL)
	if n.Diagnosis != nil {
		bounded := n.Diagnosis.Bounded()
		n.Diagnosis = &bounded
	}
	return encode(n)
}

// encode writes a message as JSON.
func encode(message any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(b.Bytes())), nil
}
