package disabling_test

import (
	"slices"
	"testing"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// checkGenerations checks that no app was disabled for another generation's
// failures, and that every broken app was disabled.
func (w *world) checkGenerations(t testing.TB) {
	t.Helper()
	s := w.snapshot()
	for _, wrong := range w.wrong {
		t.Errorf("disabled wrongly: %s", wrong)
	}
	a := s.Apps[app]
	var days []tally.Day
	for date, counts := range s.Buffer[keyOf(a)] {
		days = append(days, tally.Day{Date: date, Counts: counts})
	}
	if !a.Disabled() && w.config.Rule.Judge(days, "2026-11-24").Broken {
		t.Errorf("%s is broken and not disabled: %v", keyOf(a), days)
	}
	if a.Disabled() && a.NotifiedAt.IsZero() {
		t.Error("nobody was told")
	}
	disabled := false
	for _, event := range w.audited(app) {
		want := eventDisable
		if disabled {
			want = eventEnable
		}
		if event != want {
			t.Errorf("audit: %v", w.audited(app))
			break
		}
		disabled = !disabled
	}
	if disabled != a.Disabled() {
		t.Errorf("disabled: %t, audit: %v", a.Disabled(), w.audited(app))
	}
}

func TestGenerationIsNotDisabledForAnothersFailuresInAnyInterleaving(t *testing.T) {
	t.Parallel()
	states := 0
	gone := tally.Counts{Error: 3, Gone: 3}
	for _, c := range []struct {
		name    string
		held    bool // the brake holds it while the others work
		counted bool // failures before
		actors  func(at *time.Time) []*actor
	}{
		{"disable and another URL", false, true, func(*time.Time) []*actor {
			return []*actor{disabler(), putter(otherURL)}
		}},
		{"disable and another URL and back", false, true, func(*time.Time) []*actor {
			return []*actor{disabler(), putter(otherURL, asBefore)}
		}},
		{"disable and a move to another organization and back", false, true, func(*time.Time) []*actor {
			return []*actor{disabler(), putter(otherOrganization, asBefore)}
		}},
		{"disable, another URL, and an attempt", false, false, func(*time.Time) []*actor {
			return []*actor{disabler(), putter(otherURL), attempter(gone)}
		}},
		{"disable, a move and back, and an attempt", false, false, func(*time.Time) []*actor {
			return []*actor{disabler(), putter(otherOrganization, asBefore), attempter(gone)}
		}},
		{"disable, enable, and an attempt that is in flight", false, true, func(at *time.Time) []*actor {
			return []*actor{disabler(), enabler(at), attempter(gone)}
		}},
		{"disable, enable, and another URL", false, true, func(at *time.Time) []*actor {
			return []*actor{disabler(), enabler(at), putter(otherURL)}
		}},
		{"a brake that holds, and another URL", true, true, func(*time.Time) []*actor {
			return []*actor{disabler(), putter(otherURL)}
		}},
		{"a brake that holds, a move and back, and an attempt", true, true, func(*time.Time) []*actor {
			return []*actor{disabler(), putter(otherOrganization, asBefore), attempter(tally.Counts{Error: 1})}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var at time.Time
			begin := func() *walk {
				w := newWorld()
				w.config.Rule.WindowDays = 1
				w.quiet, w.deaf = true, true // other walks have events
				if c.held {
					w.config.MaxPerHour = 0
				}
				w.put(app, org)
				w.own(org, ada)
				w.own("43", bob)
				if c.counted {
					w.add(firstKey, "2026-11-24", gone)
				}
				at = time.Time{}
				return &walk{world: w, start: w.now, at: &at, actors: c.actors(&at), repeated: make(map[string]int)}
			}
			states += exploreAll(t, begin, func(w *walk) {
				w.config.MaxPerHour, w.Latch = 20, disabling.Latch{} // opened
				w.skipped += time.Hour
				w.tell()
				for range 2 {
					w.deliver(t, w.records()...)
					w.sweep(t)
				}
				w.checkGenerations(t)
			})
		})
	}
	t.Logf("%d states", states)
}

func TestGenerationOfAnotherKeyJudgesNobody(t *testing.T) {
	for name, c := range map[string]struct {
		key  string
		want bool
	}{
		"the current one":              {app + "#" + org + "#3", true},
		"the one before":               {app + "#" + org + "#2", false},
		"one that is yet to come":      {app + "#" + org + "#4", false},
		"of two parts, from before":    {app + "#" + org, false},
		"of another organization":      {app + "#43#3", false},
		"with something after it":      {app + "#" + org + "#3#", false},
		"the current one, with a zero": {app + "#" + org + "#03", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.put(app, org)
			w.own(org, ada)
			w.change(app, func(a *platform.App) { a.Generation = 3 })
			r := w.add(c.key, w.today(), tally.Counts{Fatal: 1})
			r.Sequence = "1"
			w.deliver(t, r)
			w.sweep(t)
			if got := w.Apps[app].Disabled(); got != c.want {
				t.Errorf("disabled: %t", got)
			}
		})
	}
}

// If any key leads to a disabled app, its owners are told.
func TestGenerationOfAnyKeyFinishesADisabling(t *testing.T) {
	for _, key := range []string{firstKey, app + "#" + org + "#9", app + "#" + org, app + "#43#1", app + "#43"} {
		for name, look := range map[string]func(*testing.T, *world){
			"a record":  func(t *testing.T, w *world) { w.deliver(t, recordOf(key)) },
			"the sweep": func(t *testing.T, w *world) { w.sweep(t) },
		} {
			t.Run(key+" "+name, func(t *testing.T) {
				w := newWorld()
				w.put(app, org)
				w.own(org, ada)
				w.add(firstKey, w.today(), tally.Counts{Fatal: 1})
				w.arm(0, lost)
				w.disabler().Handle(t.Context(), []disabling.Record{recordOf(firstKey)})
				w.arm(-1, lost)
				if a := w.Apps[app]; !a.Disabled() || !a.NotifiedAt.IsZero() {
					t.Fatalf("the fault was not met: %+v", a)
				}
				w.Buffer = map[string]map[tally.Date]tally.Counts{key: {w.today(): {Error: 1}}}
				look(t, w)
				w.mailAll(t)
				w.assertDisabledOnce(t, app, ada)
			})
		}
	}
}

// A worker of the disable function is stopped before each of its calls. The app
// gets another URL or organization, and the worker goes on.
func TestGenerationThatBeginsBetweenAnyTwoStepsOfADisabling(t *testing.T) {
	for name, changes := range map[string][]func(*platform.App){
		"another URL":            {otherURL},
		"another URL and back":   {otherURL, asBefore},
		"a move":                 {otherOrganization},
		"a move there, and back": {otherOrganization, asBefore},
	} {
		t.Run(name, func(t *testing.T) {
			for steps := 0; ; steps++ {
				w := brokenWorld()
				w.own("43", ada)
				var calls []string
				wasDisabled := false
				w.delay = func(call string) error {
					calls = append(calls, call)
					if len(calls)-1 == steps {
						wasDisabled = w.Apps[app].Disabled()
						if err := putter(changes...).work(w, store{tables: w.tables}); err != nil {
							t.Fatal(err)
						}
					}
					return nil
				}
				w.deliver(t, recordOf(firstKey))
				struck := len(calls) > steps
				w.delay = nil
				w.deliver(t, recordOf(firstKey))
				w.sweep(t)
				w.checkGenerations(t)
				if got := w.Apps[app].Disabled(); struck && got != wasDisabled {
					t.Errorf("changed before call %d of %v: disabled %t, and was %t", steps, calls, got, wasDisabled)
				}
				if t.Failed() {
					t.Fatalf("changed before call %d of %v\n%s", steps, calls, &w.log)
				}
				if !struck {
					if slices.Index(calls, "Disable") < 2 {
						t.Errorf("calls: %v", calls)
					}
					break
				}
			}
		})
	}
}

func TestObserveSaysNothingOfAnAppThatChangedSinceItWasJudged(t *testing.T) {
	w := brokenWorld()
	w.config.Mode = disabling.Observe
	w.delay = func(call string) error {
		if call == "WouldDisable" {
			w.delay = nil
			return putter(otherURL).work(w, store{tables: w.tables})
		}
		return nil
	}
	w.deliver(t, recordOf(firstKey))
	if got := w.audited(app); len(got) > 0 || w.log.has("app would be disabled") > 0 {
		t.Errorf("audit: %v", got)
	}
}
