package disabling_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// untold makes an app that was disabled that long ago. Its owners were not told, and
// nothing is left of its counts.
func (w *world) untold(appID string, ago time.Duration) {
	w.put(appID, org)
	w.change(appID, func(a *platform.App) {
		a.DisabledAt, a.DisabledReason = w.now.Add(-ago), "gone"
	})
	w.Standing[appID] = true
	w.Audit[auditKey(org, w.now.Add(-ago), eventDisable, appID)] = entry{Event: eventDisable, AppID: appID}
}

func TestSweepTellsOwnersOfADisablingHoweverLongAgoItWas(t *testing.T) {
	for _, ago := range []time.Duration{time.Hour, 9 * 24 * time.Hour, 400 * 24 * time.Hour} {
		w := newWorld()
		w.own(org, ada)
		w.untold(app, ago)
		w.sweep(t)
		w.mailAll(t)
		w.assertDisabledOnce(t, app, ada)
	}
}

func TestSweepTellsOwnersWhoComeAfterWeeksAndReportsTheirAbsenceForSevenDays(t *testing.T) {
	w := newWorld()
	w.untold(app, time.Hour)
	w.sweepHourly(t, 30*24)
	if n := w.figures.of("notice.nobody"); n != 7*24-1 {
		t.Errorf("reported %d times, want once for each hour of what is left of seven days", n)
	}
	w.own(org, ada)
	w.sweep(t)
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada)
}

func TestSweepLooksAtNoDisabledAppWhoseOwnersWereTold(t *testing.T) {
	w := newWorld()
	w.own(org, ada)
	for n := range 100 {
		id := fmt.Sprint("app", n)
		w.untold(id, time.Hour)
		w.change(id, func(a *platform.App) { a.NotifiedAt = w.now })
	}
	w.delay = func(call string) error {
		if call == "ReadApp" {
			t.Error("an app was read")
		}
		return nil
	}
	w.sweep(t)
}

func TestSweepTakesAnAppThatStandsInBothIndexesUpOnce(t *testing.T) {
	w := newWorld()
	w.put(app, org)
	w.deliver(t, w.fail(app)) // nobody can be told
	before := w.figures.of("notice.nobody")
	w.sweep(t)
	if n := w.figures.of("notice.nobody") - before; n != 1 {
		t.Errorf("reported %d times in a sweep", n)
	}
}

// The index lags behind, so it may name apps whose owners need no longer be told.
func TestSweepBelievesTheIndexInNothing(t *testing.T) {
	for name, change := range map[string]func(*platform.App){
		"enabled since": func(a *platform.App) { a.DisabledAt = time.Time{} },
		"deleted since": func(a *platform.App) { a.Deleted = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.own(org, ada)
			w.untold(app, time.Hour)
			w.change(app, change)
			job := w.disabler()
			job.Untold = named{app, "unknown"}
			if err := job.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(w.Queue) > 0 || !w.Apps[app].NotifiedAt.IsZero() {
				t.Errorf("%d notices, notified at %s", len(w.Queue), w.Apps[app].NotifiedAt)
			}
		})
	}
}

// named is an index that has these apps in its first part, each twice.
type named []string

func (n named) ReadUntold(_ context.Context, shard int, found func(string)) error {
	for _, id := range n {
		if shard == 0 {
			found(id)
			found(id)
		}
	}
	return nil
}

func TestSweepGoesOnAfterAFaultAboutOneDisabledAppOrPart(t *testing.T) {
	for _, broken := range []string{"ReadUntold", "ReadApp", "SendNotice", "MarkNotified"} {
		t.Run(broken, func(t *testing.T) {
			w := newWorld()
			w.own(org, ada)
			for n := range 100 {
				w.untold(fmt.Sprint("app", n), 20*24*time.Hour)
			}
			met := false
			w.delay = func(call string) error {
				if call == broken && !met {
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
				if a.NotifiedAt.IsZero() {
					left++
				}
			}
			if left == 0 || left > 16 || broken != "ReadUntold" && left != 1 {
				t.Errorf("%d of 100 are left", left)
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

func TestSweepGoesOnAfterADisabledAppThatSetsOffADefect(t *testing.T) {
	w := newWorld()
	w.own(org, ada)
	w.untold("a", time.Hour)
	w.untold("b", time.Hour)
	job := w.disabler()
	job.Standing.Apps = appsFunc(func(id string) (platform.App, error) {
		if id == "a" {
			panic("a defect that this app sets off")
		}
		return w.snapshot().Apps[id], nil
	})
	if err := job.Sweep(t.Context()); err == nil || w.log.has("app panicked") != 1 || w.Apps["b"].NotifiedAt.IsZero() {
		t.Errorf("error %v, b notified at %s\n%s", err, w.Apps["b"].NotifiedAt, &w.log)
	}
}

// Each app takes a second, and an invocation lasts for 30 seconds.
func TestSweepGoesOnAmongDisabledAppsWhereItStoppedForLackOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for n := range 100 { // their organization is unknown
			w.untold(fmt.Sprint("app", n), time.Hour)
		}
		looked := make(map[string]int)
		slow := w.disabler()
		slow.Standing.Apps = appsFunc(func(id string) (platform.App, error) {
			time.Sleep(time.Second)
			looked[id]++
			return w.snapshot().Apps[id], nil
		})
		runs := 0
		for ; runs == 0 || w.Bookmark != (disabling.Place{}); runs++ {
			if runs == 20 {
				t.Fatalf("no end after %d runs, bookmark %+v", runs, w.Bookmark)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			if err := slow.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
		if runs < 5 || runs > 6 || len(looked) != 100 {
			t.Errorf("%d runs, %d apps", runs, len(looked))
		}
		again := 0
		for _, n := range looked {
			again += n - 1
		}
		if again >= runs {
			t.Errorf("%d looks more than once at an app, in %d runs", again, runs)
		}
	})
}

func TestSweepCountsNobodyAsTakenUpWhoWasCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.own(org, ada)
		w.untold(app, time.Hour)
		job := w.disabler()
		job.Standing.Apps = cutOff{}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := job.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if want := (disabling.Place{Shard: tally.Shards + tally.Shard(app)}); w.Bookmark != want {
			t.Errorf("bookmark %+v, want %+v", w.Bookmark, want)
		}
		w.sweep(t)
		w.mailAll(t)
		w.assertDisabledOnce(t, app, ada)
	})
}

// An older version does not know such a place and starts from the beginning. This
// version does the same with a place beyond its own.
func TestSweepThatStoppedAmongDisabledAppsJudgesNobodyAgain(t *testing.T) {
	w := brokenWorld()
	w.untold("later", 20*24*time.Hour)
	w.Bookmark = disabling.Place{Shard: tally.Shards + tally.Shard("later")}
	w.sweep(t)
	if w.Apps[app].Disabled() || w.Apps["later"].NotifiedAt.IsZero() || w.Bookmark != (disabling.Place{}) {
		t.Errorf("disabled at %s, notified at %s, place %+v", w.Apps[app].DisabledAt, w.Apps["later"].NotifiedAt, w.Bookmark)
	}
}
