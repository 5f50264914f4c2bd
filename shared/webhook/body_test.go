package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hookwarden/shared/platform"
)

// message is a message of WebhookQueue with the given data and any further
// fields.
func message(data, more string) string {
	return `{"id":"evt_1","app_id":"17","organization_id":"42","installation":{"uuid":"7a485448"},` +
		`"resource":"issue","action":"created","data":` + data + more + `}`
}

func decode(t testing.TB, message string) platform.Webhook {
	t.Helper()
	w, err := platform.DecodeWebhook([]byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestBodyHasItsKeysInOrderAndNoSpaces(t *testing.T) {
	w := decode(t, message(`{"issue":{"id":"1"}}`, `,"actor":{"type":"user","id":7,"name":"Ada"}`))
	want := `{"action":"created","installation":{"uuid":"7a485448"},"data":{"issue":{"id":"1"}},` +
		`"actor":{"type":"user","id":7,"name":"Ada"}}`
	if got := string(Body(w, nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestBodyOfAWebhookOfNobodyIsTheApplications(t *testing.T) {
	for _, more := range []string{"", `,"actor":null`} {
		got := string(Body(decode(t, message(`{}`, more)), Application("sentry", `Sen"try`)))
		want := `{"action":"created","installation":{"uuid":"7a485448"},"data":{},` +
			`"actor":{"type":"application","id":"sentry","name":"Sen\"try"}}`
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestBodyHasDataAndActorByteForByte(t *testing.T) {
	for name, data := range map[string]string{
		"a number above 2^53":         `{"n":9007199254740993}`,
		"a number beyond float64":     `{"n":1e400,"m":-0.0,"k":1.50}`,
		"an escaped letter":           `{"s":"\u00e9"}`,
		"the letter itself":           `{"s":"é"}`,
		"an escaped slash":            `{"s":"\/"}`,
		"a lone surrogate":            `{"s":"\ud800"}`,
		"duplicate keys":              `{"b":1,"a":2,"b":3}`,
		"key order":                   `{"z":1,"a":{"z":1,"a":1}}`,
		"inner spaces":                "{ \"a\" :\t[ 1,\n 2 ] }",
		"what HTML minds":             `{"s":"<script>&amp;</script>"}`,
		"line and paragraph breaks":   "{\"s\":\"\u2028\u2029\"}",
		"deep nesting":                `{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`,
		"a million bytes":             `{"s":"` + strings.Repeat("é", 500_000-4) + `"}`,
		"an empty key and empty text": `{"":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := string(Body(decode(t, message(data, `,"actor":`+data)), nil))
			want := `{"action":"created","installation":{"uuid":"7a485448"},"data":` + data + `,"actor":` + data + `}`
			if got != want {
				t.Errorf("got  %.200s\nwant %.200s", got, want)
			}
		})
	}
}

func TestBodyEscapesStringsAsJSONNeedsAndNoMore(t *testing.T) {
	for in, want := range map[string]string{
		`<a href="x">&'/`:      `<a href=\"x\">&'/`,
		"\u2028\u2029é😀\u007f": "\u2028\u2029é😀\u007f",
		`back\slash`:           `back\\slash`,
		"\x00\x01\b\f\x1f":     `\u0000\u0001\u0008\u000c\u001f`,
		"\n\r\t":               `\n\r\t`,
		"not \xff UTF-8":       "not \uFFFD UTF-8",
		"":                     "",
	} {
		body := string(Body(platform.Webhook{InstallationUUID: in, Data: json.RawMessage(`{}`)}, []byte(`{}`)))
		wanted := fmt.Sprintf(`{"action":"","installation":{"uuid":"%s"},"data":{},"actor":{}}`, want)
		if diff := cmp.Diff(wanted, body); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestBodyOfAnyStringIsReadAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		action, uuid := rapid.String().Draw(t, "action"), rapid.String().Draw(t, "uuid")
		body := Body(platform.Webhook{Action: action, InstallationUUID: uuid, Data: json.RawMessage(`{}`)}, Application(uuid, action))
		var got struct {
			Action       string
			Installation struct{ UUID string }
			Actor        struct{ ID, Name string }
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if got.Action != action || got.Installation.UUID != uuid || got.Actor.ID != uuid || got.Actor.Name != action {
			t.Fatalf("%q and %q became %+v", action, uuid, got)
		}
	})
}
