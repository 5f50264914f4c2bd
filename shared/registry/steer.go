package registry

import (
	"context"
	"fmt"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

// Steering keeps when an app was steered last.
type Steering interface {
	// Steer notes that the app was steered at a time, and changes nothing else.
	// standing.ErrChanged if it was enabled, disabled or steered since it was read.
	Steer(ctx context.Context, app platform.App, at time.Time) error
}

// asOf is the time of what a message asks for: the one that it says, and never a later
// one than that at which it was queued.
func asOf(said, sentAt time.Time) time.Time {
	at := sentAt.UTC().Truncate(time.Millisecond)
	if !said.IsZero() && said.Before(at) {
		return said
	}
	return at
}

// enable lifts a disabling that is older than the message.
func (j *Job) enable(ctx context.Context, m platform.AppEnable, sentAt time.Time) error {
	return standing.AsRead("enable app "+m.AppID, func() error { return j.enableOnce(ctx, m, asOf(m.At, sentAt)) })
}

// enableOnce goes by what was steered last: an older message does nothing. No count
// from before can disable the app again: it is in another generation then.
func (j *Job) enableOnce(ctx context.Context, m platform.AppEnable, at time.Time) error {
	app, found, err := j.Standing.ReadApp(ctx, m.AppID)
	enabling := standing.Transition{Kind: standing.Enabled, App: app, At: at, Actor: m.Actor}
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("enable app %s: %w", m.AppID, ErrUnknownApp)
	case !app.Disabled() && app.EnabledAt.Equal(at):
		return j.Standing.Tell(ctx, enabling) // again, in case the first time was cut off
	case app.Disabled() && app.DisabledAt.Before(at) && at.After(lastSteered(app)):
		return j.Standing.Take(ctx, enabling)
	case at.After(lastSteered(app)):
		if err := j.Steering.Steer(ctx, app, at); err != nil {
			return fmt.Errorf("steer app %s: %w", app.ID, err)
		}
	}
	j.Logger.InfoContext(ctx, "enabling without effect", append(m.Names(), "at", platform.FormatTime(at))...)
	return nil
}

// lastSteered is the newest time at which the app was steered. What older versions
// of hookwarden did has left no more than EnabledAt.
func lastSteered(app platform.App) time.Time {
	if app.EnabledAt.After(app.SteeredAt) {
		return app.EnabledAt
	}
	return app.SteeredAt
}
