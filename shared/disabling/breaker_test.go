package disabling_test

import (
	"testing"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// What may disable an app is tested in platform. These tests show both ways to a
// verdict.
func TestBreakerDecidesWhatDisables(t *testing.T) {
	failing := func(w *world) disabling.Record { return w.fail(app) }
	fatal := func(w *world) disabling.Record {
		w.fail(app)
		return w.count(app, w.today(), tally.Counts{Fatal: 1})
	}
	dead := func(w *world) disabling.Record {
		return w.count(app, w.today(), tally.Counts{Timeout: 2})
	}
	for _, c := range []struct {
		name    string
		kind    platform.Kind
		status  platform.Status
		breaker platform.Breaker
		count   func(*world) disabling.Record
		want    string // reason; empty: it is left alone
	}{
		{"an integration, whatever its status", platform.Integration, platform.Published, platform.BreakAll, failing, "error"},
		{"a plugin, whatever its status", platform.Plugin, platform.Unpublished, platform.BreakAll, failing, "error"},
		{"a published sentry-app", platform.SentryApp, platform.Published, platform.BreakAll, failing, ""},
		{"an integration that is dead", platform.Integration, platform.Published, platform.BreakAll, dead, "dead"},
		{"fatal alone, and it is", platform.Integration, platform.Published, platform.BreakFatal, fatal, "fatal"},
		{"fatal alone, and it is not", platform.Integration, platform.Published, platform.BreakFatal, failing, ""},
		{"fatal alone, and it is dead", platform.Integration, platform.Published, platform.BreakFatal, dead, ""},
		{"fatal alone of a sentry-app", platform.SentryApp, platform.Internal, platform.BreakFatal, fatal, "fatal"},
		{"errors of one of fatal alone", platform.SentryApp, platform.Internal, platform.BreakFatal, failing, ""},
		{"off", platform.Integration, platform.Published, platform.BreakOff, fatal, ""},
		{"off of a sentry-app", platform.SentryApp, platform.Internal, platform.BreakOff, fatal, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for by, look := range map[string]func(*world, disabling.Record){
				"a record": func(w *world, r disabling.Record) { w.deliver(t, r) },
				"a sweep": func(w *world, _ disabling.Record) {
					if err := w.disabler().Sweep(t.Context()); err != nil {
						t.Fatal(err)
					}
				},
			} {
				w := newWorld()
				w.config.Rule.DeadDays = 5
				w.put(app, org)
				w.own(org, ada)
				w.change(app, func(a *platform.App) { a.Kind, a.Status, a.Breaker = c.kind, c.status, c.breaker })
				for _, back := range []int{5, 4, 3, 2} {
					w.count(app, w.today().Plus(-back), tally.Counts{Other: 4})
				}
				look(w, c.count(w))
				if got := w.snapshot().Apps[app].DisabledReason; got != c.want {
					t.Errorf("by %s: disabled for %q, want %q", by, got, c.want)
				}
			}
		})
	}
}

// A put never touches the disabled state, and the owners are told whatever the put
// has.
func TestBreakerThatGuardsAnAppNoMoreLeavesItDisabledAndItsOwnersTold(t *testing.T) {
	w := brokenWorld()
	w.change(app, func(a *platform.App) { a.DisabledAt, a.DisabledReason = w.now.Add(-time.Minute), "error" })
	put := platform.AppPut{App: w.snapshot().Apps[app]}
	put.App.Version, put.App.Kind, put.App.Breaker = 2, platform.Integration, platform.BreakOff
	if err := w.registrar().Handle(t.Context(), put, sent(w.now)); err != nil {
		t.Fatal(err)
	}
	w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 1}))
	a := w.snapshot().Apps[app]
	if !a.Disabled() || a.NotifiedAt.IsZero() || a.Breaker != platform.BreakOff {
		t.Errorf("%+v", a)
	}
}

func TestBreakerThatIsTurnedOffMeanwhileDisablesNobody(t *testing.T) {
	for name, change := range map[string]func(*platform.App){
		"off":          func(a *platform.App) { a.Breaker = platform.BreakOff },
		"another kind": func(a *platform.App) { a.Kind = platform.Plugin; a.Breaker = platform.BreakFatal },
	} {
		w := brokenWorld()
		r := w.count(app, w.today(), tally.Counts{Error: 1})
		changed := false
		w.delay = func(call string) error {
			if call == "Disable" && !changed {
				changed = true
				w.change(app, change)
			}
			return nil
		}
		w.deliver(t, r)
		if a := w.snapshot().Apps[app]; a.Disabled() || !changed {
			t.Errorf("%s: %+v", name, a)
		}
	}
}
