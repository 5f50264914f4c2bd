package disabling_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

func TestSweepFindsWhatTheStreamLost(t *testing.T) {
	for _, c := range []struct {
		name   string
		window int
		back   int // days since the last failure
		want   bool
	}{
		{"today", 7, 0, true},
		{"seven days ago", 7, 7, true},
		{"eight days ago", 7, 8, false},
		{"seven days ago, with a window of one day", 1, 7, true},
		{"eight days ago, with a window of one day", 1, 8, false},
		{"thirty days ago, with a window of thirty", 30, 30, true},
		{"thirty-one days ago, with a window of thirty", 30, 31, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.config.Rule.WindowDays = c.window
			w.put(app, org)
			w.own(org, ada)
			w.failUntil(app, w.today().Plus(-c.back))
			w.sweep(t)
			if got := w.Apps[app].Disabled(); got != c.want {
				t.Errorf("disabled: %t", got)
			}
			if c.want {
				w.mailAll(t)
				w.assertDisabledOnce(t, app, ada)
			}
		})
	}
}

func TestSweepJudgesAnAppOnceHoweverManyDaysItFailed(t *testing.T) {
	w := brokenWorld()
	w.count(app, w.today(), tally.Counts{Success: 1})
	w.count(app, w.today().Plus(-7), tally.Counts{Error: 1})
	reads := 0
	w.delay = func(call string) error {
		if call == "ReadApp" || call == "ReadDays" {
			reads++
		}
		return nil
	}
	w.sweep(t)
	if reads != 2 {
		t.Errorf("%d reads, want one of the app and one of its days", reads)
	}
}

func TestSweepGoesOnWhenAnAppOrAPartitionFails(t *testing.T) {
	for _, c := range []struct {
		broken string
		left   int // a partition's apps are in yesterday's too
	}{{"ReadApp", 1}, {"ReadDays", 1}, {"Disable", 1}, {"ReadFailing", 0}} {
		t.Run(c.broken, func(t *testing.T) {
			w := newWorld()
			w.own(org, ada)
			for n := range 100 {
				w.put(fmt.Sprint("app", n), org)
				w.count(fmt.Sprint("app", n), w.today(), tally.Counts{Fatal: 1})
				w.count(fmt.Sprint("app", n), w.today().Plus(-1), tally.Counts{Error: 1})
			}
			w.config.MaxPerHour = 1000
			met := false
			w.delay = func(call string) error {
				if call == c.broken && !met {
					met = true
					return errFault
				}
				return nil
			}
			if err := w.disabler().Sweep(t.Context()); err == nil {
				t.Error("the sweep says that all is well")
			}
			left := 0
			for _, a := range w.snapshot().Apps {
				if !a.Disabled() {
					left++
				}
			}
			if left != c.left {
				t.Errorf("%d of 100 apps are left, want %d", left, c.left)
			}
			w.delay = nil
			w.sweep(t)
			w.mailAll(t)
			for n := range 100 {
				w.assertDisabledOnce(t, fmt.Sprint("app", n), ada)
			}
		})
	}
}

// Each app takes a second, and an invocation lasts for 30 seconds.
func TestSweepGoesOnWhereItStoppedForLackOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.own(org, ada)
		for n := range 100 {
			w.put(fmt.Sprint("app", n), org)
			w.count(fmt.Sprint("app", n), w.today(), tally.Counts{Success: 1, Error: 1})
		}
		var looked []string
		slow := w.disabler()
		slow.Standing.Apps = appsFunc(func(id string) (platform.App, error) {
			time.Sleep(time.Second)
			looked = append(looked, id)
			return w.Apps[id], nil
		})
		runs := 0
		for ; runs == 0 || w.Bookmark != (disabling.Place{}); runs++ {
			if runs == 20 {
				t.Fatalf("no end after %d runs, bookmark %+v", runs, w.Bookmark)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			start := time.Now()
			if err := slow.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 25*time.Second {
				t.Errorf("run %d left %s of 30 seconds", runs, 30*time.Second-took)
			}
			cancel()
		}
		if runs < 5 || runs > 6 {
			t.Errorf("%d runs for 100 apps, about 20 in each", runs)
		}
		again := len(looked) - 100
		slices.Sort(looked)
		if got := len(slices.Compact(looked)); got != 100 || again < 0 || again >= runs {
			t.Errorf("%d apps of 100 were looked at, %d of them again, in %d runs", got, again, runs)
		}
		if w.log.has("sweep stopped for lack of time") != runs-1 || w.log.has("msg=swept") != 1 {
			t.Errorf("log:\n%s", &w.log)
		}
	})
}

// An app that was cut off by the end of the time is the first of the next run.
func TestSweepCountsNobodyAsJudgedWhoWasCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := brokenWorld()
		job := w.disabler()
		job.Standing.Apps = cutOff{}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := job.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if own := tally.Shard(w.key(app)); w.Bookmark != (disabling.Place{Shard: own}) {
			t.Errorf("bookmark %+v, want the beginning of shard %d", w.Bookmark, own)
		}
		w.sweep(t)
		w.mailAll(t)
		w.assertDisabledOnce(t, app, ada, bob)
	})
}

func TestSweepThatDiedGoesOnAtTheLastShardItFinished(t *testing.T) {
	w := newWorld()
	w.own(org, ada)
	for n := range 100 {
		w.put(fmt.Sprint("app", n), org)
		w.count(fmt.Sprint("app", n), w.today(), tally.Counts{Success: 1, Error: 1})
	}
	died := false
	looked := make(map[string]int)
	job := w.disabler()
	job.Standing.Apps = appsFunc(func(id string) (platform.App, error) {
		looked[id]++
		return w.Apps[id], nil
	})
	s := w.store()
	s.step = func(call string) error {
		died = died || call == "ReadFailing" && len(looked) > 50
		if died {
			return errFault
		}
		return nil
	}
	job.Days, job.Bookmark = s, s
	if err := job.Sweep(t.Context()); err == nil || w.Bookmark == (disabling.Place{}) {
		t.Fatalf("died with %v, bookmark %+v", err, w.Bookmark)
	}
	job.Days, job.Bookmark = w.store(), w.store()
	if err := job.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		if got := looked[fmt.Sprint("app", n)]; got != 1 {
			t.Errorf("app%d was looked at %d times", n, got)
		}
	}
}

// A day that was written by hand is in a shard that is not its key's own. At whatever
// key a sweep stops, the next one neither skips a shard nor starts one again.
func TestSweepIsNotLedAstrayByADayThatStandsInAnotherShard(t *testing.T) {
	const apps = 60
	for stopAt := range apps {
		w := newWorld()
		w.quiet = true
		w.own(org, ada)
		for n := range apps {
			id := fmt.Sprint("app", n)
			w.put(id, org)
			w.count(id, w.today(), tally.Counts{Success: 1, Error: 1})
			switch n % 3 {
			case 1:
				w.Elsewhere[w.key(id)] = 0
			case 2:
				w.Elsewhere[w.key(id)] = tally.Shards - 1
			}
		}
		looked := make(map[string]int)
		job := w.disabler()
		var stop context.CancelFunc
		job.Standing.Apps = appsFunc(func(id string) (platform.App, error) {
			if len(looked) == stopAt && stop != nil {
				stop()
				return platform.App{}, errFault
			}
			looked[id]++
			return w.Apps[id], nil
		})
		var ctx context.Context
		ctx, stop = context.WithCancel(t.Context())
		if err := job.Sweep(ctx); err != nil || len(looked) != stopAt {
			t.Fatalf("stopped after %d of %d, error %v", len(looked), stopAt, err)
		}
		stop = nil
		if err := job.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for n := range apps {
			if got := looked[fmt.Sprint("app", n)]; got != 1 {
				t.Errorf("stopped after %d: app%d was looked at %d times", stopAt, n, got)
			}
		}
		if w.Bookmark != (disabling.Place{}) {
			t.Errorf("stopped after %d: the place is %+v in the end", stopAt, w.Bookmark)
		}
	}
}

// If the time runs out within a shard, the next sweep reads the rest of it.
func TestSweepReadsAShardAgainWhoseReadWasCutOff(t *testing.T) {
	w := brokenWorld()
	ctx, stop := context.WithCancel(t.Context())
	w.delay = func(call string) error {
		if call == "ReadFailing" {
			stop()
			return ctx.Err()
		}
		return nil
	}
	w.Bookmark = disabling.Place{Shard: tally.Shard(w.key(app))}
	if err := w.disabler().Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	w.delay = nil
	w.sweep(t)
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

func TestSweepTakesAPlaceThatIsNoneForTheBeginning(t *testing.T) {
	for _, shard := range []int{-1, 3 * tally.Shards} {
		w := brokenWorld()
		w.Bookmark = disabling.Place{Shard: shard, Key: "zzz"}
		w.sweep(t)
		w.mailAll(t)
		w.assertDisabledOnce(t, app, ada, bob)
	}
}

func TestSweepBeginsWithoutABookmarkThatCannotBeRead(t *testing.T) {
	w := brokenWorld()
	w.delay = func(call string) error {
		if call == "ReadBookmark" || call == "SetBookmark" {
			return errFault
		}
		return nil
	}
	w.sweep(t)
	w.delay = nil
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

// cutOff does not read an app until the context ends.
type cutOff struct{}

func (cutOff) ReadApp(ctx context.Context, _ string) (platform.App, bool, error) {
	<-ctx.Done()
	return platform.App{}, false, ctx.Err()
}

var _ standing.Apps = cutOff{}
