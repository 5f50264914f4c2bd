package queue

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

// letterOf is a dead letter of hookwarden's, as it is received.
func letterOf(body string, reason platform.Reason) Letter {
	e := deadLetter(body, map[string]types.MessageAttributeValue{"trace": textValue("t-1")}, reason, "a detail")
	return Letter{types.Message{Body: e.MessageBody, MessageAttributes: e.MessageAttributes}}
}

const aWebhook = `{"id":"evt_1","app_id":"17","organization_id":"42","installation":{"uuid":"1"},"resource":"issue","action":"created","data":{"note":"[redacted]"}}`

func TestLetterIsSentAgainAsItCame(t *testing.T) {
	e := letterOf(aWebhook, platform.ReasonUnknownApp).Again("17")
	want := types.SendMessageBatchRequestEntry{MessageBody: aws.String(aWebhook), MessageGroupId: aws.String("17"),
		MessageAttributes: map[string]types.MessageAttributeValue{"trace": textValue("t-1")}}
	if diff := cmp.Diff(want, e, cmpopts.IgnoreUnexported(types.SendMessageBatchRequestEntry{}, types.MessageAttributeValue{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLetterThatSQSMovedKeepsItsGroupAndLosesWhatIsOurs(t *testing.T) {
	l := Letter{types.Message{Body: aws.String(aWebhook), Attributes: map[string]string{"MessageGroupId": "theirs"},
		MessageAttributes: map[string]types.MessageAttributeValue{
			attrAttempts: numberValue(2), attrDueAt: numberValue(1), attrCopy: textValue("mark"), attrKind: textValue("counts"), "n": numberValue(3)}}}
	e := l.Again("17")
	if aws.ToString(e.MessageGroupId) != "theirs" || len(e.MessageAttributes) != 1 || aws.ToString(e.MessageAttributes["n"].StringValue) != "3" {
		t.Errorf("sent again as %+v", e)
	}
	if l.Reason() != "" || l.Detail() != "" || l.Kind() != delivery.KindCounts {
		t.Errorf("it says %q, %q, %q", l.Reason(), l.Detail(), l.Kind())
	}
}

func TestLetterIsIncompleteIfItsBodyWasNotKept(t *testing.T) {
	put := `{"type":"app.put","app":{"secrets":["s3cr3t"]}}`
	for name, c := range map[string]struct {
		letter Letter
		want   bool
	}{
		"redacted":                           {letterOf(redactSecrets(put), platform.ReasonInvalid), true},
		"no JSON":                            {letterOf(redactSecrets("{{ secret"), platform.ReasonInvalid), true},
		"too large":                          {letterOf(strings.Repeat("x", 1<<20), platform.ReasonInvalid), true},
		"whole":                              {letterOf(`{"type":"app.put"}`, platform.ReasonInvalid), false},
		"a customer wrote the mark":          {letterOf(aWebhook, platform.ReasonUnknownApp), false},
		"moved by SQS, with whatever inside": {Letter{types.Message{Body: aws.String(`{"a":"[redacted]"}`)}}, false},
	} {
		if got := c.letter.Incomplete(); got != c.want {
			t.Errorf("%s: incomplete %t", name, got)
		}
	}
}

func TestLetterNeverShowsASecret(t *testing.T) {
	for _, body := range []string{
		`{"type":"app.put","app":{"id":"17","secrets":["s3cr3t","old-s3cr3t"]}}`,
		`{"type":"app.put","app":{"id":"17","\u0073ecrets":["s3cr3t"]}}`,
		`SECRETS s3cr3t`,
	} {
		if shown := (Letter{types.Message{Body: &body}}).Shown(); strings.Contains(shown, "s3cr3t") {
			t.Errorf("%s is shown as %s", body, shown)
		}
	}
	if body := aWebhook; (Letter{types.Message{Body: &body}}).Shown() != body {
		t.Error("a webhook is not shown as it is")
	}
}

func TestSendSaysWhatMayBeQueued(t *testing.T) {
	entries := []types.SendMessageBatchRequestEntry{{MessageBody: aws.String("a")}, {MessageBody: aws.String("b")}}
	b := func(body string) bool { return body == "b" }
	f := &fakeSQS{t: t, batchFault: b, fault: b}
	if got := Send(t.Context(), f, "u", entries); len(got) != 1 || got[0].Index != 1 || got[0].MayBeQueued || got[0].Err == nil || len(f.sent) != 1 {
		t.Errorf("refused: %+v", got)
	}
	f = &fakeSQS{t: t, down: answered(http.StatusServiceUnavailable)}
	if got := Send(t.Context(), f, "u", entries); len(got) != 2 || !got[0].MayBeQueued || f.single != 0 {
		t.Errorf("a lost answer: %+v, %d sent singly", got, f.single)
	}
}
