package disabling_test

import (
	"testing"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// dying is a world with one app that has only redirected for a week. No such
// day passes the stream's filter.
func dying() *world {
	w := newWorld()
	w.put(app, org)
	w.own(org, ada, bob)
	w.config.Rule.DeadDays = 5
	for back := range 7 {
		w.count(app, w.today().Plus(-back), tally.Counts{Other: 2})
	}
	return w
}

func TestSweepDisablesAnAppThatIsDead(t *testing.T) {
	w := dying()
	w.sweep(t)
	a := w.snapshot().Apps[app]
	if a.DisabledReason != string(tally.Dead) || len(a.DisabledEvidence) != 7 || a.DisabledEvidence[0].Other != 2 {
		t.Errorf("the app became %+v", a)
	}
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

func TestSweepSparesAnAppThatIsNotDeadYet(t *testing.T) {
	for name, change := range map[string]func(*world){
		"a success":                        func(w *world) { w.count(app, w.today(), tally.Counts{Success: 1}) },
		"an alert rule's webhook arrived":  func(w *world) { w.count(app, w.today().Plus(-1), tally.Counts{Alive: 1}) },
		"dead is turned off":               func(w *world) { w.config.Rule.DeadDays = 0 },
		"the app is not guarded":           func(w *world) { w.change(app, func(a *platform.App) { a.Status = platform.Published }) },
		"it belongs to another by now":     func(w *world) { w.change(app, func(a *platform.App) { a.OrganizationID = "43" }) },
		"the first failure is 7 days back": func(w *world) { w.config.Rule.DeadDays = 7 },
	} {
		t.Run(name, func(t *testing.T) {
			w := dying()
			change(w)
			w.sweep(t)
			if a := w.snapshot().Apps[app]; a.Disabled() {
				t.Errorf("disabled: %+v", a)
			}
		})
	}
}

func TestGuardedDecidesWhichStatusesAreDisabled(t *testing.T) {
	w := brokenWorld()
	w.change(app, func(a *platform.App) { a.Status = platform.Published })
	w.deliver(t, w.fail(app))
	if a := w.snapshot().Apps[app]; a.Disabled() {
		t.Fatal("a published app is disabled by default")
	}
	w.config.Guarded = []platform.Status{platform.Internal, platform.Published}
	w.deliver(t, w.fail(app))
	if a := w.snapshot().Apps[app]; !a.Disabled() {
		t.Error("it is not disabled though its status is guarded")
	}
}
