package registry

import (
	"context"
	"fmt"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

// Steering keeps when the platform last enabled or disabled an app.
type Steering interface {
	// Steer notes the time of a steering that has no effect, and changes nothing else.
	// It returns standing.ErrChanged if the app was enabled, disabled or steered since
	// it was read.
	Steer(ctx context.Context, app platform.App, at time.Time) error
}

// asOf is the time of what a message asks for: the time that it says, but not later
// than the time at which it was queued.
func asOf(said, sentAt time.Time) time.Time {
	at := sentAt.UTC().Truncate(time.Millisecond)
	if !said.IsZero() && said.Before(at) {
		return said
	}
	return at
}

// enable lifts a disabling that is older than the message.
func (j *Job) enable(ctx context.Context, m platform.AppEnable, stamp Stamp) error {
	return j.steer(ctx, m, m.AppID, standing.Transition{Kind: standing.Enabled, At: asOf(m.At, stamp.SentAt),
		Actor: m.Actor, SenderID: stamp.SenderID})
}

// disable disables an app. One that is already disabled keeps its first reason.
func (j *Job) disable(ctx context.Context, m platform.AppDisable, stamp Stamp) error {
	return j.steer(ctx, m, m.AppID, standing.Transition{Kind: standing.Disabled, At: asOf(m.At, stamp.SentAt), Reason: standing.Manual,
		Actor: m.Actor, SenderID: stamp.SenderID, Note: m.Note})
}

// steer makes the change that a message asks for, if it has an effect.
func (j *Job) steer(ctx context.Context, m platform.RegistryMessage, appID string, t standing.Transition) error {
	return standing.AsRead(t.Kind.Verb()+" app "+appID, func() error { return j.steerOnce(ctx, m, appID, t) })
}

// steerOnce compares the message with the last steering: an older message does
// nothing. Counts from before an enabling cannot disable the app again, since they are
// of an older generation.
func (j *Job) steerOnce(ctx context.Context, m platform.RegistryMessage, appID string, t standing.Transition) error {
	app, found, err := j.Standing.ReadApp(ctx, appID)
	t.App = app
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%s app %s: %w", t.Kind.Verb(), appID, ErrUnknownApp)
	case t.Holds(app):
		return j.Standing.Tell(ctx, t) // again, in case the first try was cut off
	case t.At.After(lastSteered(app)) && changes(t):
		return j.Standing.Take(ctx, t)
	case t.At.After(lastSteered(app)):
		if err := j.Steering.Steer(ctx, app, t.At); err != nil {
			return fmt.Errorf("steer app %s: %w", app.ID, err)
		}
	}
	j.Logger.InfoContext(ctx, "steered without effect", append(m.Names(), "at", platform.FormatTime(t.At))...)
	return nil
}

// changes reports whether a change has an effect on the app as it was read.
func changes(t standing.Transition) bool {
	if t.Kind == standing.Enabled {
		return t.App.Disabled() && t.App.DisabledAt.Before(t.At)
	}
	return !t.App.Disabled() && !t.App.Deleted
}

// lastSteered is when the app was last steered. Older versions of hookwarden wrote
// only EnabledAt.
func lastSteered(app platform.App) time.Time {
	if app.EnabledAt.After(app.SteeredAt) {
		return app.EnabledAt
	}
	return app.SteeredAt
}
