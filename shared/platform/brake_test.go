package platform

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const brakeOpen = `{"type":"brake.open","brake":"disable","at":"2026-11-24T10:00:00Z","hours":4,"actor":{"type":"user","id":7,"email":"ada@acme.example"}}`

func TestBrakeOpenIsDecodedWhole(t *testing.T) {
	want := BrakeOpen{Brake: BrakeDisable, At: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Hours: 4,
		Actor: Actor{Raw: json.RawMessage(`{"type":"user","id":7,"email":"ada@acme.example"}`), Email: "ada@acme.example"}}
	got, err := DecodeRegistry([]byte(brakeOpen))
	if diff := cmp.Diff(RegistryMessage(want), got); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	if got, err := DecodeRegistry([]byte(change(t, brakeOpen, "brake", `"warning"`))); err != nil || got.(BrakeOpen).Brake != BrakeWarning {
		t.Errorf("the brake on warnings: %+v, error %v", got, err)
	}
	for raw, hours := range map[string]int{"1": 1, "48": 48, "12.0": 12, "1.2e1": 12} {
		got, err := DecodeRegistry([]byte(change(t, brakeOpen, "hours", raw)))
		if err != nil || got.(BrakeOpen).Hours != hours {
			t.Errorf("hours %s: %+v, error %v", raw, got, err)
		}
	}
	for _, path := range []string{"at", "actor"} {
		for _, raw := range missing {
			if _, err := DecodeRegistry([]byte(change(t, brakeOpen, path, raw))); err != nil {
				t.Errorf("%s = %q: %v", path, raw, err)
			}
		}
	}
}

func TestBrakeOpenWithAWrongFieldIsInvalid(t *testing.T) {
	mustBeInvalid(t, DecodeRegistry, brakeOpen, []bad{
		{path: "brake", raws: append(notText(), `"hunter2"`, `"warn"`, `"Disable"`)},
		{path: "hours", raws: append(notVersion(), "49", "-4", "1e2")},
		{path: "at", raws: []string{aNumber, "true", aList, anObject, aText, `"2026-11-24"`}},
		{path: "actor", raws: []string{aNumber, aText, aList}},
	})
}
