package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
)

// refused is the tables' error for an item that is too large.
func refused() error {
	return fmt.Errorf("%w: %w", platform.ErrRefused, &smithy.GenericAPIError{Code: "ValidationException", Message: "hush is too large"})
}

func TestRegistryConsumerBuriesWhatIsRefusedForGoodAtOnce(t *testing.T) {
	for _, body := range []string{
		putApp,
		`{"type":"app.delete","version":1,"app_id":"17"}`,
		`{"type":"app.enable","app_id":"17"}`,
		`{"type":"organization.put","version":1,"organization":{"id":"42","slug":"acme","name":"Acme"}}`,
	} {
		f := &fakeSQS{t: t}
		if failed := handleRegistry(t, f, &fakeRegistry{err: refused()}, 0, 1, body); failed != nil || len(f.sent) != 1 {
			t.Errorf("%s: back %v, %d letters", body, failed, len(f.sent))
			continue
		}
		e := f.sent[0]
		if want := "AWS permanently refuses what the message asks for (ValidationException)"; attribute(e, attrReason) != "refused" || attribute(e, attrDetail) != want {
			t.Errorf("reason %q, detail %q", attribute(e, attrReason), attribute(e, attrDetail))
		}
		if strings.Contains(*e.MessageBody, "hush") {
			t.Errorf("letter %s", *e.MessageBody)
		}
	}
}

func TestNotificationConsumerBuriesWhatIsRefusedForGoodAtOnce(t *testing.T) {
	f := &fakeSQS{t: t}
	job := notice.New(notice.Config{FunctionTimeout: 30 * time.Second}, notice.Deps{
		Composer: notice.NewComposer(notice.MailConfig{PlatformName: "P", PlatformURL: "https://platform.example"}),
		Claims:   refusingClaims{}, Metrics: metricCounts{}, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Random: func() float64 { return 0 }})
	q := NotificationConsumer{Job: job, API: noVisibility{f}, Logger: slog.New(slog.DiscardHandler), Flush: func() {},
		DeadLetters: DeadLetters{API: f, URL: "https://sqs/1/dlq", Logger: slog.New(slog.DiscardHandler)}}
	body, err := encodeNotice(noticeTo("Ada"))
	if err != nil {
		t.Fatal(err)
	}
	if returned := invoke(t.Context(), t, q, events.SQSMessage{MessageId: "1", Body: body}); returned != nil {
		t.Errorf("returned are %v", returned)
	}
	if len(f.sent) != 1 || attribute(f.sent[0], attrReason) != "refused" || *f.sent[0].MessageBody != body {
		t.Errorf("sent %+v", f.sent)
	}
}

// refusingClaims is a Notices table that permanently refuses everything.
type refusingClaims struct{ notice.Claims }

func (refusingClaims) Claim(context.Context, string, time.Time, time.Duration) error {
	return refused()
}

// noVisibility is an SQS in which no message is ever hidden.
type noVisibility struct{ *fakeSQS }

func (f noVisibility) ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	f.t.Error("the message waits")
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

// SQS names its refusal in a header, with the codes of its older protocol.
func TestRefusalsAreToldApartBySQSsOwnAnswers(t *testing.T) {
	for _, c := range []struct {
		status       int
		code, header string
		good         bool
	}{
		{400, "com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents;Sender", true},
		{400, "com.amazonaws.sqs#BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong;Sender", true},
		{400, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue;Sender", true},
		{400, "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender", false},
		{403, "com.amazon.coral.service#AccessDeniedException", "AccessDenied;Sender", false},
		{400, "com.amazonaws.sqs#KmsDisabled", "KMS.DisabledException;Sender", false},
		{400, "com.amazonaws.sqs#RequestThrottled", "RequestThrottled;Sender", false},
		{500, "com.amazon.coral.service#InternalFailure", "InternalFailure;Receiver", false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-Query-Error", c.header)
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(`{"__type":"` + c.code + `","message":"why"}`))
		}))
		t.Cleanup(server.Close)
		api := NewClient(aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
		_, err := send(t.Context(), api, server.URL+"/1/q", []types.SendMessageBatchRequestEntry{{MessageBody: aws.String("x")}})
		if got := errors.Is(err, platform.ErrRefused); err == nil || got != c.good {
			t.Errorf("%s: refused for good: %v, error %v", c.code, got, err)
		}
	}
}
