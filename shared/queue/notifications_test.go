package queue

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"hookwarden/shared/notice"
)

// heldClaims is claims that another invocation has held for a moment.
type heldClaims struct {
	notice.Claims
	since time.Time
}

func (h heldClaims) Claim(context.Context, string, time.Time, time.Duration) error {
	return &notice.HeldError{ClaimedAt: h.since}
}

type noMetrics struct{}

func (noMetrics) Count(string, string, string) {}

// visibility keeps the calls.
type visibility struct {
	*fakeSQS
	asked []*sqs.ChangeMessageVisibilityInput
	err   error
}

func (v *visibility) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	v.asked = append(v.asked, in)
	return &sqs.ChangeMessageVisibilityOutput{}, v.err
}

func TestNotificationConsumerHidesAsLongAsAMailMustWait(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	const body = `{"id":"n1","kind":"app.disabled","to":{"email":"ada@acme.example","name":"Ada"},"organization":{"id":"42","slug":"acme","name":"Acme"},
		"app":{"id":"17","slug":"ci-bot","name":"CI Bot","webhook_url":"https://ci-bot.example/hook"},"reason":"error","disabled_at":"2026-11-24T09:00:00.000Z",
		"evidence":[{"day":"2026-11-24","success":0,"error":1,"timeout":0,"gone":0,"fatal":0}]}`
	for _, err := range []error{nil, errors.New("the queue's own time-out holds then")} {
		v := &visibility{fakeSQS: &fakeSQS{t: t}, err: err}
		q := NotificationConsumer{API: v, URL: "https://sqs/1/notices",
			DeadLetters: DeadLetters{API: v, URL: "https://sqs/1/dlq", Logger: slog.New(slog.DiscardHandler)}, Logger: slog.New(slog.DiscardHandler), Flush: func() {}, Now: func() time.Time { return now },
			Job: notice.New(notice.Config{FunctionTimeout: time.Minute}, notice.Deps{
				Composer: notice.NewComposer(notice.MailConfig{PlatformName: "Sentry", PlatformURL: "https://platform.example"}),
				Claims:   heldClaims{since: now.Add(-30 * time.Second)}, Metrics: noMetrics{}, Logger: slog.New(slog.DiscardHandler),
				Now: func() time.Time { return now }, Random: func() float64 { return 0 }})}
		returned := invoke(t.Context(), t, q, events.SQSMessage{MessageId: "m", ReceiptHandle: "handle", Body: body,
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": strconv.FormatInt(now.UnixMilli(), 10)}})
		if !slices.Equal(returned, []string{"m"}) {
			t.Errorf("returned are %v", returned)
		}
		if len(v.asked) != 1 || aws.ToString(v.asked[0].QueueUrl) != q.URL || aws.ToString(v.asked[0].ReceiptHandle) != "handle" ||
			v.asked[0].VisibilityTimeout != 91 { // the rest of two minutes, plus a second
			t.Errorf("asked for %+v", v.asked)
		}
		if len(v.sent) > 0 {
			t.Errorf("sent %+v", v.sent)
		}
	}
}
