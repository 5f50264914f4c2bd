package disabling_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// assertWarnedOnce checks everything that one warning leaves.
func (w *world) assertWarnedOnce(t testing.TB, owners ...platform.Owner) {
	t.Helper()
	if a := w.Apps[app]; a.Warned.At.IsZero() || a.Warned.NotifiedAt.IsZero() || a.Warned.PlatformToldAt.IsZero() {
		t.Errorf("warned %+v", a.Warned)
	}
	if got := w.audited(app); !slices.Equal(got, []string{eventWarn}) {
		t.Errorf("audit %v", got)
	}
	if got := w.told(app); !slices.Equal(got, []string{"app.warning"}) {
		t.Errorf("the platform is told %v", got)
	}
	want := make(map[string]int)
	for _, o := range owners {
		want["app.warning "+o.Email] = 1
	}
	if got := w.mailed(t, app); !maps.Equal(got, want) {
		t.Errorf("mails %v, want %v", got, want)
	}
}

func TestWarningSurvivesAFaultAtEachWrite(t *testing.T) {
	for name, finish := range map[string]func(*testing.T, *world, disabling.Record){
		"the record comes again": func(t *testing.T, w *world, r disabling.Record) { w.deliver(t, r) },
		"the sweep takes it up": func(t *testing.T, w *world, r disabling.Record) {
			w.disabler().Handle(t.Context(), []disabling.Record{r})
			w.arm(-1, refused)
			w.sweep(t)
		},
		"the sweep, when the app has no failure any more": func(t *testing.T, w *world, r disabling.Record) {
			w.disabler().Handle(t.Context(), []disabling.Record{r})
			w.arm(-1, refused)
			if w.Apps[app].Warned.At.IsZero() {
				w.sweep(t)
			}
			counts := w.Buffer[firstKey]
			delete(w.Buffer, firstKey)
			w.sweep(t)
			w.Buffer[firstKey] = counts
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(t *testing.T, k int, f fault) *world {
				w := warningWorld()
				r := w.run(app, 3, tally.Counts{Error: 1})
				w.arm(k, f)
				finish(t, w, r)
				w.arm(-1, refused)
				w.mailAll(t)
				w.Bookmark = disabling.Place{}
				return w
			}
			want := run(t, -1, refused).snapshot()
			for _, f := range []fault{refused, lost} {
				for k := range 6 { // the transaction, the event and its mark, two notices and their mark
					w := run(t, k, f)
					w.assertWarnedOnce(t, ada, bob)
					same(t, want, w.snapshot())
					if t.Failed() {
						t.Fatalf("with %s at write %d\n%s", f, k, &w.log)
					}
				}
			}
		})
	}
}

func TestRecoverySurvivesAFaultAtEachWrite(t *testing.T) {
	run := func(t *testing.T, k int, f fault) *world {
		w := warningWorld()
		w.deliver(t, w.run(app, 3, tally.Counts{Error: 1}))
		w.mailAll(t)
		w.tomorrow()
		w.count(app, w.today(), tally.Counts{Success: 1})
		w.arm(k, f)
		for range 2 {
			_ = w.disabler().Sweep(t.Context())
		}
		w.Bookmark = disabling.Place{}
		return w
	}
	var want state
	{
		w := run(t, -1, refused)
		w.mailAll(t)
		want = w.snapshot()
		if got := w.audited(app); !slices.Equal(got, []string{eventWarn, eventRecover}) || !want.Apps[app].Warned.At.IsZero() {
			t.Fatalf("audit %v, warned %+v", got, want.Apps[app].Warned)
		}
	}
	atEachWrite(t, 6, run, func(t *testing.T, _ int, _ fault, w *world) {
		w.arm(-1, refused)
		w.mailAll(t)
		mails := map[string]int{}
		for _, o := range []platform.Owner{ada, bob} {
			mails["app.warning "+o.Email], mails["app.recovered "+o.Email] = 1, 1
		}
		if got := w.mailed(t, app); !maps.Equal(got, mails) {
			t.Errorf("mails %v, want %v", got, mails)
		}
		if got := w.told(app); !slices.Equal(got, []string{"app.warning", "app.recovered"}) {
			t.Errorf("the platform is told %v", got)
		}
		same(t, want, w.snapshot())
	})
}

func TestObservedWarningSurvivesAFaultAtEachWrite(t *testing.T) {
	run := func(t *testing.T, k int, f fault) *world {
		w := warningWorld()
		w.config.Mode = disabling.Observe
		r := w.run(app, 3, tally.Counts{Error: 1})
		w.arm(k, f)
		w.deliver(t, r)
		w.deliver(t, r)
		return w
	}
	want := run(t, -1, refused).snapshot()
	atEachWrite(t, 1, run, func(t *testing.T, _ int, _ fault, w *world) { same(t, want, w.snapshot()) })
}

func TestWarningWhoseReadsFailIsNotGivenAndComesAgain(t *testing.T) {
	for _, call := range []string{"ReadApp", "ReadDays", "ReadLatch", "ReadOrganization"} {
		w := warningWorld()
		r := w.run(app, 3, tally.Counts{Error: 1})
		w.delay = func(c string) error {
			if c == call {
				return errFault
			}
			return nil
		}
		if w.disabler().Handle(t.Context(), []disabling.Record{r}) == "" || len(w.Queue) > 0 {
			t.Errorf("%s fails: %d notices", call, len(w.Queue))
		}
		w.delay = nil
		w.deliver(t, r)
		w.mailAll(t)
		w.assertWarnedOnce(t, ada, bob)
	}
}

// The warning is decided, and then the app is disabled before each of the following calls.
func TestDisablingBetweenAnyTwoStepsOfAWarningSupersedesIt(t *testing.T) {
	steps := 0
	for ; ; steps++ {
		w := warningWorld()
		r := w.run(app, 3, tally.Counts{Error: 1})
		calls, queued := 0, 0
		w.delay = func(call string) error {
			if calls++; calls-1 == steps {
				w.delay = nil
				queued = len(w.Queue)
				if call == "SendNotice" {
					queued++ // it read the app before
				}
				w.deliver(t, w.count(app, w.today(), tally.Counts{Fatal: 1}))
			}
			return nil
		}
		w.deliver(t, r)
		struck := w.delay == nil
		w.delay = nil
		w.deliver(t, r)
		w.sweep(t)
		w.advance(time.Minute)
		if !struck {
			break
		}
		a := w.Apps[app]
		if !a.Disabled() || a.NotifiedAt.IsZero() || !a.Warned.At.IsZero() || !w.Standing[app] {
			t.Errorf("step %d: disabled at %s, warned %+v", steps, a.DisabledAt, a.Warned)
		}
		warnings := 0
		for _, n := range noticesByID(w.Queue) {
			if n.Kind == platform.AppWarning {
				warnings++
			}
		}
		if most := min(2, queued+1); warnings > most {
			t.Errorf("step %d: %d notices of the warning, %d were queued before", steps, warnings, queued)
		}
		w.mailAll(t)
		mails := w.mailed(t, app)
		if mails["app.disabled "+ada.Email] != 1 || mails["app.warning "+ada.Email] != 0 {
			t.Errorf("step %d: mails %v", steps, mails)
		}
	}
	if steps < 9 {
		t.Errorf("only %d steps", steps)
	}
	t.Logf("%d steps", steps)
}
