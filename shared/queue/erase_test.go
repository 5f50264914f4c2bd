package queue

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
)

// entombing is erasures whose first step, the tombstone, was made a while
// ago.
type entombing struct {
	registry.Erasures
	since time.Time
}

func (e entombing) EntombOrganization(context.Context, registry.Erasure, time.Time) (time.Time, error) {
	return e.since, nil
}
func (entombing) EraseApps(context.Context, registry.Erasure, string) (string, error) { return "", nil }
func (entombing) EraseAudit(context.Context, registry.Erasure) (int, error)           { return 0, nil }

func TestRegistryHidesAnErasureUntilItsSecondLook(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		age, hidden time.Duration
		err         error // of hiding it; then the queue's own time-out holds
	}{
		{0, 15 * time.Minute, nil}, {0, 15 * time.Minute, errors.New("throttled")}, {4 * time.Minute, 11 * time.Minute, nil}, {15 * time.Minute, 0, nil},
	} {
		v := &visibility{fakeSQS: &fakeSQS{t: t}, err: c.err}
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		q := RegistryConsumer{Job: registry.New(registry.Config{}, registry.Deps{Erasures: entombing{since: now.Add(-c.age)}, Logger: logger, Now: func() time.Time { return now },
			Standing: standing.New(standing.Config{}, standing.Deps{Logger: logger})}),
			API: v, URL: "https://sqs/1/registry", Logger: logger, Now: func() time.Time { return now }, Flush: func() {}}
		returned := invoke(t.Context(), t, q, events.SQSMessage{MessageId: "m", ReceiptHandle: "handle",
			Body: `{"type":"organization.delete","organization_id":"42","version":4}`})
		if done := len(returned) == 0; done != (c.hidden == 0) {
			t.Errorf("after %s it is done: %t", c.age, done)
		}
		for _, in := range v.asked {
			if *in.QueueUrl != q.URL || *in.ReceiptHandle != "handle" || time.Duration(in.VisibilityTimeout)*time.Second != c.hidden {
				t.Errorf("after %s: %+v", c.age, in)
			}
		}
		if (len(v.asked) == 1) != (c.hidden > 0) || strings.Contains(log.String(), "level=ERROR") || strings.Contains(log.String(), "visibility not changed") != (c.err != nil) {
			t.Errorf("after %s: hidden %d times, logged %s", c.age, len(v.asked), &log)
		}
	}
}
