package steering

import (
	"context"
	"time"

	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/platform"
)

// Standing is an app as it stands after a command.
type Standing struct {
	AppID          string    `json:"app_id"`
	Name           string    `json:"name"`
	OrganizationID string    `json:"organization_id"`
	Did            string    `json:"did"` // enabled, disabled; nothing, if there was nothing to do; overtaken, if something else happened in the meantime
	Disabled       bool      `json:"disabled"`
	Reason         string    `json:"reason,omitempty"` // why it is, or was before the command
	Since          show.Time `json:"since,omitzero"`   // that it is, or was
	At             show.Time `json:"at,omitzero"`      // of what was done
	NotifiedAt     show.Time `json:"notified_at,omitzero"`
}

// What a command did.
const (
	didEnable    = "enabled"
	didDisable   = "disabled"
	didNothing   = "nothing"
	didOvertaken = "overtaken"
)

func standingOf(app platform.App, did string, at time.Time) Standing {
	return Standing{AppID: app.ID, Name: app.Name, OrganizationID: app.OrganizationID, Did: did, Disabled: app.Disabled(),
		Reason: app.DisabledReason, Since: show.At(app.DisabledAt), At: show.At(at), NotifiedAt: show.At(app.NotifiedAt)}
}

func lastSteered(app platform.App) time.Time {
	if app.EnabledAt.After(app.SteeredAt) {
		return app.EnabledAt
	}
	return app.SteeredAt
}

// newEnable is the order to enable an app that is disabled.
func (d *desk) newEnable(ctx context.Context, app platform.App, name, email string) (order, error) {
	actor, at, err := d.actor(ctx, name, email, app.DisabledAt, lastSteered(app))
	if err != nil {
		return order{}, err
	}
	o := order{message: platform.AppEnable{AppID: app.ID, At: at, Actor: actor}, group: app.ID, effect: "app " + app.ID + " is not enabled", look: lookAtRegistry}
	return o, o.encode()
}

// newDisable is the order to disable one that is not.
func (d *desk) newDisable(ctx context.Context, app platform.App, name, email, note string) (order, error) {
	actor, at, err := d.actor(ctx, name, email, lastSteered(app))
	if err != nil {
		return order{}, err
	}
	o := order{message: platform.AppDisable{AppID: app.ID, At: at, Actor: actor, Note: note}, group: app.ID, effect: "app " + app.ID + " is not disabled", look: lookAtRegistry}
	return o, o.encode()
}

// steer carries out an order about an app, and returns how it stands then. The order has
// been handled once the app says that it was steered again.
func (d *desk) steer(ctx context.Context, o order, was platform.App, atMost time.Duration) (Standing, error) {
	now := was
	read := func(ctx context.Context) (bool, error) {
		app, found, err := d.apps.ReadApp(ctx, was.ID)
		if err != nil || !found {
			return false, err
		}
		now = app
		return app.Deleted || lastSteered(app).After(lastSteered(was)), nil
	}
	if err := d.carryOut(ctx, o, atMost, read); err != nil {
		return Standing{}, err
	}
	if _, disable := o.message.(platform.AppDisable); disable {
		if now.Disabled() && now.DisabledReason == platform.Manual {
			_ = d.wait(ctx, min(settle, atMost), func(ctx context.Context) (bool, error) { // the owners are told next; that may take longer
				_, err := read(ctx)
				return !now.NotifiedAt.IsZero(), err
			})
			return standingOf(now, didDisable, now.DisabledAt), nil
		}
		return standingOf(now, didOvertaken, lastSteered(now)), nil
	}
	if now.Disabled() || now.Deleted {
		return standingOf(now, didOvertaken, lastSteered(now)), nil
	}
	s := standingOf(now, didEnable, now.EnabledAt)
	s.Reason, s.Since = was.DisabledReason, show.At(was.DisabledAt)
	return s, nil
}

func printStanding(p *show.Page, s Standing) {
	name := appName(s.AppID, s.Name)
	switch {
	case s.Did == didEnable:
		p.SayIn(show.Good, "%s is enabled since %s. It was disabled (%s) since %s.", name, p.Time(s.At.Time), s.Reason, p.Time(s.Since.Time))
		p.Say("It gets its subscriptions back, and its counts start from zero. Its owners get a mail, except the one with your address.")
	case s.Did == didDisable:
		p.SayIn(show.Good, "%s is disabled since %s, by hand. It stays so until somebody enables it.", name, p.Time(s.At.Time))
		if s.NotifiedAt.IsZero() {
			p.Say("Its owners are not told yet: the sweep tries again every hour. Does its organization have owners?")
		} else {
			p.Say("Its owners get a mail.")
		}
	case s.Did == didOvertaken:
		p.SayIn(show.Warn, "Something else happened in the meantime. %s is now %s.", name, stands(p, s))
	case s.Disabled:
		p.Say("%s is disabled already, since %s (%s). Nothing was sent.", name, p.Time(s.Since.Time), s.Reason)
	default:
		p.Say("%s is not disabled. Nothing was sent.", name)
	}
}

// stands says how an app stands in the end.
func stands(p *show.Page, s Standing) string {
	if s.Disabled {
		return "disabled, since " + p.Time(s.Since.Time) + " (" + s.Reason + ")"
	}
	return "enabled"
}

func appName(id, name string) string {
	if name == "" {
		return "App " + id
	}
	return "App " + id + " (" + name + ")"
}
