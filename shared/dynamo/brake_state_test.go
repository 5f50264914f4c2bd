package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
)

func TestBrakeStateIsOfTheLatchAndThenOfItsOpening(t *testing.T) {
	e := newEngine()
	at := time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)
	latch := latchAt(at)
	if err := e.brake().SetLatch(t.Context(), platform.BrakeDisable, latch); err != nil {
		t.Fatal(err)
	}
	got, err := e.brake().ReadState(t.Context(), platform.BrakeDisable)
	if want := (dynamo.BrakeState{Since: latch.Since, Until: latch.Until, Reason: string(latch.Reason), AppID: latch.AppID}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("latched: %+v, %v", got, err)
	}
	until := at.Add(5 * time.Hour)
	e.openBrake(t, at.Add(time.Hour), until, nil)
	got, err = e.brake().ReadState(t.Context(), platform.BrakeDisable)
	if want := (dynamo.BrakeState{OpenedAt: at.Add(time.Hour), OpenUntil: until}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("opened: %+v, %v", got, err)
	}
	if other, err := e.brake().ReadState(t.Context(), platform.BrakeWarning); err != nil || other != (dynamo.BrakeState{}) {
		t.Errorf("the other brake: %+v, %v", other, err)
	}
	broken := errors.New("throttled")
	e.fault = func(string, string) (error, error) { return broken, nil }
	if _, err := e.brake().ReadState(t.Context(), platform.BrakeDisable); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}
