package simulate

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

var update = flag.Bool("update", false, "write the golden file again")

var aNow = time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)

// tables are Apps and Buffer in memory.
type tables struct {
	apps map[string]platform.App
	days map[string][]tally.Day // by key
	// reads fail with it
	failingErr, appErr, daysErr error
	reading, atOnce             atomic.Int64
	slow                        time.Duration // what a read of an app takes
}

func newTables() *tables {
	return &tables{apps: make(map[string]platform.App), days: make(map[string][]tally.Day)}
}

// app registers one whose counts end today.
func (w *tables) app(id string, change func(*platform.App), counts ...tally.Counts) {
	a := platform.App{ID: id, Name: "App " + id, OrganizationID: "42", Status: platform.Internal, Generation: 2}
	if change != nil {
		change(&a)
	}
	w.apps[id] = a
	key := tally.Key(id, "42", 2)
	for i, c := range counts {
		if !c.IsZero() {
			w.days[key] = append(w.days[key], tally.Day{Date: tally.DateOf(aNow).Plus(i + 1 - len(counts)), Counts: c})
		}
	}
}

func (w *tables) ReadFailing(_ context.Context, part string, found func(string)) error {
	for key, days := range w.days {
		for _, d := range days {
			if d.Failed() && tally.FailingDay(d.Date, key) == part {
				found(key)
			}
		}
	}
	return w.failingErr
}

func (w *tables) ReadDays(_ context.Context, key string, first, last tally.Date) ([]tally.Day, error) {
	var days []tally.Day
	for _, d := range w.days[key] {
		if first <= d.Date && d.Date <= last {
			days = append(days, d)
		}
	}
	return days, w.daysErr
}

func (w *tables) ReadApp(_ context.Context, id string) (platform.App, bool, error) {
	n := w.reading.Add(1)
	defer w.reading.Add(-1)
	for {
		most := w.atOnce.Load()
		if n <= most || w.atOnce.CompareAndSwap(most, n) {
			break
		}
	}
	time.Sleep(w.slow) // in a bubble
	a, ok := w.apps[id]
	return a, ok, w.appErr
}

func live() tally.Rule {
	return tally.Rule{WindowDays: 7, TimeoutThreshold: 1000, TimeoutMinShare: 0.5, GoneThreshold: 3, DeadDays: 5}
}

func compare(t *testing.T, w *tables, change func(*tally.Rule)) (Answer, error) {
	t.Helper()
	other := live()
	change(&other)
	c := &comparison{counts: w, apps: w, live: live(), other: other, guarded: []platform.Status{platform.Internal}, now: aNow,
		begin: func(int, string) func(int) { return func(int) {} }}
	return c.run(t.Context())
}

func effects(a Answer) map[string]string {
	list := make(map[string]string)
	for _, j := range a.Apps {
		list[j.AppID] = fmt.Sprintf("%s %s>%s", j.Effect, j.Live, j.Other)
	}
	return list
}

func disabled(reason string, daysAgo int) func(*platform.App) {
	return func(a *platform.App) {
		a.DisabledAt, a.DisabledReason = aNow.AddDate(0, 0, -daysAgo), reason
		a.DisabledEvidence = []tally.Day{{Date: tally.DateOf(a.DisabledAt), Counts: tally.Counts{Timeout: 2000, Error: 1}}}
	}
}

// history is a stack with an app of each kind.
func history() *tables {
	w := newTables()
	bad := func(n int64) tally.Counts { return tally.Counts{Timeout: n} }
	w.app("fine", nil, tally.Counts{Success: 9, Error: 1})
	w.app("hundreds", nil, bad(600))
	w.app("thousands", nil, bad(2000))
	w.app("cut-by-thousands", disabled("timeout", 2), bad(2000), tally.Counts{}, tally.Counts{})
	w.app("cut-as-dead", disabled("dead", 1), tally.Counts{Other: 5}, tally.Counts{Other: 5}, tally.Counts{}, tally.Counts{}, tally.Counts{}, tally.Counts{Other: 5}, tally.Counts{})
	w.app("by-hand", disabled(platform.Manual, 1), bad(600), tally.Counts{})
	w.app("published", func(a *platform.App) { a.Status = platform.Published }, bad(600))
	w.app("off", func(a *platform.App) { a.Breaker = platform.BreakOff }, bad(600))
	w.app("fatal-only", func(a *platform.App) { a.Breaker = platform.BreakFatal }, bad(600))
	w.app("deleted", func(a *platform.App) { a.Deleted = true }, bad(600))
	w.app("moved", func(a *platform.App) { a.OrganizationID = "43" }, bad(600))
	w.app("enabled-since", func(a *platform.App) { a.Generation = 3 }, bad(600))
	w.days["unknown#42#1"] = []tally.Day{{Date: tally.DateOf(aNow), Counts: bad(600)}}
	w.days["no key"] = []tally.Day{{Date: tally.DateOf(aNow), Counts: bad(600)}}
	return w
}

func TestSimulateSaysWhomAnotherRuleWouldDisableOrSpare(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tally.Rule)
		want   map[string]string
	}{
		"fewer time-outs": {func(r *tally.Rule) { r.TimeoutThreshold = 500 }, map[string]string{
			"hundreds": "disable >timeout", "thousands": "same timeout>timeout", "cut-by-thousands": "same timeout>timeout", "cut-as-dead": "same dead>dead"}},
		"more time-outs, never dead": {func(r *tally.Rule) { r.TimeoutThreshold, r.DeadDays = 5000, 0 }, map[string]string{
			"thousands": "spare timeout>", "cut-by-thousands": "spare timeout>", "cut-as-dead": "spare dead>"}},
		"the same": {func(*tally.Rule) {}, map[string]string{
			"thousands": "same timeout>timeout", "cut-by-thousands": "same timeout>timeout", "cut-as-dead": "same dead>dead"}},
	} {
		a, err := compare(t, history(), c.change)
		if err != nil || a.Failing != 6 || a.Disabled != 2 {
			t.Errorf("%s: %d failing, %d disabled, %v", name, a.Failing, a.Disabled, err)
		}
		if diff := cmp.Diff(c.want, effects(a)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSimulateReadsSomeAtOnceAndNotAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTables()
		w.slow = time.Second
		for i := range 500 {
			w.app(fmt.Sprint(i), nil, tally.Counts{Timeout: 600})
		}
		a, err := compare(t, w, func(r *tally.Rule) { r.TimeoutThreshold = 500 })
		if err != nil || len(a.Apps) != 500 || w.atOnce.Load() != atOnce {
			t.Errorf("%d apps, %d at once, %v", len(a.Apps), w.atOnce.Load(), err)
		}
	})
}

// Had it been judged as of now, it would have been failing for eight days.
func TestSimulateJudgesADisabledAppAsOfWhenThatWas(t *testing.T) {
	w := newTables()
	five, none := tally.Counts{Other: 5}, tally.Counts{}
	w.app("dead", disabled("dead", 3), five, five, none, none, none, five, none, none, none)
	a, err := compare(t, w, func(r *tally.Rule) { r.DeadDays = 7 })
	if diff := cmp.Diff(map[string]string{"dead": "spare dead>"}, effects(a)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestSimulateSaysNothingIfAReadFails(t *testing.T) {
	broken := errors.New("throttled")
	for name, spoil := range map[string]func(*tables){
		"who failed": func(w *tables) { w.failingErr = broken }, "apps": func(w *tables) { w.appErr = broken }, "days": func(w *tables) { w.daysErr = broken },
	} {
		w := history()
		spoil(w)
		if _, err := compare(t, w, func(*tally.Rule) {}); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSimulateTakesTheRulesOfTheFunctions(t *testing.T) {
	variables := map[string]string{"APPS_TABLE": "a", "ORGANIZATIONS_TABLE": "o", "AUDIT_TABLE": "u", "BUFFER_TABLE": "b", "REQUESTS_TABLE": "r",
		"NOTIFICATION_QUEUE_URL": "n", "TIMEOUT_THRESHOLD": "300", "GUARDED_STATUSES": "internal,unpublished"}
	was, other, err := rules(variables, map[string]string{"DEAD_DAYS": "3", "TIMEOUT_MIN_SHARE": "0"})
	want := tally.Rule{WindowDays: 7, TimeoutThreshold: 300, TimeoutMinShare: 0.5, GoneThreshold: 3, DeadDays: 5}
	if err != nil || was.Rule != want || len(was.Guarded) != 2 {
		t.Errorf("live: %+v, %v", was, err)
	}
	want.DeadDays, want.TimeoutMinShare = 3, 0
	if other != want {
		t.Errorf("other: %+v", other)
	}
	for _, changed := range []map[string]string{{"DEAD_DAYS": "30"}, {"TIMEOUT_MIN_SHARE": "1.5"}, {"WINDOW_DAYS": "x"}, {"GONE_THRESHOLD": ""}, {}} {
		if _, _, err := rules(variables, changed); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%v: %v", changed, err)
		}
	}
	if _, _, err := rules(map[string]string{}, map[string]string{"DEAD_DAYS": "3"}); fault.CodeOf(err) != fault.Failed || fault.HintOf(err) == "" {
		t.Errorf("a function without settings: %v", err)
	}
}

func TestSimulateIsReadInATerminal(t *testing.T) {
	a, err := compare(t, history(), func(r *tally.Rule) { r.TimeoutThreshold, r.DeadDays = 500, 0 })
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	printAnswer(&show.Page{Out: &out, Width: 80, Zone: time.UTC, Now: aNow}, a)
	path := filepath.Join("testdata", "simulate.golden")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, out.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line := range strings.Lines(out.String()) {
		if len([]rune(strings.TrimRight(line, "\n"))) > 80 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}
