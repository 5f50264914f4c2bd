package queue

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

// noConnection is the error of a call that was never sent.
var noConnection error = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}

// answered is the error of a call whose answer has a status.
func answered(status int) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errors.New(http.StatusText(status))}}
}

func TestSendTriesWhatWasNotQueuedAgainAloneAndInPlace(t *testing.T) {
	messages := []delivery.Delayed{delayed("a"), delayed("b"), delayed("c")}
	t.Run("and is sent", func(t *testing.T) {
		f := &fakeSQS{t: t, batchFault: func(body string) bool { return body == "b" }}
		if unsent := outbox(f).SendDelayed(t.Context(), messages); unsent != nil || len(f.sent) != 3 {
			t.Errorf("unsent %v, sent %d", unsent, len(f.sent))
		}
	})
	t.Run("and fails for good", func(t *testing.T) {
		b := func(body string) bool { return body == "b" }
		f := &fakeSQS{t: t, batchFault: b, fault: b}
		if diff := cmp.Diff([]delivery.Unsent{{Index: 1}}, outbox(f).SendDelayed(t.Context(), messages)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("also when nothing of the call was queued", func(t *testing.T) {
		for _, err := range []error{noConnection, answered(http.StatusBadRequest), answered(http.StatusForbidden), answered(http.StatusTooManyRequests)} {
			f := &fakeSQS{t: t, down: err, fault: func(body string) bool { return body == "c" }}
			if diff := cmp.Diff([]delivery.Unsent{{Index: 2}}, outbox(f).SendDeadLetters(t.Context(),
				[]delivery.DeadLetter{{Message: messages[0].Message}, {Message: messages[1].Message}, {Message: messages[2].Message}})); diff != "" {
				t.Errorf("%v: %s", err, diff)
			}
		}
	})
	t.Run("in whichever call it was", func(t *testing.T) {
		var many []delivery.Delayed
		for i := range 23 {
			many = append(many, delayed(strconv.Itoa(i)))
		}
		bad := func(body string) bool { return body == "4" || body == "12" || body == "22" }
		f := &fakeSQS{t: t, batchFault: bad, fault: bad}
		if diff := cmp.Diff([]delivery.Unsent{{Index: 4}, {Index: 12}, {Index: 22}}, outbox(f).SendDelayed(t.Context(), many)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSendDoesNotRepeatWhatMayBeQueued(t *testing.T) {
	both := []delivery.Unsent{{Index: 0, MayBeQueued: true}, {Index: 1, MayBeQueued: true}}
	for name, err := range map[string]error{
		"a time-out":                  context.DeadlineExceeded,
		"a reset":                     &net.OpError{Op: "read", Err: syscall.ECONNRESET},
		"a broken pipe":               &net.OpError{Op: "write", Err: syscall.EPIPE},
		"SQS's own failure":           answered(http.StatusInternalServerError),
		"unavailable":                 answered(http.StatusServiceUnavailable),
		"a request that came late":    answered(http.StatusRequestTimeout),
		"an answer that is no answer": answered(http.StatusOK),
	} {
		f := &fakeSQS{t: t, down: err}
		if diff := cmp.Diff(both, outbox(f).SendDelayed(t.Context(), []delivery.Delayed{delayed("a"), delayed("b")})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if f.calls != 1 || f.single != 0 {
			t.Errorf("%s: %d calls, and %d of one message", name, f.calls, f.single)
		}
	}
	t.Run("nor what an answer does not list", func(t *testing.T) {
		f := &fakeSQS{t: t}
		unsent := Outbox{API: forgetful{f}, Logger: outbox(f).Logger}.SendDelayed(t.Context(), []delivery.Delayed{delayed("a"), delayed("b")})
		if diff := cmp.Diff(both[:1], unsent); diff != "" || f.single != 0 {
			t.Errorf("%d of one message: %s", f.single, diff)
		}
	})
}

// forgetful leaves the first entry out of its answer.
type forgetful struct{ *fakeSQS }

func (f forgetful) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	out, err := f.fakeSQS.SendMessageBatch(ctx, in)
	out.Successful = out.Successful[1:]
	return out, err
}

// By itself the SDK makes up to three tries of a call. An endpoint that answers as
// it is told counts what a real client sends.
func TestSendLetsTheSDKRepeatOnlyWhatWasNotQueued(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		calls  int64
	}{
		"its own failure": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, 1},
		"unavailable":     {func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, 1},
		"a broken answer": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 1},
		"throttled: three tries of the batch, and three of its message": {func(w http.ResponseWriter) {
			w.Header().Set("X-Amzn-Query-Error", "RequestThrottled;Sender")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"com.amazonaws.sqs#RequestThrottled"}`))
		}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				c.answer(w)
			}))
			defer server.Close()
			client := sqs.New(sqs.Options{BaseEndpoint: aws.String(server.URL), Region: "us-east-1", HTTPClient: awshttp.NewBuildableClient(),
				Retryer: impatient{sqs.New(sqs.Options{}).Options().Retryer}, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
				})})
			o := outbox(nil)
			o.API = client
			if unsent := o.SendDelayed(t.Context(), []delivery.Delayed{delayed("a")}); len(unsent) != 1 {
				t.Errorf("unsent %v", unsent)
			}
			if calls.Load() != c.calls {
				t.Errorf("%d calls, want %d", calls.Load(), c.calls)
			}
		})
	}
}

// impatient is the SDK's retryer without its waits.
type impatient struct{ aws.Retryer }

func (impatient) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func TestNoticesThatMayNotBeQueuedFailTheStepAndAreNotGivenUp(t *testing.T) {
	for _, err := range []error{noConnection, context.DeadlineExceeded, answered(http.StatusInternalServerError)} {
		f := &fakeSQS{t: t, down: err, fault: func(string) bool { return true }}
		notices, figures, _ := noticesTo(f)
		got := notices.SendNotices(t.Context(), []platform.Notice{noticeTo("Ada"), noticeTo("Bob")})
		if got == nil || !strings.HasPrefix(got.Error(), "2 of 2 notices not queued") || len(figures) > 0 {
			t.Errorf("%v: %v, counted %v", err, got, figures)
		}
		if !errors.Is(err, noConnection) && f.single != 0 {
			t.Errorf("%v: %d were repeated in place", err, f.single)
		}
	}
}

// Only the dead letter that SQS never takes loses its body. Those that failed next
// to it are sent again unchanged.
func TestDeadLettersThatOnlyFailedAreNotMadeBareForOneThatIsRefused(t *testing.T) {
	f := &fakeSQS{t: t}
	f.fault = func(body string) bool {
		f.with = answered(http.StatusServiceUnavailable)
		if body == "never" {
			f.with = invalid
		}
		return body == "never" || body == "not now"
	}
	f.with = invalid
	unsent := outbox(f).SendDeadLetters(t.Context(), []delivery.DeadLetter{{Message: delivery.Message{Body: "fine"}}, {Message: delivery.Message{Body: "never"}},
		{Message: delivery.Message{Body: "not now"}}})
	if diff := cmp.Diff([]delivery.Unsent{{Index: 2, MayBeQueued: true}}, unsent); diff != "" {
		t.Errorf("unsent (-want +got)\n%s", diff)
	}
	if len(f.sent) != 2 || *f.sent[0].MessageBody != "fine" || !strings.Contains(*f.sent[1].MessageBody, "5 bytes") {
		t.Errorf("sent %+v", f.sent)
	}
}

func TestSendCountsAttributesInTheSizeOfACall(t *testing.T) {
	for name, a := range map[string]platform.Attribute{
		"text":   {Type: "String", Text: strings.Repeat("x", 400_000)},
		"binary": {Type: "Binary", Binary: make([]byte, 400_000)},
		"type":   {Type: "String." + strings.Repeat("x", 400_000), Text: "x"},
	} {
		f := &fakeSQS{t: t}
		m := delayed("{}")
		m.Attributes = map[string]platform.Attribute{"a": a}
		if unsent := outbox(f).SendDelayed(t.Context(), []delivery.Delayed{m, m, m}); unsent != nil || f.calls != 2 {
			t.Errorf("%s: unsent %v, %d calls", name, unsent, f.calls)
		}
	}
}

func TestSendHeedsAnAnswerThatListsWhatWasNotSentAsFarAsItGoes(t *testing.T) {
	for _, id := range []string{"1", "-1", "x", ""} {
		f := &fakeSQS{t: t}
		if unsent := (Outbox{API: astray{f, id}, Logger: outbox(f).Logger}).SendDelayed(t.Context(), []delivery.Delayed{delayed("a")}); unsent != nil {
			t.Errorf("%q: unsent %v", id, unsent)
		}
	}
}

// astray names in its answer one more message that failed.
type astray struct {
	*fakeSQS
	id string
}

func (a astray) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	out, err := a.fakeSQS.SendMessageBatch(ctx, in)
	out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: &a.id})
	return out, err
}
