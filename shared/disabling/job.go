// Package disabling is the job of the disable and sweep functions. It finds the apps that the
// rule calls broken, and disables them through the chain in shared/standing. It warns the owners
// of apps that the rule will call broken if nothing changes. It judges an app only by its present
// generation: counts of another URL, another organization, or from before the last enabling do
// not matter. It never disables an app because of a stream record. A record only says where to
// look, and the verdict comes from consistent reads. If it finds a disabled app whose chain is
// unfinished, it continues the chain.
package disabling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// Days reads the Buffer.
type Days interface {
	// ReadDays reads the days from first to last that have counts, consistently.
	ReadDays(ctx context.Context, key string, first, last tally.Date) ([]tally.Day, error)
	// ReadFailing passes each key that has failures, in one partition of the index of failing
	// days, to found. The index may lag behind.
	ReadFailing(ctx context.Context, partition string, found func(key string)) error
}

// Mode says whether verdicts have consequences.
type Mode string

// The modes.
const (
	Enforce Mode = "enforce"
	Observe Mode = "observe" // logged and audited, nothing else
)

// Config of the job; all fields except those about warnings are required.
type Config struct {
	Rule       tally.Rule
	Mode       Mode
	MaxPerHour int               // disablings in one clock hour
	Guarded    []platform.Status // statuses of sentry-apps that may be disabled

	Warn               tally.WarnRule
	MaxWarningsPerHour int // warnings in one clock hour; 0: no warnings
}

// Deps is what the job works with. Failures may be nil. Only sweeps need Untold, Warnings and
// Bookmark. All others are required.
type Deps struct {
	Standing *standing.Chain
	Days     Days
	Brake    Brake
	Failures Failures // nil: the request log is not read
	Untold   Untold
	Warnings Warnings
	Bookmark Bookmark
	Metrics  standing.Metrics
	Logger   *slog.Logger
	Now      func() time.Time
}

// Job judges apps.
type Job struct {
	Config
	Deps
	diagnoses *diagnoses // of one batch or one sweep
}

// New makes the job.
func New(c Config, d Deps) *Job { return &Job{Config: c, Deps: d} }

// Record says that an item of the Buffer changed.
type Record struct {
	Sequence string
	Key      string // tally.Key
	Day      tally.Day
}

// Handle judges every app that its records do not rule out, each once. It tries all of them.
// It returns the sequence number of the first record whose app could not be finished, or an
// empty one if there is none. The stream delivers that record and all after it again.
func (j *Job) Handle(ctx context.Context, records []Record) (failed string) {
	j, _ = j.behindBrake()
	subjects := make(map[string]*subject)
	firsts := make(map[string]string) // sequence numbers
	var order []string
	for _, r := range records {
		if j.rulesOut(r.Day) {
			continue
		}
		s := subjects[r.Key]
		if s == nil {
			s = &subject{key: r.Key}
			subjects[r.Key], firsts[r.Key] = s, r.Sequence
			order = append(order, r.Key)
		}
		if !slices.Contains(s.dates, r.Day.Date) {
			s.dates = append(s.dates, r.Day.Date)
		}
	}
	for _, key := range order { // in the order of their first records
		if err := j.judge(ctx, *subjects[key]); err != nil {
			comesAgain := j.reportFault(ctx, key, err)
			if failed == "" && comesAgain {
				failed = firsts[key]
			}
		}
	}
	return failed
}

// rulesOut reports whether a day's own counts show that nothing need be done because of it.
func (j *Job) rulesOut(d tally.Day) bool {
	return j.Rule.RulesOut(d.Counts) && (!j.warns() || j.Warn.RulesOut(j.Rule, d))
}

// reportFault logs that an app could not be finished, and reports whether a repeat may help.
// What DynamoDB permanently refuses would hold up its part of the stream for hours. It is left
// to a person, whom an alarm calls, and to the sweeps, which look at the app again anyway.
func (j *Job) reportFault(ctx context.Context, key string, err error) (comesAgain bool) {
	if errors.Is(err, platform.ErrRefused) {
		j.Metrics.Count("disable.refused", "", "")
		j.Logger.ErrorContext(ctx, "app not judged, refused for good", "app_id", appOf(key), "key", key, "error", err)
		return false
	}
	j.Logger.ErrorContext(ctx, "app not judged", "app_id", appOf(key), "key", key, "error", err)
	return true
}

// appOf is the app of a key, for a log line.
func appOf(key string) string {
	id, _, _ := strings.Cut(key, "#")
	return id
}

// subject is which key to look at, and why.
type subject struct {
	key   string       // tally.Key
	dates []tally.Date // days on which something changed, or may have
	swept bool         // for the sweep, not for a record
}

// judge applies the rule to the windows that end with the subject's dates that have failures,
// and acts on the verdict. Without a verdict it checks whether a warning is due.
func (j *Job) judge(ctx context.Context, s subject) error {
	return j.guarded(ctx, s.key, func() error {
		return standing.AsRead("judge "+s.key, func() error { return j.judgeOnce(ctx, s) })
	})
}

// guarded turns a panic about an app or a key into that app's error.
func (j *Job) guarded(ctx context.Context, key string, look func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.Logger.ErrorContext(ctx, "app panicked", "app_id", appOf(key), "key", key, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("look at %s: panic: %v", key, p)
		}
	}()
	return look()
}

func (j *Job) judgeOnce(ctx context.Context, s subject) error {
	appID, organizationID, generation, err := tally.SplitKey(s.key)
	if err != nil {
		return nil //nolint:nilerr // not an item of ours; a second look would not change it
	}
	app, found, err := j.Standing.ReadApp(ctx, appID)
	switch {
	case err != nil || !found || app.Deleted:
		return err
	case app.Disabled(): // its owners must be told, whatever happened since
		return j.Standing.TakeUp(ctx, app)
	case !app.Guarded(j.Guarded) || app.OrganizationID != organizationID || app.Generation != generation:
		return nil // what another URL answered, or what was before an enabling, is no reason
	}
	today := tally.DateOf(j.Now())
	first := min(j.Rule.First(slices.Min(s.dates)), tally.FirstDead(today), warnedOn(app, today))
	days, err := j.Days.ReadDays(ctx, s.key, first, j.horizon(slices.Max(s.dates)))
	if err != nil {
		return fmt.Errorf("read days of %s: %w", s.key, err)
	}
	if v := j.Rule.JudgeNow(days, s.dates, today, app.Breaker.BreaksFor); v.Broken {
		return j.disable(ctx, app, days, v)
	}
	return j.warn(ctx, app, days, s.swept)
}

// horizon is the last day to read: the day after today or after the given day, since another
// function's clock may already be past midnight. A success that it counted must be seen.
func (j *Job) horizon(date tally.Date) tally.Date {
	return max(tally.DateOf(j.Now()), date).Plus(1)
}

func (j *Job) disable(ctx context.Context, app platform.App, days []tally.Day, v tally.Verdict) error {
	t := standing.Transition{Kind: standing.Disabled, App: app, At: j.Now().UTC().Truncate(time.Millisecond),
		Reason: v.Reason, Evidence: v.Evidence, MaxPerHour: j.MaxPerHour}
	if !t.At.After(app.EnabledAt) {
		return fmt.Errorf("disable app %s: it was enabled at %s, in this clock's future", app.ID, platform.FormatTime(app.EnabledAt))
	}
	if j.Mode == Observe {
		t.Kind, t.At = standing.WouldDisable, t.At.Truncate(24*time.Hour)
	}
	return j.take(ctx, t, days)
}

// take makes a disabling or a warning, with what is known of the reason. If the brake holds
// it, it reports that, and the sweep decides again.
func (j *Job) take(ctx context.Context, t standing.Transition, days []tally.Day) error {
	t.Diagnosis = j.diagnose(ctx, t, days)
	err := j.Standing.Take(ctx, t)
	if !errors.Is(err, standing.ErrHeld) {
		return err
	}
	brake, _ := t.Brake()
	j.diagnoses.held[brake] = true
	j.reportHeld(ctx, brake, t, err)
	return nil
}
