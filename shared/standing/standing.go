// Package standing changes an app's standing: whether it is disabled, whether its owners are
// warned that it will be, and who was told. Each change is one chain: a conditional
// transaction, then a message to the platform, then messages to the owners, with a mark after
// each. The time of the change is its identity. Any job that finds an app with an unfinished
// chain continues it. So the next record, the next sweep, or the returned message repairs a
// crash at any point. The package judges no app: the jobs above it (disabling, registry)
// decide. Its tests are in shared/disabling, over one store for all jobs.
package standing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// Transitions changes an app's standing. After nil a change is durable. After ErrChanged,
// ErrAlready, ErrHeld or ErrLatched it was not made. After platform.ErrRefused it was not
// made and never will be. After any other error it may have been made, and the step may be
// repeated.
type Transitions interface {
	// Apply changes the app and puts the audit entry, all or nothing. It returns ErrChanged
	// if the app is not as it was read. A disabling by the rule and a warning count in
	// their brake: ErrHeld if there were MaxPerHour in this hour, ErrLatched if the brake
	// is latched at t.At. A disabling ends a warning. A change by a person notes that the
	// app was steered at t.At: ErrChanged if it was steered at that time or later.
	// WouldDisable and WouldWarn only put the entry: ErrAlready if there is one of t.At.
	Apply(ctx context.Context, t Transition) error
	// Made reports whether there is an audit entry of the change.
	Made(ctx context.Context, t Transition) (bool, error)
	// Mark sets a mark on a disabling, a warning or a recovery. The last mark of a recovery
	// removes the warning. It returns ErrChanged if the app is no longer in the standing
	// that the transition gave it.
	Mark(ctx context.Context, mark Mark, t Transition, now time.Time) error
}

// Mark says who was told of a disabling, a warning or a recovery.
type Mark string

// The marks.
const (
	PlatformTold Mark = "platform_told_at"
	OwnersTold   Mark = "notified_at"
	Forgotten    Mark = "forgotten" // of a warning: nothing is left of it, and nobody is told
)

// Events queues an event for the platform. After nil the event is durable, unless the queue
// permanently refuses it, which SendEvent itself reports. After an error it may be durable.
// The same event may be queued twice.
type Events interface {
	SendEvent(ctx context.Context, e platform.Event) error
}

// Notices queues one message for each notice. After nil all are durable, except those that
// the queue permanently refuses, which SendNotices itself reports. After an error some may
// be durable. The same notice may be queued twice.
type Notices interface {
	SendNotices(ctx context.Context, notices []platform.Notice) error
}

// Metrics counts events. It never fails.
type Metrics interface {
	Count(name, dimension, value string)
}

// Errors of a Transitions.
var (
	ErrChanged = errors.New("not as it was read")
	ErrAlready = errors.New("already there")
	ErrHeld    = errors.New("too many in this hour")
	ErrLatched = errors.New("the brake is latched")
)

// Kind says what a transition does to an app.
type Kind string

// The kinds.
const (
	Disabled     Kind = "app.disabled"
	WouldDisable Kind = "app.would_disable" // logged and audited, nothing else
	Enabled      Kind = "app.enabled"
	Warned       Kind = "app.warning"
	WouldWarn    Kind = "app.would_warn" // logged and audited, nothing else
	Recovered    Kind = "app.recovered"
)

// Verb is what is done, for errors and for the name of an audit entry's event.
func (k Kind) Verb() string {
	switch k {
	case Disabled:
		return "disable"
	case WouldDisable:
		return "would-disable"
	case Warned:
		return "warn"
	case WouldWarn:
		return "would-warn"
	case Recovered:
		return "recover"
	}
	return "enable"
}

// Foretells reports whether the transition only says what would be done.
func (k Kind) Foretells() bool { return k == WouldDisable || k == WouldWarn }

// Manual is the reason of a disabling by a person. No rule and no brake applies to it.
const Manual tally.Reason = platform.Manual

// Transition is one change of an app's standing.
type Transition struct {
	Kind       Kind
	App        platform.App        // as it was read
	At         time.Time           // the change's identity: disabled_at, enabled_at, warned_at, recovered_at, or the day that is observed
	Reason     tally.Reason        // of a disabling, and a warning
	Evidence   []tally.Day         // of a disabling by the rule, and a warning
	Diagnosis  *platform.Diagnosis // of the same, as far as it is known
	Warning    platform.Warning    // of a warning
	Levels     []platform.Level    // of a warning: all that must not be given again
	MaxPerHour int                 // for a change with a brake: how many there may be in one clock hour
	Actor      platform.Actor      // the person who made the change
	SenderID   string              // who queued that person's message, as SQS stamped it; only for the audit
	Note       string              // of a disabling by hand
}

// Steered reports whether a person makes the change.
func (t Transition) Steered() bool { return t.Kind == Enabled || t.Reason == Manual }

// Brake is the brake in which a change counts, if there is one.
func (t Transition) Brake() (brake platform.Brake, is bool) {
	switch {
	case t.Kind == Disabled && !t.Steered():
		return platform.BrakeDisable, true
	case t.Kind == Warned:
		return platform.BrakeWarning, true
	}
	return "", false
}

// Config of the chain.
type Config struct {
	Rule tally.Rule // the rule that disables apps; mails name its numbers
}

// Deps is what the chain works with; all except Events are required.
type Deps struct {
	Apps          Apps
	Organizations Organizations
	Transitions   Transitions
	Events        Events // nil: the platform wants no events
	Notices       Notices
	Metrics       Metrics
	Logger        *slog.Logger
	Now           func() time.Time
}

// Chain makes changes and tells of them.
type Chain struct {
	Config
	Deps
}

// New makes a chain.
func New(c Config, d Deps) *Chain { return &Chain{c, d} }

// rounds is how often a change is tried in place if the app changes in the meantime.
const rounds = 3

// AsRead calls once, which depends on an app as it was read, and calls it again if the app
// has changed in the meantime (ErrChanged). what begins the error.
func AsRead(what string, once func() error) (err error) {
	for range rounds {
		if err = once(); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("%s: %d times: %w", what, rounds, ErrChanged)
}

// ReadApp reads an app, consistently.
func (c *Chain) ReadApp(ctx context.Context, id string) (app platform.App, found bool, err error) {
	if app, found, err = c.Apps.ReadApp(ctx, id); err != nil {
		return app, false, fmt.Errorf("read app %s: %w", id, err)
	}
	return app, found, nil
}

// Take makes a change and then tells of it. The error is that of the step that failed, as
// in its interface.
func (c *Chain) Take(ctx context.Context, t Transition) error {
	if t.Kind.Foretells() {
		if made, err := c.foretell(ctx, t); err != nil || made {
			return err
		}
	}
	t.App.PlatformToldAt, t.App.NotifiedAt = time.Time{}, time.Time{} // they are marks of an earlier change
	t.App.Warned.PlatformToldAt, t.App.Warned.NotifiedAt = time.Time{}, time.Time{}
	err := c.Transitions.Apply(ctx, t)
	switch {
	case t.Kind.Foretells() && errors.Is(err, ErrAlready):
		return nil
	case err != nil:
		return fmt.Errorf("%s app %s: %w", t.Kind.Verb(), t.App.ID, err)
	}
	c.report(ctx, t)
	if t.Kind.Foretells() {
		return nil
	}
	return c.Tell(ctx, t)
}

// report logs and counts a change that was made.
func (c *Chain) report(ctx context.Context, t Transition) {
	fields := []any{"app_id", t.App.ID, "slug", t.App.Slug, "uuid", t.App.UUID, "organization_id", t.App.OrganizationID,
		"webhook_url", t.App.WebhookURL, "at", platform.FormatTime(t.At)}
	switch t.Kind {
	case Disabled:
		c.Metrics.Count("app.disabled", "reason", string(t.Reason))
		c.Logger.WarnContext(ctx, "app disabled", append(fields, "reason", t.Reason, "days", t.Evidence)...)
	case WouldDisable:
		c.Logger.WarnContext(ctx, "app would be disabled", append(fields, "reason", t.Reason, "days", t.Evidence)...)
	case Enabled:
		c.Logger.InfoContext(ctx, "app enabled", fields...)
	case Warned:
		c.Metrics.Count("app.warned", "level", string(t.Warning.Level))
		c.Logger.WarnContext(ctx, "owners warned", append(fields, ofWarning(t)...)...)
	case WouldWarn:
		c.Logger.WarnContext(ctx, "owners would be warned", append(fields, ofWarning(t)...)...)
	case Recovered:
		c.Metrics.Count("app.recovered", "", "")
		c.Logger.InfoContext(ctx, "app recovered", append(fields, "warned_at", platform.FormatTime(t.App.Warned.At))...)
	}
}

func ofWarning(t Transition) []any {
	return []any{"warning_level", t.Warning.Level, "reason", t.Reason, "disabled_on", t.Warning.CutOn, "days", t.Evidence}
}

// TakeUp finishes an app's disabling, warning or recovery, if it was left unfinished.
func (c *Chain) TakeUp(ctx context.Context, app platform.App) error {
	w := app.Warned
	switch {
	case app.Disabled() && !app.NotifiedAt.IsZero():
		return nil
	case app.Disabled():
		return c.takeUpDisabling(ctx, app)
	case !w.RecoveredAt.IsZero():
		return c.Tell(ctx, Transition{Kind: Recovered, App: app, At: w.RecoveredAt})
	case !w.At.IsZero() && w.NotifiedAt.IsZero():
		return c.Tell(ctx, Transition{Kind: Warned, App: app, At: w.At, Reason: tally.Reason(w.Reason),
			Evidence: w.Evidence, Diagnosis: w.Diagnosis, Warning: w.Warning, Levels: w.Levels})
	}
	return nil
}

// Forget ends an old warning without telling anyone: the counts from after it are gone.
func (c *Chain) Forget(ctx context.Context, app platform.App) error {
	err := c.mark(ctx, Transition{Kind: Warned, App: app, At: app.Warned.At}, Forgotten)
	if errors.Is(err, ErrChanged) {
		return nil
	}
	return err
}

func (c *Chain) takeUpDisabling(ctx context.Context, app platform.App) error {
	return c.Tell(ctx, Transition{Kind: Disabled, App: app, At: app.DisabledAt,
		Reason: tally.Reason(app.DisabledReason), Evidence: app.DisabledEvidence, Diagnosis: app.DisabledDiagnosis,
		Actor: app.DisabledBy, Note: app.DisabledNote})
}
