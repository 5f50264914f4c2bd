package dynamo_test

import (
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// latchAt is a latch that was set at a time.
func latchAt(since time.Time) disabling.Latch {
	return disabling.Latch{Since: since, Until: since.Add(24 * time.Hour), Reason: tally.Gone, AppID: "17"}
}

func TestLatchIsReadAsItWasSetAndIsOneItem(t *testing.T) {
	e := newEngine()
	if got, err := e.brake().ReadLatch(t.Context(), platform.BrakeDisable); got != (disabling.Latch{}) || err != nil {
		t.Fatalf("of an empty table: %+v, %v", got, err)
	}
	if err := e.brake().SetLatch(t.Context(), platform.BrakeDisable, latchAt(noon)); err != nil {
		t.Fatal(err)
	}
	if got, err := e.brake().ReadLatch(t.Context(), platform.BrakeDisable); got != latchAt(noon) || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	want := map[string]attributes{"#brake latch": {"pk": text("#brake"), "sk": text("latch"), "since": text("2026-11-24T12:00:00.000Z"),
		"until": text("2026-11-25T12:00:00.000Z"), "reason": text("gone"), "app_id": text("17")}}
	if diff := cmp.Diff(want, e.tables["audit"], allItems); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestLatchIsSetUnlessThereIsOneOrSomebodyHoldsItOpen(t *testing.T) {
	for _, c := range []struct {
		after time.Duration // the latch, or the opening for two hours
		open  bool
		want  error
	}{
		{0, false, standing.ErrAlready}, {24*time.Hour - time.Millisecond, false, standing.ErrAlready}, {24 * time.Hour, false, nil},
		{0, true, standing.ErrAlready}, {2*time.Hour - time.Millisecond, true, standing.ErrAlready}, {2 * time.Hour, true, nil},
	} {
		e := newEngine()
		opened := time.Time{}
		if c.open {
			opened = noon.Add(2 * time.Hour)
			e.openBrake(t, noon, opened, nil)
		} else if err := e.brake().SetLatch(t.Context(), platform.BrakeDisable, latchAt(noon)); err != nil {
			t.Fatal(err)
		}
		before, _ := e.brake().ReadLatch(t.Context(), platform.BrakeDisable)
		next := latchAt(noon.Add(c.after))
		if err := e.brake().SetLatch(t.Context(), platform.BrakeDisable, next); !errors.Is(err, c.want) {
			t.Errorf("%s later, open %t: %v, want %v", c.after, c.open, err, c.want)
		}
		got, _ := e.brake().ReadLatch(t.Context(), platform.BrakeDisable)
		want := before
		if c.want == nil {
			want = next
			want.OpenUntil = opened
		}
		if got != want {
			t.Errorf("%s later, open %t: the latch is %+v, want %+v", c.after, c.open, got, want)
		}
	}
}

func (e *engine) openBrake(t *testing.T, at, until time.Time, want error) {
	t.Helper()
	err := e.brake().OpenBrake(t.Context(), registry.Opening{Brake: platform.BrakeDisable, At: at, Until: until,
		Actor: platform.Actor{Raw: json.RawMessage(`{"type":"user","id":7,"email":"ada@acme.example"}`)}})
	if !errors.Is(err, want) {
		t.Errorf("opened at %s: %v, want %v", at, err, want)
	}
}

func TestOpeningLiftsTheLatchAndSaysWhoDidIt(t *testing.T) {
	e := newEngine()
	if err := e.brake().SetLatch(t.Context(), platform.BrakeDisable, latchAt(noon)); err != nil {
		t.Fatal(err)
	}
	e.openBrake(t, noon.Add(time.Hour), noon.Add(5*time.Hour), nil)
	if len(e.writes) != 1 {
		t.Errorf("%d transactions", len(e.writes))
	}
	actor := &types.AttributeValueMemberM{Value: attributes{"type": text("user"), "id": &types.AttributeValueMemberN{Value: "7"}, "email": text("ada@acme.example")}}
	want := map[string]attributes{
		"#brake latch": {"pk": text("#brake"), "sk": text("latch"), "opened_at": text("2026-11-24T13:00:00.000Z"), "open_until": text("2026-11-24T17:00:00.000Z")},
		"#brake 2026-11-24T13:00:00.000Z#brake.open": {"pk": text("#brake"), "sk": text("2026-11-24T13:00:00.000Z#brake.open"),
			"event": text("brake.open"), "open_until": text("2026-11-24T17:00:00.000Z"), "actor": actor},
	}
	if diff := cmp.Diff(want, e.tables["audit"], allItems); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestOpeningIsOfTheNewestTimeAndOfNoLatchThatIsNewer(t *testing.T) {
	e := newEngine()
	e.openBrake(t, noon, noon.Add(time.Hour), nil)
	before := maps.Clone(e.tables["audit"])
	e.openBrake(t, noon, noon.Add(48*time.Hour), registry.ErrStale)
	e.openBrake(t, noon.Add(-time.Millisecond), noon.Add(48*time.Hour), registry.ErrStale)
	if diff := cmp.Diff(before, e.tables["audit"], allItems); diff != "" {
		t.Errorf("audit (-before +after):\n%s", diff)
	}
	if err := e.brake().SetLatch(t.Context(), platform.BrakeDisable, latchAt(noon.Add(3*time.Hour))); err != nil {
		t.Fatal(err)
	}
	e.openBrake(t, noon.Add(time.Hour), noon.Add(3*time.Hour), registry.ErrStale) // its hours were over
	e.openBrake(t, noon.Add(time.Hour), noon.Add(3*time.Hour+time.Millisecond), nil)
}

func TestDisableIsRefusedWhileTheBrakeIsLatched(t *testing.T) {
	for _, c := range []struct {
		latch *disabling.Latch
		open  bool
		want  error
	}{
		{nil, false, nil},
		{&disabling.Latch{Since: noon.Add(-time.Hour), Until: noon.Add(time.Millisecond), Reason: tally.Fatal, AppID: "1"}, false, standing.ErrLatched},
		{&disabling.Latch{Since: noon.Add(-24 * time.Hour), Until: noon, Reason: tally.Fatal, AppID: "1"}, false, nil},
		{&disabling.Latch{Since: noon.Add(-time.Hour), Until: noon.Add(time.Hour), Reason: tally.Fatal, AppID: "1"}, true, nil},
	} {
		e := newEngine()
		e.put("17", "42")
		if c.latch != nil {
			if err := e.brake().SetLatch(t.Context(), platform.BrakeDisable, *c.latch); err != nil {
				t.Fatal(err)
			}
		}
		if c.open {
			e.openBrake(t, noon, noon.Add(time.Hour), nil)
		}
		if err := e.standing().Apply(t.Context(), e.disabling(t, "17")); !errors.Is(err, c.want) {
			t.Errorf("with the latch %+v: %v, want %v", c.latch, err, c.want)
		}
		if disabled := e.tables["apps"]["17"]["disabled_at"] != nil; disabled != (c.want == nil) {
			t.Errorf("with the latch %+v, disabled: %t", c.latch, disabled)
		}
	}
}
