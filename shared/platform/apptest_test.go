package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const appTest = `{"type":"app.test","app_id":"17","id":"tst_01J","resource":"test","action":"ping","data":{ "n":12345678901234567890, "b":1,"a":"\u00e9<" }}`

var testWebhook = Webhook{ID: "tst_01J", AppID: "17", InstallationUUID: "test", Resource: "test", Action: "ping",
	Data: json.RawMessage(`{ "n":12345678901234567890, "b":1,"a":"\u00e9<" }`)}

func TestAppTestIsDecodedWhole(t *testing.T) {
	for _, message := range []string{appTest, strings.Replace(appTest, "{", `{"unknown":{"a":1},`, 1)} {
		got, err := DecodeRegistry([]byte(message))
		if diff := cmp.Diff(RegistryMessage(AppTest{testWebhook}), got); err != nil || diff != "" {
			t.Errorf("%s: error %v (-want +got):\n%s", message, err, diff)
		}
	}
	for _, names := range [][]any{NamesIn([]byte(appTest)), AppTest{testWebhook}.Names()} {
		if got, want := fmt.Sprint(names), "[type app.test id tst_01J app_id 17]"; got != want {
			t.Errorf("a log line names it %s, want %s", got, want)
		}
	}
}

func TestAppTestWithAWrongFieldIsInvalid(t *testing.T) {
	mustBeInvalid(t, DecodeRegistry, appTest, []bad{
		{path: "app_id", raws: notID(64)},
		{path: "id", raws: append(notID(128), `"hunter2.1"`)},
		{path: "resource", raws: notWord()},
		{path: "resource", raws: []string{`"installation"`}, want: "action"},
		{path: "action", raws: notWord()},
		{path: "data", raws: notObject()},
	})
}

func TestTestIsAWebhookThatIsNoneOfThePlatforms(t *testing.T) {
	w := testWebhook
	w.OrganizationID, w.Resource, w.Action = "42", `a"b\c<`, "!~"
	body := []byte(w.EncodeTest())
	got, err := DecodeWebhook(body)
	if diff := cmp.Diff(w, got); err != nil || diff != "" {
		t.Errorf("%s: error %v (-want +got):\n%s", body, err, diff)
	}
	var invalid *InvalidError
	if _, _, err := DecodeDelivery(body, time.Now()); !errors.As(err, &invalid) || invalid.Field != "type" {
		t.Errorf("as the platform's webhook: %v", err)
	}
}

// RegistryQueue takes 4 KiB less than RetryQueue.
func TestTestIsLittleLargerThanTheMessageThatAskedForIt(t *testing.T) {
	word := strings.Repeat("<", 128)
	message := `{"type":"app.test","app_id":"1","id":"1","resource":"` + word + `","action":"` + word + `","data":{}}`
	m, err := DecodeRegistry([]byte(message))
	if err != nil {
		t.Fatal(err)
	}
	w := m.(AppTest).Webhook
	w.OrganizationID = strings.Repeat("4", 64)
	if more := len(w.EncodeTest()) - len(message); more > 3000 {
		t.Errorf("%d bytes more", more)
	}
}

func TestEventOfATestSaysHowItEnded(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 5e6, time.UTC)
	app := App{ID: "17", Slug: "bot", Name: "Bot", OrganizationID: "42"}
	e := NewTested(app, at, TestResult{ID: "tst_01J", Outcome: "error", ResponseCode: 404, DurationMS: 12})
	want := `{"id":"` + e.ID + `","type":"app.tested","at":"2026-11-24T12:00:00.005Z","app":{"id":"17","slug":"bot","name":"Bot","kind":"sentry-app"},` +
		`"organization":{"id":"42","slug":"","name":""},"test":{"id":"tst_01J","outcome":"error","response_code":404,"duration_ms":12}}`
	if got, err := json.Marshal(e); err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	id := func(app, test string, at time.Time) string {
		return NewTested(App{ID: app}, at, TestResult{ID: test, Outcome: "success"}).ID
	}
	if again := id("17", "tst_01J", at.Add(time.Hour)); again != e.ID {
		t.Errorf("the id is %s, and again %s", e.ID, again)
	}
	for _, other := range []string{id("18", "tst_01J", at), id("17", "tst_01K", at)} {
		if other == e.ID {
			t.Errorf("another test has the id %s", other)
		}
	}
}
