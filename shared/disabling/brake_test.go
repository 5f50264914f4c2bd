package disabling_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

var (
	_ disabling.Brake    = store{}
	_ disabling.Untold   = store{}
	_ disabling.Warnings = store{}
	_ registry.Brake     = store{}
)

func (s store) ReadLatch(_ context.Context, brake platform.Brake) (l disabling.Latch, err error) {
	err = s.read("ReadLatch", func() { l = s.held(brake).Latch })
	return l, err
}

func (s store) SetLatch(_ context.Context, brake platform.Brake, l disabling.Latch) error {
	return s.write("SetLatch", func() error {
		held := s.held(brake)
		if held.Latch.Latched(l.Since) || l.Since.Before(held.Latch.OpenUntil) {
			return standing.ErrAlready
		}
		l.OpenUntil = held.Latch.OpenUntil
		held.Latch = l
		return nil
	})
}

func (s store) OpenBrake(_ context.Context, o registry.Opening) error {
	return s.write("OpenBrake", func() error {
		held := s.held(o.Brake)
		if !held.OpenedAt.Before(o.At) || !held.Latch.Since.Before(o.Until) {
			return registry.ErrStale
		}
		held.OpenedAt, held.Latch = o.At, disabling.Latch{OpenUntil: o.Until}
		s.Audit["#brake "+platform.FormatTime(o.At)+"#brake.open"] = entry{Event: "brake.open", Actor: string(o.Actor.Raw)}
		return nil
	})
}

func (s store) ReadUntold(_ context.Context, shard int, found func(string)) error {
	var ids []string
	err := s.read("ReadUntold", func() {
		for id := range s.Standing {
			if a := s.Apps[id]; tally.Shard(id) == shard && a.NotifiedAt.IsZero() && !a.Deleted {
				ids = append(ids, id)
			}
		}
	})
	for _, id := range ids {
		found(id)
	}
	return err
}

func (s store) ReadWarned(_ context.Context, shard int, found func(string)) error {
	var ids []string
	err := s.read("ReadWarned", func() {
		for id, a := range s.Apps {
			if tally.Shard(id) == shard && !a.Warned.At.IsZero() {
				ids = append(ids, id)
			}
		}
	})
	for _, id := range ids {
		found(id)
	}
	return err
}

// wave makes a number of apps that are broken by today's counts, and returns their
// records.
func (w *world) wave(prefix string, apps int, counts tally.Counts) (records []disabling.Record) {
	w.own(org, ada)
	for n := range apps {
		id := fmt.Sprint(prefix, n)
		w.put(id, org)
		records = append(records, w.count(id, w.today(), counts))
	}
	return records
}

func (w *world) disabledApps() (n int) {
	for _, a := range w.snapshot().Apps {
		if a.Disabled() {
			n++
		}
	}
	return n
}

// sweepHourly lets a number of hours pass, with a sweep in each.
func (w *world) sweepHourly(t testing.TB, hours int) {
	t.Helper()
	for range hours {
		w.advance(time.Hour)
		w.sweep(t)
	}
}

func (w *world) open(t testing.TB, hours int) (at time.Time) {
	t.Helper()
	at = w.now
	w.register(t, platform.BrakeOpen{Brake: platform.BrakeDisable, At: at, Hours: hours, Actor: platform.Actor{Raw: []byte(`{"id":7}`)}}, at)
	return at
}

// wayOf has counts of today that break an app in each way that latches.
func wayOf() map[tally.Reason]tally.Counts {
	return map[tally.Reason]tally.Counts{
		tally.Fatal:   {Fatal: 1},
		tally.Gone:    {Error: 3, Gone: 3},
		tally.Timeout: {Timeout: 1000},
	}
}

func TestBrakeLatchesForADayOnceItHeldWhatAFaultOfOursCanCause(t *testing.T) {
	for reason, counts := range wayOf() {
		t.Run(string(reason), func(t *testing.T) {
			w := newWorld()
			w.config.MaxPerHour = 2
			w.deliver(t, w.wave("app", 5, counts)...)
			if l := w.Latch; !l.Since.Equal(w.now) || l.Until.Sub(l.Since) != 24*time.Hour || l.Reason != reason || l.AppID != "app2" {
				t.Fatalf("the latch is %+v", l)
			}
			w.sweepHourly(t, 23)
			if n := w.disabledApps(); n != 2 {
				t.Errorf("%d are disabled within the day, want the 2 of the first hour", n)
			}
			w.sweepHourly(t, 1)
			if n := w.disabledApps(); n != 4 {
				t.Errorf("%d are disabled after the day, want 2 more", n)
			}
			if !w.Latch.Latched(w.now) {
				t.Error("the fifth was held, and the brake did not latch again")
			}
		})
	}
}

// All of a day's verdicts come due in the same hour, after midnight.
func TestBrakeHoldsErrorAndDeadBeyondTheLimitUntilTheNextHour(t *testing.T) {
	w := newWorld()
	w.config.MaxPerHour = 2
	w.config.Rule.DeadDays = 5
	w.own(org, ada)
	for n := range 3 {
		w.put(fmt.Sprint("error", n), org)
		w.fail(fmt.Sprint("error", n))
		id := fmt.Sprint("dead", n)
		w.put(id, org)
		for _, back := range []int{6, 3, 1} {
			w.count(id, w.today().Plus(-back), tally.Counts{Other: 5})
		}
	}
	w.sweep(t)
	for hour := 1; hour <= 3; hour++ {
		if n := w.disabledApps(); n != 2*hour || w.Latch != (disabling.Latch{}) {
			t.Errorf("hour %d: %d are disabled, want %d; latch %+v", hour, n, 2*hour, w.Latch)
		}
		w.sweepHourly(t, 1)
	}
}

// What begins as time-outs may go on as errors, and after five days as dead.
func TestLatchLetsNobodyBeDisabledForAnyReason(t *testing.T) {
	w := newWorld()
	w.config.MaxPerHour = 1
	w.deliver(t, w.wave("app", 2, tally.Counts{Timeout: 1000})...)
	w.advance(time.Hour)
	w.put("late", org)
	w.deliver(t, w.fail("late"))
	w.sweep(t)
	if w.Apps["late"].Disabled() || w.disabledApps() != 1 {
		t.Errorf("%d are disabled", w.disabledApps())
	}
	for _, named := range []string{"app_id=late organization_id=42 reason=error", "latched_since=2026-11-24T10:00:00.000Z",
		"latched_until=2026-11-25T10:00:00.000Z", "latched_reason=timeout latched_app_id=app1", "to_open=\"hookwarden open-brake --brake disable --hours 4, once", "docs/operations.md"} {
		if !strings.Contains(w.log.String(), named) {
			t.Errorf("the log lacks %q:\n%s", named, &w.log)
		}
	}
}

func TestLatchRingsItsAlarmAtOnceAndWithEachSweep(t *testing.T) {
	w := newWorld()
	w.config.MaxPerHour = 1
	w.deliver(t, w.wave("app", 3, tally.Counts{Fatal: 1})...)
	if n := w.figures.of("disable.latched"); n != 1 {
		t.Errorf("counted %d times when it latched, want once", n)
	}
	clear(w.Buffer) // no app is left to be held
	w.sweepHourly(t, 23)
	if n := w.figures.of("disable.latched"); n != 24 {
		t.Errorf("counted %d times in 23 sweeps more", n)
	}
	w.sweepHourly(t, 2)
	if n := w.figures.of("disable.latched"); n != 24 {
		t.Errorf("counted %d times after it was over", n)
	}
}

func TestLatchIsReadOnceForEachBatchThatFindsSomebodyBrokenAndOnceForEachSweep(t *testing.T) {
	w := newWorld()
	records := w.wave("app", 10, tally.Counts{Fatal: 1})
	healthy := w.wave("fine", 10, tally.Counts{Success: 5, Error: 1})
	reads := 0
	w.delay = func(call string) error {
		if call == "ReadLatch" {
			reads++
		}
		return nil
	}
	w.deliver(t, records...)
	if reads != 1 {
		t.Errorf("%d reads for a batch of ten that are broken", reads)
	}
	w.deliver(t, healthy...)
	if reads != 1 {
		t.Errorf("%d reads more for a batch without any", reads-1)
	}
	w.sweep(t)
	if reads != 2 {
		t.Errorf("%d reads for a sweep", reads-1)
	}
}

// A wave is hundreds of apps. The job does not try what would be refused anyway.
func TestLatchSavesABatchTheWritesThatItAnswers(t *testing.T) {
	w := newWorld()
	w.config.MaxPerHour = 0
	records := w.wave("app", 10, tally.Counts{Fatal: 1})
	calls := make(map[string]int)
	w.delay = func(call string) error { calls[call]++; return nil }
	w.Latch = disabling.Latch{Since: w.now, Until: w.now.Add(time.Hour)}
	w.deliver(t, records...)
	if calls["Disable"] > 0 || calls["SetLatch"] > 0 || calls["ReadLatch"] != 1 {
		t.Errorf("while it is latched: %v", calls)
	}
	clear(calls)
	w.Latch = disabling.Latch{OpenUntil: w.now.Add(time.Hour)}
	w.deliver(t, records...)
	if calls["SetLatch"] > 0 || calls["ReadLatch"] != 1 {
		t.Errorf("while it is held open: %v", calls)
	}
	clear(calls)
	w.Latch = disabling.Latch{}
	w.deliver(t, records...)
	if calls["Disable"] != 1 || calls["SetLatch"] != 1 || calls["ReadLatch"] != 1 {
		t.Errorf("when it latches: %v", calls)
	}
}

func TestLatchThatCannotBeReadDisablesNobodyAndIsReadAgain(t *testing.T) {
	w := newWorld()
	records := w.wave("app", 3, tally.Counts{Fatal: 1})
	reads := 0
	w.delay = func(call string) error {
		if call == "ReadLatch" {
			reads++
			return errFault
		}
		return nil
	}
	if got := w.disabler().Handle(t.Context(), records); got != records[0].Sequence || w.disabledApps() != 0 || reads != 1 {
		t.Errorf("failed %q, %d are disabled, %d reads", got, w.disabledApps(), reads)
	}
	if err := w.disabler().Sweep(t.Context()); err == nil || w.disabledApps() != 0 {
		t.Errorf("the sweep says %v, %d are disabled", err, w.disabledApps())
	}
	w.delay = nil
	w.deliver(t, records...)
	if w.disabledApps() != 3 {
		t.Errorf("%d are disabled", w.disabledApps())
	}
}

// The latch is read, then set, and then opened before it is read again.
func TestLatchOfAMomentHasItsAppJudgedAgainInPlace(t *testing.T) {
	w := newWorld()
	records := w.wave("app", 1, tally.Counts{Fatal: 1})
	disables, reads := 0, 0
	w.delay = func(call string) error {
		switch call {
		case "Disable":
			if disables++; disables == 1 {
				w.Latch = disabling.Latch{Since: w.now, Until: w.now.Add(time.Hour)}
			}
		case "ReadLatch":
			if reads++; reads == 2 {
				w.Latch = disabling.Latch{OpenUntil: w.now.Add(time.Hour)}
			}
		}
		return nil
	}
	if got := w.disabler().Handle(t.Context(), records); got != "" || w.disabledApps() != 1 || reads != 2 {
		t.Errorf("failed %q, %d are disabled, %d reads", got, w.disabledApps(), reads)
	}
}

// Owners who were not told yet are still told, since their app is disabled.
func TestLatchHoldsUpNoDisablingThatWasBegun(t *testing.T) {
	w := brokenWorld()
	w.arm(0, lost)
	r := w.count(app, w.today(), tally.Counts{Error: 1})
	w.disabler().Handle(t.Context(), []disabling.Record{r})
	w.arm(-1, lost)
	w.Latch = disabling.Latch{Since: w.now, Until: w.now.Add(24 * time.Hour), Reason: tally.Gone, AppID: "other"}
	w.sweep(t)
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

func TestObserveNeitherLatchesNorIsHeld(t *testing.T) {
	w := newWorld()
	w.config.Mode, w.config.MaxPerHour = disabling.Observe, 1
	w.Latch = disabling.Latch{Since: w.now, Until: w.now.Add(24 * time.Hour)}
	before := w.Latch
	w.deliver(t, w.wave("app", 3, tally.Counts{Fatal: 1})...)
	w.sweep(t)
	if w.Latch != before || len(w.Audit) != 3 || w.figures.of("disable.held")+w.figures.of("disable.latched") != 0 {
		t.Errorf("latch %+v, %d audit entries, metrics %v", w.Latch, len(w.Audit), w.figures.counts)
	}
}

func TestOpeningLiftsTheLatchAndKeepsItOffWhileTheHourlyLimitHolds(t *testing.T) {
	w := newWorld()
	w.config.MaxPerHour = 2
	w.deliver(t, w.wave("app", 12, tally.Counts{Fatal: 1})...)
	w.advance(10 * time.Minute)
	at := w.open(t, 4)
	if l := w.Latch; l.Latched(w.now) || !l.OpenUntil.Equal(at.Add(4*time.Hour)) {
		t.Fatalf("the latch is %+v", l)
	}
	if got := w.Audit["#brake "+platform.FormatTime(at)+"#brake.open"]; got.Actor != `{"id":7}` {
		t.Errorf("audit: %+v", w.Audit)
	}
	w.sweep(t)
	if n := w.disabledApps(); n != 2 {
		t.Errorf("%d are disabled in the hour whose limit is reached", n)
	}
	for hour := range 4 {
		w.sweepHourly(t, 1)
		if n, want := w.disabledApps(), 2*(hour+2); n != want {
			t.Errorf("%d are disabled, want %d", n, want)
		}
		if open := hour < 3; w.Latch.Latched(w.now) == open && hour < 3 {
			t.Errorf("latched in hour %d of four", hour)
		}
	}
	w.sweepHourly(t, 1) // 10:10 and five hours: the limit is reached after the four
	if !w.Latch.Latched(w.now) && w.disabledApps() < 12 {
		t.Errorf("held after the four hours, and not latched: %+v", w.Latch)
	}
}

// In whatever order the latch and the openings come, the newest opening counts.
func TestOpeningOfBeforeTheNewestOneChangesNothing(t *testing.T) {
	w := newWorld()
	first := w.now
	w.advance(time.Hour)
	second := w.open(t, 2)
	w.advance(3 * time.Hour)
	w.Latch.Since, w.Latch.Until = w.now, w.now.Add(24*time.Hour)
	before := w.snapshot()
	for _, at := range []time.Time{first, second} {
		w.register(t, platform.BrakeOpen{Brake: platform.BrakeDisable, At: at, Hours: 48}, w.now)
	}
	same(t, before, w.snapshot())
	w.register(t, platform.BrakeOpen{Brake: platform.BrakeDisable, At: w.now.Add(time.Hour), Hours: 1}, w.now) // it claims a time in the future
	if want := w.now.Add(time.Hour); !w.Latch.OpenUntil.Equal(want) || w.Latch.Latched(w.now) {
		t.Errorf("the latch is %+v, want it open until %s", w.Latch, want)
	}
}

// An opening that is delivered after its hours removes a latch that was set during
// them, but not one that was set later.
func TestOpeningThatComesLateLiftsNoNewerLatch(t *testing.T) {
	for name, c := range map[string]struct {
		latched time.Duration // after the opening
		want    bool
	}{"within its hours": {time.Hour, false}, "after its hours": {2 * time.Hour, true}, "before it": {-time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.Latch = disabling.Latch{Since: w.now.Add(c.latched), Until: w.now.Add(c.latched + 24*time.Hour)}
			at := w.now
			w.advance(3 * time.Hour)
			w.register(t, platform.BrakeOpen{Brake: platform.BrakeDisable, At: at, Hours: 2}, at)
			if got := w.Latch.Latched(w.now); got != c.want {
				t.Errorf("latched: %t, want %t", got, c.want)
			}
		})
	}
}

func TestLatchAndOpeningSurviveAFaultAtEachWrite(t *testing.T) {
	run := func(t *testing.T, k int, f fault) *world {
		w := newWorld()
		w.config.MaxPerHour = 1
		records := w.wave("app", 3, tally.Counts{Fatal: 1})
		w.deliver(t, records[0])
		w.arm(k, f)
		w.deliver(t, records[1]) // it is held, and the brake latches
		w.advance(time.Minute)
		w.open(t, 1)
		w.advance(2 * time.Hour)
		w.deliver(t, records[1])
		w.deliver(t, records[2])
		return w
	}
	want := run(t, -1, refused).snapshot()
	if l := want.Latch; l.AppID != "app2" || want.OpenedAt.IsZero() || !want.Apps["app1"].Disabled() || want.Apps["app2"].Disabled() {
		t.Fatalf("latch %+v, opened at %s", l, want.OpenedAt)
	}
	atEachWrite(t, 6, run, func(t *testing.T, _ int, _ fault, w *world) {
		w.arm(-1, refused)
		got := w.snapshot()
		same(t, want, got)
	})
}

// The walks of two workers, and what happens to the brake in the meantime.
func TestLatchHoldsAndAnOpeningOpensInEveryInterleaving(t *testing.T) {
	t.Parallel()
	var opened time.Time
	opener := func() *actor {
		return &actor{name: "open", work: func(w *world, s store) error {
			if opened.IsZero() {
				opened = w.now
			}
			return w.registrarOver(s).Handle(context.Background(), platform.BrakeOpen{Brake: platform.BrakeDisable, At: opened, Hours: 1}, sent(opened))
		}}
	}
	for _, c := range []struct {
		name   string
		actors func() []*actor
	}{
		{"held and open", func() []*actor { return []*actor{disabler(), opener()} }},
		{"held and held, while the hour turns", func() []*actor { return []*actor{disabler(), disabler(), hourTurns()} }},
		{"open and open", func() []*actor { return []*actor{opener(), opener(), hourTurns()} }},
		{"held and open, while the hour turns", func() []*actor { return []*actor{disabler(), opener(), hourTurns()} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &explorer{t: t, from: make(map[string][]string)}
			e.begin = func() *walk {
				w := newWorld()
				w.config.Rule.WindowDays = 1
				w.config.MaxPerHour = 1
				w.quiet, w.deaf = true, true
				w.put(app, org) // without owners: other walks have them
				w.add(firstKey, "2026-11-24", tally.Counts{Error: 3, Gone: 3})
				w.Brake["2026-11-24T10:00:00.000Z"] = 1
				opened = time.Time{}
				at := time.Time{}
				return &walk{world: w, start: w.now, at: &at, actors: c.actors(), repeated: make(map[string]int)}
			}
			e.check = func(w *walk) {
				l, a := w.Latch, w.Apps[app]
				if a.Disabled() != w.Standing[app] {
					t.Errorf("disabled at %s, in the index: %t", a.DisabledAt, w.Standing[app])
				}
				audited := slices.ContainsFunc(slicesOf(w.Audit), func(e entry) bool { return e.Event == "brake.open" })
				if opening := !opened.IsZero(); opening != audited || opening && !w.OpenedAt.Equal(opened) {
					t.Errorf("opened at %s, audited: %t, want %s", w.OpenedAt, audited, opened)
				}
				if !opened.IsZero() && !l.Since.IsZero() && l.Since.Before(opened.Add(time.Hour)) {
					t.Errorf("opened at %s for an hour, and latched since %s", opened, l.Since)
				}
				if opened.IsZero() && l.Since.IsZero() && !a.Disabled() {
					t.Error("neither disabled nor latched: a verdict of gone was held")
				}
			}
			e.explore(e.again(nil), "", nil)
			t.Logf("%d states, %d ends, %d walks", len(e.from), len(e.ends), e.walks)
			if stuck := e.stuck(); stuck > 0 {
				t.Errorf("from %d states no end can be reached", stuck)
			}
		})
	}
}

func slicesOf(audit map[string]entry) (entries []entry) {
	for _, e := range audit {
		entries = append(entries, e)
	}
	return entries
}

// hourTurns is a new clock hour, with a brake of its own. Its entry moves the clock.
func hourTurns() *actor {
	return &actor{name: "hour", once: func(w *world) {
		w.Brake = make(map[string]int)
		w.Audit["hour"] = entry{Event: "hour"}
	}}
}
