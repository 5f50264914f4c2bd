package disabling_test

import (
	"fmt"
	"testing"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// refusedFor makes a call fail permanently, until it is removed.
func refusedFor(broken string) func(call string) error {
	return func(call string) error {
		if call == broken {
			return fmt.Errorf("%w: ValidationException", platform.ErrRefused)
		}
		return nil
	}
}

func TestRefusalForGoodHoldsUpNeitherTheStreamNorTheSweepAndCallsAPerson(t *testing.T) {
	for _, call := range []string{"ReadApp", "ReadDays", "Disable", "MarkNotified"} {
		t.Run(call, func(t *testing.T) {
			w := brokenWorld()
			w.delay = refusedFor(call)
			if got := w.disabler().Handle(t.Context(), []disabling.Record{w.count(app, w.today(), tally.Counts{Error: 1})}); got != "" {
				t.Errorf("record %s comes again", got)
			}
			if n := w.figures.of("disable.refused"); n != 1 || w.log.has("app not judged, refused for good") != 1 {
				t.Errorf("counted %d times, log:\n%s", n, &w.log)
			}
			if err := w.disabler().Sweep(t.Context()); err != nil {
				t.Errorf("sweep: %v", err)
			}
			if n := w.figures.of("disable.refused"); n != 2 {
				t.Errorf("counted %d times", n)
			}
			w.delay = nil // a person has fixed it
			w.sweep(t)
			w.mailAll(t)
			w.assertDisabledOnce(t, app, ada, bob)
		})
	}
}

func TestRefusalOfARecordForGoodHidesNoneThatComesAgain(t *testing.T) {
	w := newWorld()
	w.own(org, ada)
	var records []disabling.Record
	for n, id := range []string{"a", "b", "c"} {
		w.put(id, org)
		r := w.fail(id)
		r.Sequence = fmt.Sprint(n)
		records = append(records, r)
	}
	job := w.disabler()
	apps := job.Standing.Apps
	job.Standing.Apps = appsFunc(func(id string) (platform.App, error) {
		switch id {
		case "a":
			return platform.App{}, fmt.Errorf("read: %w", platform.ErrRefused)
		case "b":
			return platform.App{}, errFault
		}
		found, _, err := apps.ReadApp(t.Context(), id)
		return found, err
	})
	if got := job.Handle(t.Context(), records); got != "1" {
		t.Errorf("first failed: %q, want 1", got)
	}
	if !w.Apps["c"].Disabled() {
		t.Error("c is not disabled")
	}
}
