package disabling_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

func disableBy(appID string, who platform.Owner, at time.Time) platform.AppDisable {
	return platform.AppDisable{AppID: appID, At: at, Note: "It floods a customer.",
		Actor: platform.Actor{Raw: fmt.Appendf(nil, `{"email":%q}`, who.Email), Email: who.Email}}
}

func TestSteeringDisablesByHandWhateverTheAppAndTheBrake(t *testing.T) {
	for name, change := range map[string]func(*world){
		"an internal app":  func(*world) {},
		"a published app":  func(w *world) { w.change(app, func(a *platform.App) { a.Status = platform.Published }) },
		"observe":          func(w *world) { w.config.Mode = disabling.Observe },
		"a limit of none":  func(w *world) { w.config.MaxPerHour = 0 },
		"a latched brake":  func(w *world) { w.Latch = disabling.Latch{Since: w.now, Until: w.now.Add(time.Hour)} },
		"an app of before": func(w *world) { w.change(app, func(a *platform.App) { a.EnabledAt = w.now.Add(-time.Hour) }) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.put(app, org)
			w.own(org, ada, bob)
			change(w)
			at := w.now
			w.advance(time.Minute)
			w.register(t, disableBy(app, ada, at), w.now)
			a := w.Apps[app]
			if !a.DisabledAt.Equal(at) || a.DisabledReason != "manual" || !a.SteeredAt.Equal(at) || a.Generation != 1 || len(a.DisabledEvidence) > 0 {
				t.Errorf("the app became %+v", a)
			}
			want := map[string]entry{auditKey(org, at, eventDisable, app): {Event: eventDisable, AppID: app, Reason: "manual",
				Actor: `{"email":"ada@acme.example"}`, Note: "It floods a customer."}}
			if diff := cmp.Diff(want, w.Audit); diff != "" || len(w.Brake) > 0 {
				t.Errorf("brake %v, audit (-want +got):\n%s", w.Brake, diff)
			}
			w.mailAll(t)
			w.assertDisabledOnce(t, app, ada, bob)
			for _, n := range w.Queue {
				if n.Reason != "manual" || n.Note != "It floods a customer." || n.Actor == nil || n.Actor.Email != ada.Email || n.Rule != nil || n.Evidence != nil {
					t.Errorf("notice %+v", n)
				}
			}
			if e := w.Events[0]; e.Reason != "manual" || string(e.Actor) != `{"email":"ada@acme.example"}` || len(e.Evidence) > 0 {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// The sweep finishes what was begun by hand, with the same texts.
func TestSteeringByHandIsTakenUpByTheSweep(t *testing.T) {
	w := newWorld()
	w.put(app, org)
	w.register(t, disableBy(app, ada, w.now), w.now) // nobody can be told
	if w.figures.of("notice.nobody") != 1 {
		t.Errorf("reported %d times that nobody can be told", w.figures.of("notice.nobody"))
	}
	w.own(org, bob)
	w.sweep(t)
	if n := w.Queue[0]; n.Actor == nil || n.Actor.Email != ada.Email || n.Note == "" || n.Reason != "manual" || n.Rule != nil {
		t.Errorf("notice %+v", n)
	}
	w.mailAll(t)
	w.assertDisabledOnce(t, app, bob)
}

func TestSteeringLeavesAnAppThatIsDisabledItsFirstReason(t *testing.T) {
	w := brokenWorld()
	w.deliver(t, recordOf(firstKey))
	before := w.Apps[app]
	w.advance(time.Minute)
	w.register(t, disableBy(app, ada, w.now), w.now)
	before.SteeredAt = w.now
	if diff := cmp.Diff(before, w.Apps[app]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.register(t, enableBy(app, bob, w.now.Add(-time.Second)), w.now) // older than the disabling by hand
	if !w.Apps[app].Disabled() {
		t.Error("an older enabling lifted it")
	}
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

func TestSteeringOfADeletedAppHasNoEffect(t *testing.T) {
	for name, prepare := range map[string]func(*world){
		"one that was":       func(w *world) { w.put(app, org); w.change(app, func(a *platform.App) { a.Deleted = true }) },
		"one that never was": func(w *world) { w.Apps[app] = platform.App{ID: app, Version: 3, Deleted: true, Generation: 1} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.own(org, ada)
			prepare(w)
			w.register(t, disableBy(app, ada, w.now), w.now)
			if a := w.Apps[app]; a.Disabled() || !a.SteeredAt.Equal(w.now) || len(w.Audit)+len(w.Queue)+len(w.Events) > 0 {
				t.Errorf("the app became %+v, audit %v", a, w.Audit)
			}
		})
	}
}

func TestSteeringErasesWhoDidItWithTheApp(t *testing.T) {
	w := newWorld()
	w.put(app, org)
	w.own(org, ada)
	w.register(t, disableBy(app, ada, w.now), w.now)
	w.register(t, platform.AppDelete{AppID: app, Version: 2}, w.now)
	if a := w.Apps[app]; a.DisabledNote != "" || a.DisabledBy.Raw != nil {
		t.Errorf("left of it: %q, %s", a.DisabledNote, a.DisabledBy.Raw)
	}
}

func TestSteeringOfAnUnknownAppIsToComeAgain(t *testing.T) {
	w := newWorld()
	err := w.registrar().Handle(t.Context(), disableBy(app, ada, w.now), sent(w.now))
	if !errors.Is(err, registry.ErrUnknownApp) || len(w.Audit) > 0 {
		t.Errorf("error %v, audit %v", err, w.Audit)
	}
}

func TestSteeringByHandSurvivesAFaultAtEachWrite(t *testing.T) {
	run := func(t *testing.T, k int, f fault) *world {
		w := newWorld()
		w.put(app, org)
		w.own(org, ada, bob)
		w.arm(k, f)
		w.register(t, disableBy(app, ada, w.now), w.now)
		return w
	}
	var want state
	{
		w := run(t, -1, refused)
		w.mailAll(t)
		want = w.snapshot()
	}
	atEachWrite(t, 3+2+1, run, func(t *testing.T, _ int, _ fault, w *world) {
		w.arm(-1, refused)
		w.mailAll(t)
		w.assertDisabledOnce(t, app, ada, bob)
		same(t, want, w.snapshot())
	})
}

// A steering is a message of the platform about an app, and its time.
type steering struct {
	kind standing.Kind
	at   time.Duration // since the world began
}

func (s steering) actor() *actor {
	return &actor{name: fmt.Sprint(s.kind, s.at), work: func(w *world, store store) error {
		return w.registrarOver(store).Handle(context.Background(), s.message(), sent(noon(s.at)))
	}}
}

func (s steering) message() platform.RegistryMessage {
	if s.kind == standing.Enabled {
		return enableBy(app, bob, noon(s.at))
	}
	return disableBy(app, bob, noon(s.at))
}

// noon is a time after the beginning of a world.
func noon(since time.Duration) time.Time {
	return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC).Add(since)
}

// checkSteered checks that the app ends as its newest steering says, whatever came
// in between.
func (w *world) checkSteered(t testing.TB, steerings ...steering) {
	t.Helper()
	newest := steerings[0]
	for _, s := range steerings {
		if s.at > newest.at {
			newest = s
		}
	}
	a := w.Apps[app]
	if !a.SteeredAt.Equal(noon(newest.at)) {
		t.Errorf("steered at %s, want %s", a.SteeredAt, noon(newest.at))
	}
	switch {
	case newest.kind == standing.Disabled && !a.Disabled():
		t.Error("not disabled, though the newest says so")
	case newest.kind == standing.Enabled && a.Disabled() && (a.DisabledReason == "manual" || !a.DisabledAt.After(noon(newest.at))):
		t.Errorf("disabled at %s for %s, though it was enabled at %s", a.DisabledAt, a.DisabledReason, noon(newest.at))
	}
	if a.Disabled() == a.NotifiedAt.IsZero() || a.Disabled() != w.Standing[app] {
		t.Errorf("disabled at %s, notified at %s, in the index %t", a.DisabledAt, a.NotifiedAt, w.Standing[app])
	}
}

func TestSteeringEndsAsTheNewestSaysInEveryInterleaving(t *testing.T) {
	t.Parallel()
	const early, late = 100 * time.Millisecond, 200 * time.Millisecond
	gone := tally.Counts{Error: 3, Gone: 3}
	states := 0
	for _, c := range []struct {
		name      string
		broken    bool // by its counts, and a record of them comes
		disabled  bool // by the rule, before
		steerings []steering
	}{
		{"disable, then enable", false, false, []steering{{standing.Disabled, early}, {standing.Enabled, late}}},
		{"enable, then disable", false, false, []steering{{standing.Enabled, early}, {standing.Disabled, late}}},
		{"disable, then enable, of one that is disabled", false, true, []steering{{standing.Disabled, early}, {standing.Enabled, late}}},
		{"enable, then disable, of one that is disabled", false, true, []steering{{standing.Enabled, early}, {standing.Disabled, late}}},
		{"disable, then disable", false, false, []steering{{standing.Disabled, early}, {standing.Disabled, late}}},
		{"disable twice, then enable", false, false, []steering{{standing.Disabled, early}, {standing.Disabled, early}, {standing.Enabled, late}}},
		{"disable, while it is disabled by the rule", true, false, []steering{{standing.Disabled, early}}},
		{"enable, then disable, while it is disabled by the rule", true, false, []steering{{standing.Enabled, early}, {standing.Disabled, late}}},
		{"disable, then enable, while it is disabled by the rule", true, false, []steering{{standing.Disabled, early}, {standing.Enabled, late}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := func() *walk {
				w := newWorld()
				w.config.Rule.WindowDays = 1
				w.quiet, w.deaf = true, true // events are walked elsewhere
				w.put(app, org)
				w.own(org, ada)
				var actors []*actor
				if c.broken || c.disabled {
					w.add(firstKey, "2026-11-24", gone)
				}
				if c.broken {
					actors = append(actors, disabler())
				}
				if c.disabled {
					w.deliver(t, recordOf(firstKey))
				}
				for _, s := range c.steerings {
					actors = append(actors, s.actor())
				}
				w.advance(time.Second)
				at := time.Time{}
				crashes := max(0, len(actors)-2) // one less of three
				return &walk{world: w, start: w.now, at: &at, actors: actors, crashes: crashes, repeated: make(map[string]int)}
			}
			states += exploreAll(t, begin, func(w *walk) {
				w.checkSteered(t, c.steerings...) // without any message coming again
				w.skipped += time.Hour
				w.tell()
				for range 2 { // all messages come twice more
					w.deliver(t, w.records()...)
					for _, s := range c.steerings {
						w.register(t, s.message(), noon(s.at))
					}
					w.sweep(t)
				}
				w.checkSteered(t, c.steerings...)
				w.checkGenerations(t)
			})
		})
	}
	t.Logf("%d states", states)
}

// Any messages, in any order, any number of times.
func TestSteeringEndsAsTheNewestSaysInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld()
		w.quiet = true
		w.put(app, org)
		w.own(org, ada)
		w.advance(time.Hour)
		kinds := rapid.SliceOfN(rapid.SampledFrom([]standing.Kind{standing.Disabled, standing.Enabled}), 1, 6).Draw(rt, "kinds")
		var steerings []steering
		for n, kind := range kinds {
			steerings = append(steerings, steering{kind, time.Duration(n+1) * time.Minute})
		}
		queue := rapid.Permutation(slices.Concat(steerings, steerings)).Draw(rt, "queue")
		for _, s := range queue {
			w.register(t, s.message(), noon(s.at))
		}
		w.checkSteered(t, steerings...)
		newest := steerings[len(steerings)-1]
		if a := w.Apps[app]; a.Disabled() != (newest.kind == standing.Disabled) {
			rt.Fatalf("disabled at %s after %v", a.DisabledAt, queue)
		}
		w.mailAll(t)
		for mail, n := range w.mailed(t, app) {
			if n > len(kinds) {
				rt.Fatalf("%d mails %s", n, mail)
			}
		}
		if t.Failed() {
			rt.FailNow()
		}
	})
}

func TestSteeringTakesNoTimeAfterTheMessageWasQueued(t *testing.T) {
	for name, c := range map[string]struct{ said, want time.Duration }{
		"none": {-1, time.Hour}, "before": {time.Minute, time.Minute}, "after": {2 * time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.put(app, org)
			m := disableBy(app, ada, noon(c.said))
			if c.said < 0 {
				m.At = time.Time{}
			}
			w.register(t, m, noon(time.Hour))
			if a := w.Apps[app]; !a.DisabledAt.Equal(noon(c.want)) {
				t.Errorf("disabled at %s, want %s", a.DisabledAt, noon(c.want))
			}
		})
	}
}

func TestSteeringByHandCountsAsADisablingOfItsReason(t *testing.T) {
	w := newWorld()
	w.put(app, org)
	w.register(t, platform.AppDisable{AppID: app, Actor: platform.Actor{Raw: json.RawMessage(`{}`)}}, w.now)
	w.register(t, platform.AppDisable{AppID: app}, w.now)
	if w.figures.of("app.disabled") != 1 || w.log.has("app disabled") != 1 || !maps.Equal(w.Brake, map[string]int{}) {
		t.Errorf("counted %v, brake %v", w.figures.counts, w.Brake)
	}
}
