package queue

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

func testsTo(f *fakeSQS) Tests {
	return Tests{API: f, Retry: "https://sqs/1/retry", Now: func() time.Time { return time.UnixMilli(2000) }}
}

var ping = platform.Webhook{ID: "tst_1", AppID: "17", OrganizationID: "42", InstallationUUID: "test", Resource: "test", Action: "ping",
	Data: json.RawMessage(`{ "n":1e400}`)}

func TestTestsAreSentAsMessagesOfDelivers(t *testing.T) {
	f := &fakeSQS{t: t}
	if err := testsTo(f).SendTest(t.Context(), ping, time.UnixMilli(1000)); err != nil {
		t.Fatal(err)
	}
	e := f.sent[0]
	if *e.MessageGroupId != "17" || e.DelaySeconds != 0 {
		t.Errorf("sent %+v", e)
	}
	record := events.SQSMessage{MessageId: "m", Body: *e.MessageBody, EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:stack-RetryQueue-1",
		Attributes:        map[string]string{"SentTimestamp": "3000", "ApproximateReceiveCount": "1"},
		MessageAttributes: map[string]events.SQSMessageAttribute{}}
	for name := range e.MessageAttributes {
		text := attribute(e, name)
		record.MessageAttributes[name] = events.SQSMessageAttribute{StringValue: &text, DataType: *e.MessageAttributes[name].DataType}
	}
	want := delivery.Message{ID: "m", Body: ping.EncodeTest(), SentAt: time.UnixMilli(1000), DueAt: time.UnixMilli(2000), Receives: 1,
		FromRetry: true, Kind: delivery.KindTest}
	if diff := cmp.Diff(want, messages(t, record)[0], cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	record.EventSourceARN = "arn:aws:sqs:us-east-1:1:webhooks"
	if m := messages(t, record)[0]; m.Kind != delivery.KindWebhook {
		t.Error("a record of WebhookQueue is believed to be a test")
	}
}

func TestTestsThatAreNotKnownToBeQueuedAreAnError(t *testing.T) {
	f := &fakeSQS{t: t, down: noConnection, fault: func(string) bool { return true }}
	if err := testsTo(f).SendTest(t.Context(), ping, time.UnixMilli(1000)); err == nil || errors.Is(err, platform.ErrRefused) {
		t.Errorf("out of reach: %v", err)
	}
	if err := testsTo(&fakeSQS{t: t, down: refused(), fault: func(string) bool { return true }}).SendTest(t.Context(), ping, time.UnixMilli(1000)); !errors.Is(err, platform.ErrRefused) {
		t.Errorf("refused: %v", err)
	}
}

func TestTestOfAnUnknownAppWaitsAsAnEnablingDoes(t *testing.T) {
	const message = `{"type":"app.test","app_id":"17","id":"tst_1","resource":"test","action":"ping","data":{}}`
	for _, c := range []struct {
		age    time.Duration
		buried bool
	}{{time.Minute, false}, {5 * time.Minute, true}} {
		f := &fakeSQS{t: t}
		failed := handleRegistry(t, f, &fakeRegistry{}, c.age, 3, message)
		if buried := len(f.sent) == 1 && attribute(f.sent[0], attrReason) == "unknown_app"; buried != c.buried || (len(failed) == 0) != c.buried {
			t.Errorf("after %v: returned %v, dead letters %+v", c.age, failed, f.sent)
		}
	}
}

func TestTestWithAWrongFieldIsBuriedWithItsName(t *testing.T) {
	f := &fakeSQS{t: t}
	handleRegistry(t, f, &fakeRegistry{known: true}, 0, 1, `{"type":"app.test","app_id":"17","id":"tst.1","resource":"test","action":"ping","data":{}}`)
	if len(f.sent) != 1 || !strings.HasPrefix(attribute(f.sent[0], attrDetail), "id may only have ") {
		t.Errorf("sent %+v", f.sent)
	}
}
