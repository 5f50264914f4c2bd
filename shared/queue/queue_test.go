package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/delivery"
	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
)

// fakeSQS keeps what is sent to it and refuses what SQS would refuse. Its
// fault functions are called for each entry: true refuses it.
type fakeSQS struct {
	t          *testing.T
	sent       []types.SendMessageBatchRequestEntry
	calls      int // of SendMessageBatch
	single     int // calls of SendMessage
	batchFault func(body string) bool
	fault      func(body string) bool // of SendMessage
	with       error                  // the error of a fault; nil: a transient one
	down       error                  // of SendMessageBatch as a whole
}

// invalid is SQS's answer to a message that it never takes.
var invalid = &types.InvalidMessageContents{Message: aws.String("Invalid characters found. Valid unicode characters are …")}

// takes reports whether SQS takes a text, according to the list of characters
// in its documentation.
func takes(text string) bool {
	for _, r := range text {
		switch {
		case r == '\t', r == '\n', r == '\r', 0x20 <= r && r <= 0xD7FF, 0xE000 <= r && r <= 0xFFFD, 0x10000 <= r && r <= 0x10FFFF:
		default:
			return false
		}
	}
	return utf8.ValidString(text)
}

func (f *fakeSQS) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	f.calls++
	if f.down != nil {
		return nil, f.down
	}
	out := &sqs.SendMessageBatchOutput{}
	total := 0
	ids := make(map[string]bool)
	for _, e := range in.Entries {
		total += f.check(e)
		if ids[*e.Id] {
			f.t.Errorf("two entries have the id %s", *e.Id)
		}
		ids[*e.Id] = true
		if f.batchFault != nil && f.batchFault(*e.MessageBody) {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("InternalError")})
			continue
		}
		if !takes(*e.MessageBody) || f.with != nil && f.fault(*e.MessageBody) {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, SenderFault: true, Code: aws.String("InvalidMessageContents")})
			continue
		}
		f.sent = append(f.sent, e)
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id})
	}
	if n := len(in.Entries); n < 1 || n > 10 || total > 1<<20 {
		f.t.Errorf("a call with %d entries and %d bytes", n, total)
	}
	return out, nil
}

func (f *fakeSQS) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	e := types.SendMessageBatchRequestEntry{MessageBody: in.MessageBody, MessageAttributes: in.MessageAttributes,
		DelaySeconds: in.DelaySeconds, MessageGroupId: in.MessageGroupId}
	f.check(e)
	f.single++
	if !takes(*in.MessageBody) {
		return nil, invalid
	}
	if f.fault != nil && f.fault(*in.MessageBody) {
		if f.with != nil {
			return nil, f.with
		}
		return nil, answered(http.StatusForbidden)
	}
	f.sent = append(f.sent, e)
	return &sqs.SendMessageOutput{}, nil
}

// check asserts SQS's limits for one message, which the local engine does not
// check.
func (f *fakeSQS) check(e types.SendMessageBatchRequestEntry) int {
	if n := len(e.MessageAttributes); n > 10 {
		f.t.Errorf("%d attributes", n)
	}
	if e.DelaySeconds < 0 || e.DelaySeconds > 900 {
		f.t.Errorf("a delay of %d s", e.DelaySeconds)
	}
	for name, a := range e.MessageAttributes {
		if !takes(aws.ToString(a.StringValue)) {
			f.t.Errorf("%s is %q", name, aws.ToString(a.StringValue))
		}
		if *a.DataType == "Number" {
			if _, err := strconv.ParseFloat(*a.StringValue, 64); err != nil {
				f.t.Errorf("%s is %q and no Number", name, *a.StringValue)
			}
		}
	}
	bytes := size(e)
	if bytes > 1<<20 {
		f.t.Errorf("a message of %d bytes", bytes)
	}
	return bytes
}

func attribute(e types.SendMessageBatchRequestEntry, name string) string {
	return aws.ToString(e.MessageAttributes[name].StringValue)
}

func outbox(f *fakeSQS) Outbox {
	return Outbox{API: f, Retry: "https://sqs/1/retry", DLQ: "https://sqs/1/dlq", Logger: slog.New(slog.DiscardHandler)}
}

func delayed(body string) delivery.Delayed {
	return delivery.Delayed{Message: delivery.Message{Body: body, SentAt: time.UnixMilli(1000), DueAt: time.UnixMilli(2000), Attempts: 2, Hops: 3},
		GroupID: "17", Wait: 1500 * time.Millisecond}
}

func TestOutboxSendsAMessageOnWithItsTrip(t *testing.T) {
	f := &fakeSQS{t: t}
	m := delayed("{}")
	m.Attributes = map[string]platform.Attribute{}
	for i := range 10 {
		m.Attributes[fmt.Sprintf("producer%d", i)] = platform.Attribute{Type: "Binary", Binary: []byte{byte(i)}}
	}
	if failed := outbox(f).SendDelayed(t.Context(), []delivery.Delayed{m}); failed != nil {
		t.Fatal(failed)
	}
	e := f.sent[0]
	for name, want := range map[string]string{attrAttempts: "2", attrHops: "3", attrSentAt: "1000", attrDueAt: "2000"} {
		if got := attribute(e, name); got != want || *e.MessageAttributes[name].DataType != "Number" {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if e.DelaySeconds != 2 || *e.MessageGroupId != "17" || len(e.MessageAttributes) != 10 || e.MessageAttributes["producer5"].BinaryValue[0] != 5 {
		t.Errorf("sent %+v", e)
	}
}

func TestOutboxSendsAMarkInPlaceOfAProducersAttribute(t *testing.T) {
	f := &fakeSQS{t: t}
	m := delayed("{}")
	m.Mark, m.Attributes = "mark", map[string]platform.Attribute{}
	for i := range 10 {
		m.Attributes[fmt.Sprintf("producer%d", i)] = platform.Attribute{Type: "String", Text: "x"}
	}
	outbox(f).SendDelayed(t.Context(), []delivery.Delayed{m})
	e := f.sent[0]
	_, sixth := e.MessageAttributes["producer5"]
	if attribute(e, attrCopy) != "mark" || attribute(e, "producer4") != "x" || sixth || len(e.MessageAttributes) != 10 {
		t.Errorf("sent %+v", e)
	}
}

func TestOutboxCutsAWaitToWhatSQSCanDelay(t *testing.T) {
	f := &fakeSQS{t: t}
	m := delayed("{}")
	m.Wait = time.Hour
	outbox(f).SendDelayed(t.Context(), []delivery.Delayed{m})
	if got := f.sent[0].DelaySeconds; got != 900 {
		t.Errorf("delay %d", got)
	}
}

func TestOutboxPacksMessagesIntoFewCalls(t *testing.T) {
	for name, c := range map[string]struct {
		sizes []int
		calls int
	}{
		"eleven small":             {[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 2},
		"three of 400 kB":          {[]int{400_000, 400_000, 400_000}, 2},
		"largest, then small":      {[]int{1_044_480, 1, 1}, 2},
		"two of the largest":       {[]int{1_044_480, 1_044_480}, 2},
		"just below the limit":     {[]int{499_000, 499_000}, 1},
		"small, then largest":      {[]int{1, 1_044_480, 1}, 3},
		"nothing":                  {nil, 0},
		"ten of a hundred kB each": {[]int{100_000, 100_000, 100_000, 100_000, 100_000, 100_000, 100_000, 100_000, 100_000, 100_000}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fakeSQS{t: t}
			var messages []delivery.Delayed
			for _, n := range c.sizes {
				messages = append(messages, delayed(strings.Repeat("x", n)))
			}
			if failed := outbox(f).SendDelayed(t.Context(), messages); failed != nil || len(f.sent) != len(messages) {
				t.Errorf("failed %v, sent %d", failed, len(f.sent))
			}
			if f.calls != c.calls {
				t.Errorf("%d calls, want %d", f.calls, c.calls)
			}
		})
	}
}

func TestDeadLettersKeepTheBodyAndEightAttributes(t *testing.T) {
	f := &fakeSQS{t: t}
	l := delivery.DeadLetter{Message: delivery.Message{Body: "not json", Attributes: map[string]platform.Attribute{}},
		Reason: "invalid_message", Detail: strings.Repeat("é", 400)}
	for i := range 10 {
		l.Attributes[fmt.Sprint("a", i)] = platform.Attribute{Type: "String", Text: "x"}
	}
	outbox(f).SendDeadLetters(t.Context(), []delivery.DeadLetter{l})
	e := f.sent[0]
	if *e.MessageBody != "not json" || len(e.MessageAttributes) != 10 || attribute(e, attrReason) != "invalid_message" ||
		attribute(e, attrDetail) != strings.Repeat("é", 256) {
		t.Errorf("sent %+v", e)
	}
}

const retryURL = "http://localhost:4566/000000000000/stack-RetryQueue-1"

func record(arn string) events.SQSMessage {
	text := func(s string) *string { return &s }
	return events.SQSMessage{
		MessageId: "m", Body: "{}", EventSourceARN: arn,
		Attributes: map[string]string{"SentTimestamp": "5000", "ApproximateReceiveCount": "2"},
		MessageAttributes: map[string]events.SQSMessageAttribute{
			"trace":      {DataType: "String", StringValue: text("t")},
			"seal":       {DataType: "Binary", BinaryValue: []byte{1, 2}},
			attrAttempts: {DataType: "Number", StringValue: text("3")},
			attrHops:     {DataType: "Number", StringValue: text("7")},
			attrSentAt:   {DataType: "Number", StringValue: text("1000")},
			attrDueAt:    {DataType: "Number", StringValue: text("9000")},
			attrCopy:     {DataType: "String", StringValue: text("mark")},
			attrKind:     {DataType: "String", StringValue: text("counts")},
		},
	}
}

// messages turns records into messages, as deliver does.
func messages(t testing.TB, records ...events.SQSMessage) []delivery.Message {
	t.Helper()
	payload, err := json.Marshal(events.SQSEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := WebhookConsumer{Retry: retryURL}.decode(payload)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestWebhookConsumerBelievesOurAttributesOnRetryQueueAlone(t *testing.T) {
	producers := map[string]platform.Attribute{"trace": {Type: "String", Text: "t"}, "seal": {Type: "Binary", Binary: []byte{1, 2}}}
	plain := delivery.Message{ID: "m", Body: "{}", SentAt: time.UnixMilli(5000), Receives: 2, Attributes: producers}
	traveller := delivery.Message{ID: "m", Body: "{}", SentAt: time.UnixMilli(1000), Receives: 2, Attributes: producers,
		FromRetry: true, Attempts: 3, Hops: 7, DueAt: time.UnixMilli(9000), Mark: "mark", Kind: delivery.KindCounts}
	for arn, want := range map[string]delivery.Message{
		"arn:aws:sqs:us-east-1:000000000000:stack-RetryQueue-1":    traveller,
		"arn:aws:sqs:us-east-1:000000000000:stack-WebhookQueue-1":  plain,
		"arn:aws:sqs:us-east-1:000000000001:stack-RetryQueue-1":    plain,
		"arn:aws:sqs:us-east-1:000000000000:my-stack-RetryQueue-1": plain,
		"": plain,
	} {
		if diff := cmp.Diff([]delivery.Message{want}, messages(t, record(arn))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", arn, diff)
		}
	}
	for _, bad := range []string{"-1", "x", "", "9999999999999999999999"} {
		r := record("arn:aws:sqs:us-east-1:000000000000:stack-RetryQueue-1")
		r.MessageAttributes[attrAttempts] = events.SQSMessageAttribute{DataType: "Number", StringValue: &bad}
		if got := messages(t, r)[0].Attempts; got != 0 {
			t.Errorf("attempts of %q: %d", bad, got)
		}
	}
}

func TestConsumersFailAsAWholeForWhatIsNoEvent(t *testing.T) {
	flushed := 0
	flush := func() { flushed++ }
	payloads := []string{"", "[]", `{"Records":{}}`, `{"Records":[{"body":1}]}`}
	consumers := []lambda.Handler{WebhookConsumer{Retry: retryURL, Flush: flush}, RegistryConsumer{Flush: flush},
		NotificationConsumer{Job: &notice.Job{}, Flush: flush}}
	for _, consumer := range consumers {
		for _, payload := range payloads {
			if answer, err := consumer.Invoke(t.Context(), []byte(payload)); err == nil || answer != nil {
				t.Errorf("%T, %q: answer %s, error %v", consumer, payload, answer, err)
			}
		}
	}
	if want := len(consumers) * len(payloads); flushed != want {
		t.Errorf("the metrics were flushed %d times, want %d", flushed, want)
	}
}

func TestWebhookConsumerAnswersAnEventWithoutRecords(t *testing.T) {
	job := delivery.New(delivery.Config{}, delivery.Deps{Now: time.Now})
	answer, err := WebhookConsumer{Job: job, Retry: retryURL, Flush: func() {}}.Invoke(t.Context(), []byte(`{"Records":[]}`))
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Errorf("%s %v", answer, err)
	}
}

func TestAnswerWithoutFailuresIsAnEmptyListAndNotNull(t *testing.T) {
	text, err := answer(nil)
	if err != nil || string(text) != `{"batchItemFailures":[]}` {
		t.Errorf("%s %v", text, err)
	}
}

// fakeRegistry is the stores of the registry job. It fails as it is told to.
type fakeRegistry struct {
	err   error
	known bool
}

func (r *fakeRegistry) PutApp(context.Context, platform.App, []platform.Secret) error {
	if r.err != nil && r.err.Error() == "panic" {
		panic("a defect")
	}
	return r.err
}
func (r *fakeRegistry) DeleteApp(context.Context, string, int64, time.Time) error { return r.err }
func (r *fakeRegistry) ReadApp(context.Context, string) (platform.App, bool, error) {
	return platform.App{}, r.known, r.err
}
func (r *fakeRegistry) PutOrganization(context.Context, platform.Organization) error { return r.err }
func (r *fakeRegistry) Steer(context.Context, platform.App, time.Time) error         { return r.err }
func (r *fakeRegistry) Count(string, string, string)                                 {}

const putApp = `{"type":"app.put","version":1,"app":{"id":"17","uuid":"u","slug":"s","name":"n","status":"internal","organization_id":"42","secrets":["hush"]}}`

// registrar is a registry job that enables no app.
func registrar(r *fakeRegistry, logger *slog.Logger) *registry.Job {
	return registry.New(registry.Config{CheckURL: func(string) error { return nil }}, registry.Deps{Apps: r, Organizations: r,
		Standing: standing.New(standing.Config{}, standing.Deps{Apps: r, Logger: logger}), Steering: r, Metrics: r, Logger: logger})
}

func handleRegistry(t *testing.T, f *fakeSQS, r *fakeRegistry, age time.Duration, receives int, bodies ...string) (failed []string) {
	t.Helper()
	now := time.UnixMilli(1_000_000_000)
	q := RegistryConsumer{Job: registrar(r, slog.New(slog.DiscardHandler)),
		DeadLetters: DeadLetters{API: f, URL: "https://sqs/1/dlq", Logger: slog.New(slog.DiscardHandler)}, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }, Flush: func() {}}
	var records []events.SQSMessage
	for i, body := range bodies {
		records = append(records, events.SQSMessage{MessageId: strconv.Itoa(i), Body: body, Attributes: map[string]string{
			"SentTimestamp": strconv.FormatInt(now.Add(-age).UnixMilli(), 10), "ApproximateReceiveCount": strconv.Itoa(receives)}})
	}
	return invoke(t.Context(), t, q, records...)
}

// invoke hands records to a consumer as Lambda does, and returns the ids of those that
// are returned.
func invoke(ctx context.Context, t *testing.T, consumer lambda.Handler, records ...events.SQSMessage) (returned []string) {
	t.Helper()
	payload, err := json.Marshal(events.SQSEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	text, err := consumer.Invoke(ctx, payload)
	var answer events.SQSEventResponse
	if err != nil || json.Unmarshal(text, &answer) != nil {
		t.Fatalf("the answer is %s, %v", text, err)
	}
	for _, f := range answer.BatchItemFailures {
		returned = append(returned, f.ItemIdentifier)
	}
	return returned
}

func TestRegistryConsumerBuriesABadMessageWithoutItsSecrets(t *testing.T) {
	bad := strings.Replace(putApp, `"version":1`, `"version":"hush"`, 1)
	f := &fakeSQS{t: t}
	if failed := handleRegistry(t, f, &fakeRegistry{}, 0, 1, bad, putApp, "secrets: hush"); failed != nil {
		t.Errorf("returned: %v", failed)
	}
	if len(f.sent) != 2 || attribute(f.sent[0], attrDetail) != "version must be a whole number above zero" {
		t.Fatalf("sent %+v", f.sent)
	}
	body := *f.sent[0].MessageBody
	if !strings.Contains(body, `"secrets":["[redacted]"]`) || !strings.Contains(body, `"slug":"s"`) {
		t.Errorf("letter %s", body)
	}
	if text := *f.sent[1].MessageBody; strings.Contains(text, "hush") || !strings.HasPrefix(text, "[not JSON: 13 bytes, SHA-256 ") {
		t.Errorf("letter of a body that is not JSON: %s", text)
	}
	if plain := `{"type":"app.put", "x":1e400}`; redactSecrets(plain) != plain {
		t.Error("a body without secrets was changed")
	}
	if nested := redactSecrets(`{"a":[{"secrets":{"k":"hush"}}]}`); strings.Contains(nested, "hush") {
		t.Errorf("letter %s", nested)
	}
}

func TestRegistryConsumerReturnsAMessageThatFailsOrPanicsAlone(t *testing.T) {
	f := &fakeSQS{t: t}
	if diff := cmp.Diff([]string{"0"}, handleRegistry(t, f, &fakeRegistry{err: errors.New("throttled")}, 0, 1, putApp, `{}`)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"0"}, handleRegistry(t, f, &fakeRegistry{err: errors.New("panic")}, 0, 1, putApp, `{}`)); diff != "" {
		t.Error(diff)
	}
	f.down, f.fault = noConnection, func(string) bool { return true }
	if diff := cmp.Diff([]string{"0"}, handleRegistry(t, f, &fakeRegistry{}, 0, 1, `{}`, putApp)); diff != "" {
		t.Errorf("a letter that cannot be sent: %s", diff)
	}
}

func TestRegistryConsumerWaitsForAnUnknownAppFiveMinutesAndThreeTries(t *testing.T) {
	enable := `{"type":"app.enable","app_id":"17"}`
	for _, c := range []struct {
		age      time.Duration
		receives int
		buried   bool
	}{{time.Minute, 9, false}, {time.Hour, 2, false}, {5 * time.Minute, 3, true}} {
		f := &fakeSQS{t: t}
		failed := handleRegistry(t, f, &fakeRegistry{}, c.age, c.receives, enable)
		if buried := len(f.sent) == 1 && attribute(f.sent[0], attrReason) == "unknown_app"; buried != c.buried || (len(failed) == 0) != c.buried {
			t.Errorf("after %v and %d tries: returned %v, letters %+v", c.age, c.receives, failed, f.sent)
		}
	}
}
