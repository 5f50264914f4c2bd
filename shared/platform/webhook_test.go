package platform

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const webhookMessage = `{"id":"evt_01J","app_id":"17","organization_id":"42","installation":{"uuid":"7a485448"},` +
	`"resource":"issue","action":"created","data":{"issue":{"id":"1"}},"actor":{"type":"user","id":7},"url":"https://override.example/hook"}`

func TestDecodeWebhookReadsItWhole(t *testing.T) {
	got, err := DecodeWebhook([]byte(webhookMessage))
	want := Webhook{ID: "evt_01J", AppID: "17", OrganizationID: "42", InstallationUUID: "7a485448", Resource: "issue", Action: "created",
		Data: json.RawMessage(`{"issue":{"id":"1"}}`), Actor: json.RawMessage(`{"type":"user","id":7}`), URL: "https://override.example/hook"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestDecodeWebhookNamesTheFieldThatIsWrong(t *testing.T) {
	notOptionalText := []string{aNumber, "true", aList, anObject}
	mustBeInvalid(t, DecodeWebhook, webhookMessage, []bad{
		{path: "id", raws: append(notID(128), `"hunter2.1"`)},
		{path: "app_id", raws: notID(64)},
		{path: "organization_id", raws: notID(64)},
		{path: "installation", raws: notObject()},
		{path: "installation.uuid", raws: notText()},
		{path: "installation", raws: []string{anObject}, want: "installation.uuid"},
		{path: "resource", raws: notWord()},
		{path: "action", raws: notWord()},
		{path: "data", raws: notObject()},
		{path: "actor", raws: []string{aNumber, "false", aText, aList, `""`}},
		{path: "url", raws: notOptionalText},
	})
}

func TestDecodeWebhookTakesOneAtItsLimits(t *testing.T) {
	for path, raws := range map[string][]string{
		"id":                {`"` + strings.Repeat("a", 128) + `"`, `"Az09_:-"`},
		"app_id":            {`"` + strings.Repeat("a", 64) + `"`, `"Az09_.:-"`},
		"organization_id":   {`"` + strings.Repeat("a", 64) + `"`, `"Az09_.:-"`},
		"installation.uuid": {`"any thing, é"`},
		"installation":      {`{"uuid":"u","unknown":1}`},
		"resource":          {`"` + strings.Repeat("!", 128) + `"`, `"never_heard_of"`, `"a\"b\\c~"`},
		"action":            {`"` + strings.Repeat("~", 128) + `"`, `"event.alert"`},
		"data":              {`{}`, `{"a":null}`},
		"actor":             {"", "null", `{}`},
		"url":               {"", "null", `""`, `"not a url"`},
		"unknown":           {aNumber, aText, "null", anObject},
	} {
		for _, raw := range raws {
			if _, err := DecodeWebhook([]byte(change(t, webhookMessage, path, raw))); err != nil {
				t.Errorf("%s = %.60s: %v", path, raw, err)
			}
		}
	}
}

func TestDecodeWebhookReadsNoActorAsNil(t *testing.T) {
	for _, raw := range []string{"", "null"} {
		if w, err := DecodeWebhook([]byte(change(t, webhookMessage, "actor", raw))); err != nil || w.Actor != nil {
			t.Errorf("actor %q, error %v", w.Actor, err)
		}
	}
}

func TestDecodeWebhookKeepsDataAndActorByteForByte(t *testing.T) {
	for _, raw := range []string{
		`{"n":9007199254740993,"m":1e400}`, `{"s":"\u00e9"}`, `{"s":"é"}`, `{"b":1,"a":2,"b":3}`, "{ \"a\" :\t1\n}", `{"s":"<&>"}`, "{\"s\":\"\u2028\"}",
		`{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, `{"s":"` + strings.Repeat("x", 1_000_000) + `"}`,
	} {
		message := `{"id":"e","app_id":"1","organization_id":"2","installation":{"uuid":"u"},"resource":"r","action":"a","data": ` +
			raw + " ,\n\"actor\":" + raw + ` }`
		w, err := DecodeWebhook([]byte(message))
		if err != nil || string(w.Data) != raw || string(w.Actor) != raw {
			t.Errorf("%.60s: data %.60s, actor %.60s, error %v", raw, w.Data, w.Actor, err)
		}
	}
}

func TestDecodeWebhookKnowsInstallationsAsCreatedOrDeletedOnly(t *testing.T) {
	installation := change(t, webhookMessage, "resource", `"installation"`)
	for action, valid := range map[string]bool{"created": true, "deleted": true, "updated": false, "Created": false, "created.": false} {
		_, err := DecodeWebhook([]byte(change(t, installation, "action", `"`+action+`"`)))
		if valid != (err == nil) {
			t.Errorf("%s: error %v", action, err)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "action ") || strings.Contains(err.Error(), "updated")) {
			t.Errorf("%s: error %v", action, err)
		}
	}
	if _, err := DecodeWebhook([]byte(change(t, webhookMessage, "action", `"updated"`))); err != nil {
		t.Errorf("another resource: %v", err)
	}
}

func TestAlertRulesAreKnownByEventOrAction(t *testing.T) {
	for _, test := range []struct {
		resource, action string
		want             bool
	}{
		{"event_alert", "triggered", true}, {"anything", "event.alert", true}, {"event_alert", "created", false},
		{"event", "alert", true}, {"event", "created", false}, {"issue", "alert", false}, {"event_alert", "alert", false},
		{"issue", "triggered", false}, {"metric_alert", "triggered", false},
	} {
		if got := (Webhook{Resource: test.resource, Action: test.action}).AlertRule(); got != test.want {
			t.Errorf("%s %s: %v", test.resource, test.action, got)
		}
	}
}
