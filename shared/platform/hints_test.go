package platform

import (
	"strings"
	"testing"
)

func TestVersionIsAWholeNumberHoweverItIsWritten(t *testing.T) {
	for raw, want := range map[string]int64{
		"12": 12, "12.0": 12, "12.000": 12, "1.2e1": 12, "1.2E+1": 12, "120e-1": 12, "1e3": 1000, "9007199254740993": 9007199254740993,
		"9223372036854775807": 9223372036854775807, "9223372036854775807.0": 9223372036854775807, "922337203685477580.7e1": 9223372036854775807,
		"0.0012e4": 12, "1" + strings.Repeat("0", 400) + "e-400": 1, "1.0e0": 1,
		"0": 0, "0e5": 0, "-12": 0, "-12.0": 0, "12.5": 0, "1e-1": 0, "125e-1": 0, "1e19": 0, "1e99999999999999999999": 0, "1e-99999999999999999999": 0,
		"9223372036854775808": 0, "9223372036854775807.5": 0, "1e1000000000": 0, "0.0": 0, "-0": 0,
	} {
		for _, message := range []string{appPut, appDelete, orgPut} {
			m, err := DecodeRegistry([]byte(change(t, message, "version", raw)))
			if want == 0 {
				if err == nil || !strings.HasPrefix(err.Error(), "version must be a whole number") {
					t.Errorf("%.30s: %v", raw, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%.30s: %v", raw, err)
				continue
			}
			if got := versionOf(m); got != want {
				t.Errorf("%.30s is read as %d", raw, got)
			}
		}
	}
}

func versionOf(m RegistryMessage) int64 {
	switch m := m.(type) {
	case AppPut:
		return m.App.Version
	case AppDelete:
		return m.Version
	case OrganizationPut:
		return m.Organization.Version
	}
	return 0
}

func nested(levels int) string {
	return `{"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + "}"
}

func TestDecodeSaysWhatIsNestedTooDeep(t *testing.T) {
	deep := strings.Replace(webhookMessage, `{"issue":{"id":"1"}}`, nested(10_099), 1) // 10,100 levels with the body's own
	for body, want := range map[string]string{
		deep:                 "the message is nested over 10000 levels deep",
		nested(10_001):       "the message is nested over 10000 levels deep",
		nested(10_000):       "id is required",
		nested(10_001) + "x": "the message is nested over 10000 levels deep",
		`{"a":"` + strings.Repeat("[", 20_000) + `"`: "the message is not JSON (at byte 20007)",
		nested(9_000) + "x":                          "the message is not JSON (at byte 18005)",
		`{"\"":` + strings.Repeat(`{"a":`, 10_000):   "the message is nested over 10000 levels deep",
	} {
		if _, err := DecodeWebhook([]byte(body)); err == nil || err.Error() != want {
			t.Errorf("%.20s, %d bytes: %v, want %s", body, len(body), err, want)
		}
	}
}

func TestSlugMakesALinkThatNoBrowserCollapses(t *testing.T) {
	for _, raw := range []string{`"."`, `".."`} {
		for path, message := range map[string]string{"app.slug": appPut, "organization.slug": orgPut} {
			if _, err := DecodeRegistry([]byte(change(t, message, path, raw))); err == nil || err.Error() != path+" must not be . or .." {
				t.Errorf("%s %s: %v", path, raw, err)
			}
		}
	}
	for _, raw := range []string{`"..."`, `".x"`, `"%2e%2e"`, `"a/b"`, `"a?b#c"`} {
		if _, err := DecodeRegistry([]byte(change(t, appPut, "app.slug", raw))); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestEnvelopeOfAWSIsCalledOne(t *testing.T) {
	const sns = `{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:us-east-1:1:t","Message":"{}","Timestamp":"t","Signature":"s"}`
	const bridge = `{"version":"0","id":"6a7e","detail-type":"app.put","source":"platform","account":"1","time":"2026-11-24T10:00:00Z",` +
		`"region":"us-east-1","resources":[],"detail":{"type":"app.put"}}`
	for _, c := range []struct{ body, want string }{
		{sns, "the message is an envelope of SNS: turn on raw message delivery for the subscription"},
		{bridge, "the message is an envelope of EventBridge: send its detail alone, with the rule's input path $.detail"},
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

func TestSubscribableKnowsEntriesOfItsResources(t *testing.T) {
	ours := Subscribable{"issue", "error", "comment"}
	for entry, want := range map[string]bool{"issue": true, "error": true, "comment": true, "issue.created": true, "error.a.b": true,
		"isue": false, "Issue": false, "issue.": false, ".created": false, "installation": false, "installation.created": false, "issues": false} {
		if got := ours.Knows(entry); got != want {
			t.Errorf("%q: %v", entry, got)
		}
		if _, err := DecodeRegistry([]byte(change(t, appPut, "app.events", `["`+entry+`"]`))); err != nil {
			t.Errorf("%q is refused: %v", entry, err)
		}
	}
}
