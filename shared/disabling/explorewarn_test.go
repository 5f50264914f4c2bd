package disabling_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// The walks of two workers with warnings and recoveries. The app fails on three days, and
// its owners are warned on the third.

// watch notes a warning that was decided after a success was read.
func (w *walk) watch(a *actor, call string, err error) {
	switch {
	case call == "ReadDays":
		a.late = w.succeeded()
	case call == "Warn" && err == nil && a.late:
		w.wrong = append(w.wrong, "warned after a success was read")
	}
}

// succeeded reports whether a day of the walk has only successes.
func (w *walk) succeeded() bool {
	for date, c := range w.Buffer[firstKey] {
		if date >= tally.DateOf(w.start) && c.Success > 0 && !c.Failed() {
			return true
		}
	}
	return false
}

// warner handles a record of the app.
func warner() *actor {
	return &actor{name: "warn", work: func(w *world, s store) error {
		r := disabling.Record{Sequence: firstKey, Key: firstKey, Day: tally.Day{Date: w.today(), Counts: tally.Counts{Error: 1}}}
		if w.disablerOver(s).Handle(context.Background(), []disabling.Record{r}) != "" {
			return errFault
		}
		return nil
	}}
}

// sweeper is a sweep of the warned apps.
func sweeper() *actor {
	return &actor{name: "sweep", work: func(w *world, s store) error {
		s.Bookmark = disabling.Place{Shard: 2 * tally.Shards}
		return w.disablerOver(s).Sweep(context.Background())
	}}
}

// counter counts once.
func counter(counts tally.Counts, clues tally.Clues) *actor {
	return &actor{name: "count", once: func(w *world) {
		w.add(firstKey, w.today(), counts)
		w.clue(firstKey, w.today(), clues)
	}}
}

// expired is a failure an hour ago that will not pass by itself.
func expired(w *world) tally.Clues {
	return tally.Clues{Permanent: 1, FailingSince: w.now.Add(-time.Hour)}
}

func TestWarningPromisesAreKeptInEveryInterleavingOfTwoWorkersWithTwoCrashes(t *testing.T) {
	t.Parallel()
	states := 0
	failing := func(*testing.T, *world) {}
	warned := func(t *testing.T, w *world) {
		w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 1}))
		w.tomorrow()
		w.add(firstKey, w.today(), tally.Counts{Success: 1})
	}
	success, fatal, broken := tally.Counts{Success: 1}, tally.Counts{Fatal: 1}, tally.Counts{Timeout: 1}
	const days, permanent = platform.Level("days:3"), tally.LevelPermanent
	for _, c := range []struct {
		name   string
		before func(*testing.T, *world)
		actors func(w *world) []*actor
		// the required end, for chains that lasted
		warned    []platform.Level // audited, at least
		maybe     []platform.Level // audited, at most; nil: as warned
		recovered int              // at least
		under     bool             // the app ends under a warning
		maybeSo   bool             // the app may end under a warning
		disabled  bool
		three     bool // actors, which have too many states: one crash is not made, and the platform wants no events
	}{
		{name: "warn and warn", before: failing, actors: func(*world) []*actor { return []*actor{warner(), warner()} },
			warned: []platform.Level{days}, under: true},
		{name: "warn and the sweep", before: failing, actors: func(*world) []*actor { return []*actor{warner(), sweeper()} },
			warned: []platform.Level{days}, under: true},
		{name: "warn and a success tomorrow", before: failing, actors: func(w *world) []*actor {
			return []*actor{warner(), {name: "count", once: func(w *world) { w.add(firstKey, w.today().Plus(1), success) }}}
		}, maybe: []platform.Level{days}, maybeSo: true},
		{name: "warn, warn and a disabling", before: failing, actors: func(*world) []*actor {
			return []*actor{warner(), warner(), counter(fatal, tally.Clues{})}
		}, maybe: []platform.Level{days}, disabled: true, three: true},
		{name: "warn and another URL", before: failing, actors: func(*world) []*actor { return []*actor{warner(), putter(otherURL)} },
			maybe: []platform.Level{days}},
		{name: "warn and a deletion", before: failing, actors: func(*world) []*actor { return []*actor{warner(), deleter()} },
			maybe: []platform.Level{days}},
		{name: "warn and notify", before: failing, actors: func(*world) []*actor { return []*actor{warner(), notifier()} },
			warned: []platform.Level{days}, under: true},
		{name: "recover and recover", before: warned, actors: func(*world) []*actor { return []*actor{sweeper(), sweeper()} },
			warned: []platform.Level{days}, recovered: 1},
		{name: "recover and warn again", before: warned, actors: func(w *world) []*actor {
			return []*actor{sweeper(), warner(), counter(broken, expired(w))}
		}, warned: []platform.Level{days, permanent}, under: true, three: true},
		{name: "recover and a disabling", before: warned, actors: func(*world) []*actor {
			return []*actor{sweeper(), warner(), counter(fatal, tally.Clues{})}
		}, warned: []platform.Level{days}, disabled: true, three: true},
		{name: "recover and another URL", before: warned, actors: func(*world) []*actor { return []*actor{sweeper(), putter(otherURL)} },
			warned: []platform.Level{days}},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := func() *walk {
				w := newWorld()
				w.config.Warn, w.config.MaxWarningsPerHour = tally.WarnRule{AfterDays: []int{3}, Early: 10 * time.Minute}, 50
				w.config.Rule.DeadDays = 5
				w.quiet, w.deaf = true, c.three
				w.put(app, org)
				w.own(org, ada)
				w.run(app, 3, tally.Counts{Error: 1})
				c.before(t, w)
				at := time.Time{}
				begun := &walk{world: w, start: w.now.Add(-time.Duration(len(w.Audit)) * time.Second), at: &at, actors: c.actors(w),
					repeated: make(map[string]int)}
				if c.three {
					begun.crashes++
				}
				return begun
			}
			states += exploreAll(t, begin, func(w *walk) {
				w.settle(t)
				w.checkWarnings(t)
				a, audited := w.Apps[app], w.levels(app)
				if most := slices.Concat(c.warned, c.maybe); !slices.Equal(audited, c.warned) && !slices.Equal(audited, most) {
					t.Errorf("warned of %v, want %v, or %v", audited, c.warned, most)
				}
				recovered := 0
				for _, event := range w.audited(app) {
					if event == eventRecover {
						recovered++
					}
				}
				if recovered < c.recovered || recovered > 1 {
					t.Errorf("recovered %d times: %v", recovered, w.audited(app))
				}
				if a.Disabled() != c.disabled || !c.maybeSo && a.Warned.At.IsZero() == c.under {
					t.Errorf("disabled at %s, warned %+v", a.DisabledAt, a.Warned)
				}
			})
		})
	}
	t.Logf("%d states", states)
}

// deleter handles the message of a deletion.
func deleter() *actor {
	return &actor{name: "delete", work: func(w *world, s store) error {
		return w.registrarOver(s).Handle(context.Background(), platform.AppDelete{AppID: app, Version: 2}, sent(w.now))
	}}
}

// settle lets everything that is still due happen.
func (w *walk) settle(t *testing.T) {
	t.Helper()
	for range 2 {
		for key := range w.snapshot().Buffer {
			w.deliver(t, disabling.Record{Sequence: key, Key: key, Day: tally.Day{Date: w.today(), Counts: tally.Counts{Error: 1}}})
		}
		w.Bookmark = disabling.Place{}
		w.sweep(t)
		w.skipped += time.Second
		w.tell()
	}
	w.mailAll(t)
}

// checkWarnings checks what must be true whatever happened.
func (w *walk) checkWarnings(t *testing.T) {
	t.Helper()
	for _, wrong := range w.wrong {
		t.Error(wrong)
	}
	s := w.snapshot()
	a := s.Apps[app]
	if a.Disabled() && !a.Warned.At.IsZero() {
		t.Errorf("disabled and warned: %+v", a.Warned)
	}
	if !a.Warned.At.IsZero() && (a.Warned.NotifiedAt.IsZero() || !w.deaf && a.Warned.PlatformToldAt.IsZero() || !a.Warned.RecoveredAt.IsZero()) {
		t.Errorf("the chain was left at %+v", a.Warned)
	}
	given := make(map[platform.Level]int)
	for _, level := range w.levels(app) {
		if given[level]++; given[level] > 1 {
			t.Errorf("level %s was given twice", level)
		}
	}
	most := map[string]int{}
	for _, event := range w.audited(app) {
		switch event {
		case eventWarn:
			most["app.warning"]++
		case eventRecover:
			most["app.recovered"]++
		case eventDisable:
			most["app.disabled"]++
		}
	}
	got := make(map[string]int)
	for _, kind := range w.told(app) {
		if got[kind]++; got[kind] > most[kind] {
			t.Errorf("the platform is told %v of %v", w.told(app), w.audited(app))
		}
	}
	mails := make(map[platform.NoticeKind]int)
	for id, n := range noticesByID(s.Queue) {
		if s.Mails[id] > 1+w.repeated[id] {
			t.Errorf("%s was mailed %d times", n.Kind, s.Mails[id])
		}
		if current := n.Kind == platform.AppWarning && n.WarnedAt == platform.FormatTime(a.Warned.At); current && s.Mails[id] == 0 {
			t.Error("the warning that lasts was not mailed")
		}
		mails[n.Kind]++
	}
	for kind, n := range mails {
		if n > most[string(kind)] {
			t.Errorf("%d notices %s of %v", n, kind, w.audited(app))
		}
	}
}
