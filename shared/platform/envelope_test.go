package platform

import (
	"strings"
	"testing"
)

func TestEnvelopeOfAWSIsCalledOne(t *testing.T) {
	const sns = `{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:us-east-1:1:t","Message":"{}","Timestamp":"t","Signature":"s"}`
	const bridge = `{"version":"0","id":"6a7e","detail-type":"app.put","source":"platform","account":"1","time":"2026-11-24T10:00:00Z",` +
		`"region":"us-east-1","resources":[],"detail":{"type":"app.put"}}`
	for _, c := range []struct{ body, want string }{
		{sns, "the message is an SNS envelope: turn on raw message delivery for the subscription"},
		{bridge, "the message is an EventBridge envelope: send only its detail, with the rule's input path $.detail"},
		{`{"Type":"Notification"}`, ""}, {`{"detail":{}}`, ""},
	} {
		for _, decode := range []func([]byte) error{
			func(b []byte) error { _, err := DecodeWebhook(b); return err },
			func(b []byte) error { _, err := DecodeRegistry(b); return err },
			func(b []byte) error { _, err := DecodeNotice(b); return err },
		} {
			err := decode([]byte(c.body))
			if err == nil || c.want != "" && err.Error() != c.want || c.want == "" && strings.Contains(err.Error(), "envelope") {
				t.Errorf("%.30s: %v", c.body, err)
				continue
			}
			checkDetail(t, err)
		}
	}
}
