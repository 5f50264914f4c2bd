package platform

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const appDisable = `{"type":"app.disable","app_id":"17","at":"2026-11-24T10:00:00Z","actor":{"type":"user","id":7,"email":"ada@acme.example"},"note":"It floods a customer."}`

func TestAppDisableIsDecodedWhole(t *testing.T) {
	want := AppDisable{AppID: "17", At: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Note: "It floods a customer.",
		Actor: Actor{Raw: json.RawMessage(`{"type":"user","id":7,"email":"ada@acme.example"}`), Email: "ada@acme.example"}}
	got, err := DecodeRegistry([]byte(appDisable))
	if diff := cmp.Diff(RegistryMessage(want), got); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	for _, path := range []string{"at", "actor", "note"} {
		for _, raw := range missing {
			if _, err := DecodeRegistry([]byte(change(t, appDisable, path, raw))); err != nil {
				t.Errorf("%s = %q: %v", path, raw, err)
			}
		}
	}
	if got, want := fmt.Sprint(NamesIn([]byte(appDisable))), "[type app.disable app_id 17]"; got != want {
		t.Errorf("a log line names it %s, want %s", got, want)
	}
}

func TestAppDisableKeepsWhatAMailCanShowOfItsNote(t *testing.T) {
	for raw, want := range map[string]string{
		`"two\nlines\u0000"`:                 "two lines",
		`"  "`:                               "",
		`""`:                                 "",
		`"` + strings.Repeat("é", 300) + `"`: strings.Repeat("é", 256),
		`"a\ufffeb"`:                         "ab",
		`"<b>\"quoted\"</b> \u2028 and \ud83e\udd16"`: `<b>"quoted"</b>   and 🤖`,
	} {
		m, err := DecodeRegistry([]byte(change(t, appDisable, "note", raw)))
		if err != nil || m.(AppDisable).Note != want {
			t.Errorf("%.60s: %+v, %v", raw, m, err)
		}
	}
}

func TestAppDisableWithAWrongFieldIsInvalid(t *testing.T) {
	mustBeInvalid(t, DecodeRegistry, appDisable, []bad{
		{path: "app_id", raws: notID(64)},
		{path: "at", raws: []string{aNumber, "true", aList, anObject, aText, `"2026-11-24"`}},
		{path: "actor", raws: []string{aNumber, aText, aList, `{"a":"` + strings.Repeat("a", 8192) + `"}`}},
		{path: "note", raws: []string{aNumber, "true", aList, anObject}},
	})
}

func TestActorIsAPersonWithANameOrAnAddress(t *testing.T) {
	for raw, want := range map[string]*Owner{
		`{"type":"user","id":7,"name":"Ada","email":"ada@acme.example"}`: {Name: "Ada", Email: "ada@acme.example"},
		`{"name":"Ada\nLovelace"}`:                                       {Name: "Ada Lovelace"},
		`{"email":"ada@acme.example"}`:                                   {Email: "ada@acme.example"},
		`{"name":["Ada"],"email":{"a":1}}`:                               nil,
		`{"type":"user","id":7}`:                                         nil,
		`{"name":"\u200b"}`:                                              nil,
		``:                                                               nil,
	} {
		if diff := cmp.Diff(want, Actor{Raw: json.RawMessage(raw)}.Person()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
}
