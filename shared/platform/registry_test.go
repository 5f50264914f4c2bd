package platform

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	appPut = `{"type":"app.put","version":12,"app":{"id":"17","uuid":"u","slug":"ci-bot","name":"CI Bot","status":"internal",` +
		`"organization_id":"42","webhook_url":"https://receiver.example","secrets":["newest","whsec_c2VjcmV0"],"events":["issue","error.created"]}}`
	appDelete = `{"type":"app.delete","version":13,"app_id":"17"}`
	appEnable = `{"type":"app.enable","app_id":"17","at":"2026-11-24T10:00:00.1234Z","actor":{"type":"user","id":7,"email":"ada@acme.example"}}`
	orgPut    = `{"type":"organization.put","version":3,"organization":{"id":"42","slug":"acme","name":"Acme",` +
		`"owners":[{"email":"ada@acme.example","name":"Ada"},{"email":"bob@acme.example"}]}}`
)

func TestDecodeRegistryReadsEveryMessageWhole(t *testing.T) {
	for message, want := range map[string]RegistryMessage{
		appPut: AppPut{
			App: App{ID: "17", Version: 12, UUID: "u", Slug: "ci-bot", Name: "CI Bot", Status: Internal, OrganizationID: "42",
				WebhookURL: "https://receiver.example", Events: []string{"issue", "error.created"}},
			Secrets: []Secret{"newest", "whsec_c2VjcmV0"},
		},
		appDelete: AppDelete{AppID: "17", Version: 13},
		appEnable: AppEnable{AppID: "17", At: time.Date(2026, 11, 24, 10, 0, 0, 123e6, time.UTC),
			Actor: Actor{Raw: json.RawMessage(`{"type":"user","id":7,"email":"ada@acme.example"}`), Email: "ada@acme.example"}},
		orgPut: OrganizationPut{Organization{ID: "42", Version: 3, Slug: "acme", Name: "Acme",
			Owners: []Owner{{Email: "ada@acme.example", Name: "Ada"}, {Email: "bob@acme.example"}}}},
	} {
		got, err := DecodeRegistry([]byte(message))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: error %v (-want +got):\n%s", message, err, diff)
		}
	}
}

func TestDecodeRegistryNamesTheFieldThatIsWrong(t *testing.T) {
	notOptionalText := []string{aNumber, "true", aList, anObject}
	notSecret := []string{`""`, "null", aNumber, anObject}
	t.Run("app.put", func(t *testing.T) {
		mustBeInvalid(t, DecodeRegistry, appPut, []bad{
			{path: "type", raws: append(notText(), `"app.hunter2"`, `"APP.PUT"`)},
			{path: "version", raws: notVersion()},
			{path: "app", raws: notObject()},
			{path: "app.id", raws: notID(64)},
			{path: "app.uuid", raws: notText()},
			{path: "app.slug", raws: notWord()},
			{path: "app.name", raws: notName()},
			{path: "app.status", raws: append(notText(), `"hunter2"`, `"Internal"`)},
			{path: "app.organization_id", raws: notID(64)},
			{path: "app.webhook_url", raws: notOptionalText},
			{path: "app.events", raws: []string{aNumber, aText, anObject, `[1742002]`, `[["hunter2"]]`}},
			{path: "app.events[1]", raws: []string{`""`, "null", `"hunter2 x"`, `"hunter2\r\n"`, `"hunter2é"`, `"` + strings.Repeat("h", 129) + `"`}},
			{path: "app.secrets", raws: append([]string{aNumber, aText, anObject, `[]`, `[1742002]`,
				`["hunter2","hunter2","hunter2","hunter2","hunter2","hunter2"]`}, missing...)},
			{path: "app.secrets[0]", raws: []string{`"[redacted]"`, `"whsec_"`, `"whsec_hunter2!"`, `"whsec_aHVudGVyMg"`}},
			{path: "app.secrets[1]", raws: notSecret[:2]},
		})
	})
	t.Run("app.delete", func(t *testing.T) {
		mustBeInvalid(t, DecodeRegistry, appDelete, []bad{
			{path: "version", raws: notVersion()},
			{path: "app_id", raws: notID(64)},
		})
	})
	t.Run("app.enable", func(t *testing.T) {
		mustBeInvalid(t, DecodeRegistry, appEnable, []bad{
			{path: "app_id", raws: notID(64)},
			{path: "at", raws: append([]string{aText, `"2026-11-24"`, `"2026-11-24 10:00:00Z"`, `"2026-13-24T10:00:00Z"`, `"2026-11-24T10:00:00"`}, notOptionalText...)},
			{path: "actor", raws: []string{aNumber, aText, aList}},
			{path: "actor.email", raws: notOptionalText},
		})
	})
	t.Run("organization.put", func(t *testing.T) {
		mustBeInvalid(t, DecodeRegistry, orgPut, []bad{
			{path: "version", raws: notVersion()},
			{path: "organization", raws: notObject()},
			{path: "organization.id", raws: notID(64)},
			{path: "organization.slug", raws: notWord()},
			{path: "organization.name", raws: notName()},
			{path: "organization.owners", raws: []string{aNumber, aText, anObject, aList}},
			{path: "organization.owners[1].email", raws: notOptionalText},
			{path: "organization.owners[0].name", raws: notOptionalText},
		})
	})
}

func TestDecodeRegistryTakesWhatIsOptionalAbsentOrNull(t *testing.T) {
	for _, test := range []struct{ message, path string }{
		{appPut, "app.webhook_url"}, {appPut, "app.events"}, {appEnable, "at"}, {appEnable, "actor"}, {appEnable, "actor.email"},
		{orgPut, "organization.owners"}, {orgPut, "organization.owners[0].name"},
	} {
		for _, raw := range missing {
			if _, err := DecodeRegistry([]byte(change(t, test.message, test.path, raw))); err != nil {
				t.Errorf("%s = %q: %v", test.path, raw, err)
			}
		}
	}
	m, err := DecodeRegistry([]byte(`{"type":"app.enable","app_id":"17"}`))
	if diff := cmp.Diff(RegistryMessage(AppEnable{AppID: "17"}), m); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestDecodeRegistryAcceptsUnknownFields(t *testing.T) {
	for message, path := range map[string]string{appPut: "app.unknown", appDelete: "unknown", appEnable: "actor.unknown", orgPut: "organization.unknown"} {
		if _, err := DecodeRegistry([]byte(change(t, message, path, anObject))); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestDecodeRegistryTakesAMalformedURL(t *testing.T) {
	for _, raw := range []string{`"ftp://x"`, `"not a url"`, `"https://127.0.0.1"`, `""`} {
		if _, err := DecodeRegistry([]byte(change(t, appPut, "app.webhook_url", raw))); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestDecodeRegistryLeavesWhiteSpaceAroundAURLOut(t *testing.T) {
	for typed, want := range map[string]string{
		` https://receiver.example/hook\r\n`:                   "https://receiver.example/hook",
		`\t\u00a0https://receiver.example/a b\u3000`:           "https://receiver.example/a b",
		`https://receiver.example/hooks/{prod}/a%2Fb?q=\u00f6`: "https://receiver.example/hooks/{prod}/a%2Fb?q=ö",
		` \n`: "",
	} {
		put, err := DecodeRegistry([]byte(change(t, appPut, "app.webhook_url", `"`+typed+`"`)))
		if err != nil || put.(AppPut).App.WebhookURL != want {
			t.Errorf("app.put with %s: %+v, error %v", typed, put, err)
		}
		w, err := DecodeWebhook([]byte(change(t, webhookMessage, "url", `"`+typed+`"`)))
		if err != nil || w.URL != want {
			t.Errorf("webhook with %s: %q, error %v", typed, w.URL, err)
		}
	}
}

func TestDecodeRegistryTakesOneToFiveSecretsOfAnyKind(t *testing.T) {
	for _, raw := range []string{`["a"]`, `["a","b","c","d","e"]`, `["whsec_c2VjcmV0"]`, `["with space","ключ","[redacted] "]`, `["WHSEC_no base64"]`} {
		if _, err := DecodeRegistry([]byte(change(t, appPut, "app.secrets", raw))); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
