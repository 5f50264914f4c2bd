package disabling

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// Warnings reads the index of apps whose owners are warned.
type Warnings interface {
	// ReadWarned reads one of tally.Shards parts of the index. It passes each app that is
	// under a warning to found. The index may lag behind.
	ReadWarned(ctx context.Context, shard int, found func(appID string)) error
}

const (
	// warnedFor is how long a warning counts. After that, the counts from before it are
	// deleted.
	warnedFor = 40 // days

	// quiet is how long an app must not have failed before it counts as recovered.
	quiet = time.Hour

	// toldFor is how long the mails of a warning must have been queued before a recovery,
	// which would make mails that still wait outdated.
	toldFor = 30 * time.Minute

	// untoldFor is how long a recovery waits until the owners are told of the warning, since
	// there may be no owners.
	untoldFor = 24 * time.Hour
)

// warns reports whether owners are warned at all.
func (j *Job) warns() bool { return j.MaxWarningsPerHour > 0 }

// underWarning reports whether an app is under a warning that counts: one that is not over,
// and not so old that the counts after it are gone.
func underWarning(app platform.App, today tally.Date) bool {
	w := app.Warned
	return !w.At.IsZero() && w.RecoveredAt.IsZero() && tally.DateOf(w.At) > today.Plus(-warnedFor)
}

// warnedOn is the day of an app's warning; today if it is not under one.
func warnedOn(app platform.App, today tally.Date) tally.Date {
	if underWarning(app, today) {
		return min(today, tally.DateOf(app.Warned.At))
	}
	return today
}

// warn warns the owners of an app that is not broken, if a warning is due that was not
// given yet: the most urgent one. If none is due, it finishes an unfinished warning.
func (j *Job) warn(ctx context.Context, app platform.App, days []tally.Day, swept bool) error {
	now := j.Now().UTC().Truncate(time.Millisecond)
	given := givenTo(app, days, tally.DateOf(now))
	levels := given
	var due *tally.Threat
	for _, t := range j.threats(app, days, now, swept) {
		if slices.Contains(levels, t.Level) {
			continue
		}
		if levels = append(levels, t.Level); due == nil {
			due = &t
		}
	}
	if due == nil {
		return j.Standing.TakeUp(ctx, app)
	}
	t := standing.Transition{Kind: standing.Warned, App: app, At: now, Reason: due.Reason, Evidence: due.Evidence,
		Warning: platform.Warning{Level: due.Level, Day: due.Day, CutOn: string(due.CutOn)}, Levels: levels, MaxPerHour: j.MaxWarningsPerHour}
	if j.Mode == Observe {
		t.Kind, t.At = standing.WouldWarn, t.At.Truncate(24*time.Hour)
	} else if !t.At.After(app.Warned.At) {
		return fmt.Errorf("warn of app %s: it was warned of at %s, in this clock's future", app.ID, platform.FormatTime(app.Warned.At))
	}
	return j.take(ctx, t, days)
}

// threats is the warnings that are due, given before or not.
func (j *Job) threats(app platform.App, days []tally.Day, now time.Time, swept bool) []tally.Threat {
	if !j.warns() {
		return nil
	}
	return j.Warn.Judge(j.Rule, days, tally.Occasion{Now: now, Swept: swept, May: app.Breaker.BreaksFor})
}

// givenTo is the levels that must not be given to an app again: all levels of its warning,
// except that levels of a run of failing days only count until a success.
func givenTo(app platform.App, days []tally.Day, today tally.Date) []platform.Level {
	if !underWarning(app, today) {
		return nil
	}
	given := slices.Clone(app.Warned.Levels)
	if succeeded(app.Warned, days) {
		given = slices.DeleteFunc(given, func(l platform.Level) bool { return !l.Lasts() })
	}
	return given
}

// succeeded reports whether a success was counted since a warning: on a later day, or on
// the warning's day in addition to those in its evidence.
func succeeded(w platform.Warned, days []tally.Day) bool {
	on := tally.DateOf(w.At)
	successes := func(days []tally.Day) (n int64) {
		for _, d := range days {
			if d.Date == on {
				n += d.Success
			}
		}
		return n
	}
	later := func(d tally.Day) bool {
		return d.Date > on && (d.Success > 0 || d.Alive > 0 && w.Reason == string(tally.Dead))
	}
	return successes(days) > successes(w.Evidence) || slices.ContainsFunc(days, later)
}

// told reports whether a recovery need no longer wait until the warning is told.
func told(w platform.Warned, now time.Time) bool {
	return !w.NotifiedAt.IsZero() && now.Sub(w.NotifiedAt) >= toldFor || now.Sub(w.At) >= untoldFor
}

// failedLately reports whether an app may have failed within the last hour. Only a day's
// clues say when it failed; without them, any of the day's failures may have been just now.
func failedLately(days []tally.Day, now time.Time) bool {
	since := now.Add(-quiet)
	return slices.ContainsFunc(days, func(d tally.Day) bool {
		last := d.Clues.LastFailure.At
		return d.Date >= tally.DateOf(since) && d.Failed() && (last.IsZero() || last.After(since))
	})
}

// recover tells the owners of an app that it works again, if they were warned. It also
// finishes an unfinished warning or recovery.
func (j *Job) recover(ctx context.Context, appID string) error {
	return j.guarded(ctx, appID, func() error {
		return standing.AsRead("look at the warning of "+appID, func() error { return j.recoverOnce(ctx, appID) })
	})
}

// recoverOnce does one thing. If the warning is not told yet, the recovery is left to the
// next sweep.
func (j *Job) recoverOnce(ctx context.Context, appID string) error {
	app, _, err := j.Standing.ReadApp(ctx, appID)
	if err != nil || app.Deleted || app.Disabled() || app.Warned.At.IsZero() {
		return err
	}
	now := j.Now().UTC().Truncate(time.Millisecond)
	today := tally.DateOf(now)
	switch {
	case underWarning(app, today):
		key := tally.Key(app.ID, app.OrganizationID, app.Generation)
		days, err := j.Days.ReadDays(ctx, key, min(tally.FirstDead(today), warnedOn(app, today)), j.horizon(today))
		switch {
		case err != nil:
			return fmt.Errorf("read days of %s: %w", key, err)
		case told(app.Warned, now) && succeeded(app.Warned, days) && !failedLately(days, now) && len(j.threats(app, days, now, true)) == 0:
			return j.Standing.Take(ctx, standing.Transition{Kind: standing.Recovered, App: app, At: now})
		}
	case app.Warned.RecoveredAt.IsZero():
		return j.Standing.Forget(ctx, app)
	}
	return j.Standing.TakeUp(ctx, app)
}
