// Package disabling is the job of the disable and sweep functions: it finds the
// apps that the rule calls broken, disables them, and has their owners told. It
// judges an app by its current generation alone: no count of another URL, another
// organization, or of before the last enabling. It refuses to disable anyone on what a stream record
// says: a record only says where to look, and a verdict comes from consistent
// reads.
//
// A disabling is a chain of conditional steps whose identity is the time in
// disabled_at. Whoever comes upon a disabled app takes the chain up where it
// was left, so a crash anywhere is mended by the next record or by the sweep.
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
	"hookwarden/shared/tally"
)

// Apps reads apps, consistently.
type Apps interface {
	ReadApp(ctx context.Context, id string) (app platform.App, found bool, err error)
}

// Organizations reads organizations, consistently.
type Organizations interface {
	ReadOrganization(ctx context.Context, id string) (org platform.Organization, found bool, err error)
}

// Days reads the Buffer.
type Days interface {
	// ReadDays reads the days from first to last that have counts, consistently.
	ReadDays(ctx context.Context, key string, first, last tally.Date) ([]tally.Day, error)
	// ReadFailing hands each key to found that has failures in one partition of
	// the index of failing days. The index may lag behind.
	ReadFailing(ctx context.Context, partition string, found func(key string)) error
}

// State changes what is known of an app's disabling. After nil a change is
// durable. After ErrChanged, ErrHeld, ErrLatched or ErrAlready it was surely not made. After
// platform.ErrRefused it was not either, and never will be. After any other error
// nobody knows: the step may be repeated.
type State interface {
	// Disable marks the app, puts the audit entry and counts the brake, all or
	// nothing. ErrChanged if the app is not as it was read; ErrHeld if
	// maxPerHour were disabled in this hour; ErrLatched if the brake is latched at
	// d.At.
	Disable(ctx context.Context, d Disabling, maxPerHour int) error
	// MarkNotified sets notified_at. ErrChanged if this is not the app's
	// disabling any more.
	MarkNotified(ctx context.Context, appID string, disabledAt, now time.Time) error
}

// Observations keeps what would have been done.
type Observations interface {
	// WouldDisable puts an audit entry for d.At, unless there is one: ErrAlready.
	// ErrChanged if the app is not as it was read.
	WouldDisable(ctx context.Context, d Disabling) error
}

// Notices queues one message per notice. After nil all are durable, but for what
// the queue refuses for good, which the Notices itself reports; after an error some
// may be. The same notice may be queued twice.
type Notices interface {
	SendNotices(ctx context.Context, notices []platform.Notice) error
}

// Metrics counts events; it never fails.
type Metrics interface {
	Count(name, dimension, value string)
}

// What a State may answer.
var (
	ErrChanged = errors.New("not as it was read")
	ErrHeld    = errors.New("too many disablings in this hour")
	ErrLatched = errors.New("the brake is latched")
	ErrAlready = errors.New("already there")
)

// Disabling is one app found broken.
type Disabling struct {
	App      platform.App // as it was read
	At       time.Time    // becomes disabled_at
	Reason   tally.Reason
	Evidence []tally.Day
}

// Mode says whether verdicts have consequences.
type Mode string

// The modes.
const (
	Enforce Mode = "enforce"
	Observe Mode = "observe" // logged and audited, nothing else
)

// Config of the job; all fields are required.
type Config struct {
	Rule       tally.Rule
	Mode       Mode
	MaxPerHour int               // disablings in one clock hour
	Guarded    []platform.Status // of sentry-apps that may be disabled
}

// Needs are what the job works with; all are required but Bookmark, and Standing.
type Needs struct {
	Apps          Apps
	Organizations Organizations
	Days          Days
	State         State
	Brake         Brake
	Standing      Standing // of sweep only
	Observations  Observations
	Notices       Notices
	Bookmark      Bookmark // nil: every sweep begins anew
	Metrics       Metrics
	Logger        *slog.Logger
	Now           func() time.Time
}

// Job judges apps.
type Job struct {
	Config
	Needs
}

// Record says that an item of the Buffer changed.
type Record struct {
	Sequence string
	Key      string // tally.Key
	Day      tally.Day
}

// Handle judges every app that the records do not themselves rule out, each
// once. It tries all and returns the sequence number of the first record whose
// app could not be seen through, empty if there is none: the stream delivers
// that record and all after it again.
func (j *Job) Handle(ctx context.Context, records []Record) (failed string) {
	j, _ = j.behindBrake()
	type subject struct {
		first string // sequence number
		dates []tally.Date
	}
	subjects := make(map[string]*subject)
	var order []string
	for _, r := range records {
		if j.Rule.RulesOut(r.Day.Counts) {
			continue
		}
		s := subjects[r.Key]
		if s == nil {
			s = &subject{first: r.Sequence}
			subjects[r.Key] = s
			order = append(order, r.Key)
		}
		if !slices.Contains(s.dates, r.Day.Date) {
			s.dates = append(s.dates, r.Day.Date)
		}
	}
	for _, key := range order { // in the order of their first records
		if err := j.judge(ctx, key, subjects[key].dates); err != nil {
			comesAgain := j.reportFault(ctx, key, err)
			if failed == "" && comesAgain {
				failed = subjects[key].first
			}
		}
	}
	return failed
}

// reportFault says that an app could not be seen through, and whether that may
// change. What is refused for good would hold up its part of the stream for hours:
// it is left to a person, whom an alarm calls, and to the sweeps, which look at it
// again for as long as they would anyway.
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

// rounds is how often an app is looked at again in place when it changed while
// it was judged.
const rounds = 3

// judge applies the rule to the windows that end with those of the given dates
// that have failures, and acts on the verdict. A panic about one app is that
// app's error.
func (j *Job) judge(ctx context.Context, key string, dates []tally.Date) (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.Logger.ErrorContext(ctx, "app panicked", "key", key, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("judge %s: panic: %v", key, p)
		}
	}()
	for range rounds {
		if err = j.judgeOnce(ctx, key, dates); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("judge %s: %w, %d times", key, ErrChanged, rounds)
}

func (j *Job) judgeOnce(ctx context.Context, key string, dates []tally.Date) error {
	appID, organizationID, generation, err := tally.SplitKey(key)
	if err != nil {
		return nil //nolint:nilerr // not an item of ours; a second look would not change it
	}
	app, found, err := j.Apps.ReadApp(ctx, appID)
	switch {
	case err != nil:
		return fmt.Errorf("read app %s: %w", appID, err)
	case !found || app.Deleted:
		return nil
	case app.Disabled(): // whatever became of it since, its owners are to know
		return j.finish(ctx, app)
	case !app.Guarded(j.Guarded) || app.OrganizationID != organizationID || app.Generation != generation:
		return nil // what another URL answered, or what was before an enabling, is no reason
	}
	today := tally.DateOf(j.Now())
	first := min(j.Rule.First(slices.Min(dates)), tally.FirstDead(today))
	days, err := j.Days.ReadDays(ctx, key, first, j.horizon(slices.Max(dates)))
	if err != nil {
		return fmt.Errorf("read days of %s: %w", key, err)
	}
	for _, last := range slices.Backward(slices.Sorted(slices.Values(dates))) {
		if !failedOn(days, last) {
			continue
		}
		if v := j.Rule.Judge(days, last); v.Broken && app.Breaker.BreaksFor(v.Reason) {
			return j.disable(ctx, app, v)
		}
	}
	if v := j.Rule.JudgeDead(days, today); v.Broken && app.Breaker.BreaksFor(v.Reason) {
		return j.disable(ctx, app, v)
	}
	return nil
}

// horizon is the last day to read: one more than today and the given day, since
// another function's clock may already be past midnight. A success it counted
// must be seen.
func (j *Job) horizon(date tally.Date) tally.Date {
	return max(tally.DateOf(j.Now()), date).Plus(1)
}

func failedOn(days []tally.Day, date tally.Date) bool {
	return slices.ContainsFunc(days, func(d tally.Day) bool { return d.Date == date && d.Failed() })
}

func (j *Job) disable(ctx context.Context, app platform.App, v tally.Verdict) error {
	d := Disabling{App: app, At: j.Now().UTC().Truncate(time.Millisecond), Reason: v.Reason, Evidence: v.Evidence}
	if !d.At.After(app.EnabledAt) {
		return fmt.Errorf("disable app %s: it was enabled at %s, in this clock's future", app.ID, platform.FormatTime(app.EnabledAt))
	}
	if j.Mode == Observe {
		return j.observe(ctx, d)
	}
	err := j.State.Disable(ctx, d, j.MaxPerHour)
	if errors.Is(err, ErrHeld) {
		j.reportHeld(ctx, d, err)
		return nil // the sweep decides again
	}
	if err != nil {
		return fmt.Errorf("disable app %s: %w", app.ID, err)
	}
	j.Metrics.Count("app.disabled", "reason", string(d.Reason))
	j.Logger.WarnContext(ctx, "app disabled", describe(d)...)
	app.DisabledAt, app.DisabledReason, app.DisabledEvidence = d.At, string(d.Reason), d.Evidence
	return j.finish(ctx, app)
}

func (j *Job) observe(ctx context.Context, d Disabling) error {
	d.At = d.At.Truncate(24 * time.Hour)
	err := j.Observations.WouldDisable(ctx, d)
	switch {
	case errors.Is(err, ErrAlready):
		return nil
	case err != nil:
		return fmt.Errorf("observe app %s: %w", d.App.ID, err)
	}
	j.Logger.WarnContext(ctx, "app would be disabled", describe(d)...)
	return nil
}

func describe(d Disabling) []any {
	return []any{"app_id", d.App.ID, "slug", d.App.Slug, "uuid", d.App.UUID, "organization_id", d.App.OrganizationID,
		"webhook_url", d.App.WebhookURL, "reason", d.Reason, "days", d.Evidence}
}
