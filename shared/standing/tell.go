package standing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// nobodyFor is how long a disabling of which nobody can be told is reported each hour.
const nobodyFor = 7 * 24 * time.Hour

// Tell finishes a change that was made. It queues an event for the platform, unless that is
// marked as told, and then a message for each owner, and sets a mark after each, except for an
// enabling. It stops without an error if there is nobody to tell, if the app's standing has
// changed again, or if the app was deleted. If it is cut off, the next job that finds the app
// finishes it.
func (c *Chain) Tell(ctx context.Context, t Transition) error {
	if t.App.Deleted {
		return nil
	}
	org, err := c.readOrganization(ctx, t)
	if err != nil {
		return err
	}
	if c.Events != nil && t.platformToldAt().IsZero() {
		err = c.tellPlatform(ctx, t, org)
	}
	if err == nil {
		err = c.tellOwners(ctx, t, org)
	}
	if errors.Is(err, ErrChanged) {
		return nil
	}
	return err
}

func (c *Chain) readOrganization(ctx context.Context, t Transition) (platform.Organization, error) {
	org, _, err := c.Organizations.ReadOrganization(ctx, t.App.OrganizationID)
	if err != nil {
		return org, fmt.Errorf("read organization %s: %w", t.App.OrganizationID, err)
	}
	return org, nil
}

// foretell tells the platform what would be done, before that is audited. It reports whether
// it was audited already.
func (c *Chain) foretell(ctx context.Context, t Transition) (noted bool, err error) {
	if c.Events == nil && t.Kind != WouldWarn {
		return false, nil
	}
	if noted, err = c.Transitions.Made(ctx, t); err != nil || noted || t.Kind == WouldWarn {
		return noted, err // the platform is not told of a warning that nobody gets
	}
	org, err := c.readOrganization(ctx, t)
	if err != nil {
		return false, err
	}
	return false, c.tellPlatform(ctx, t, org)
}

func (c *Chain) tellPlatform(ctx context.Context, t Transition, org platform.Organization) error {
	e := platform.NewEvent(string(t.Kind), t.App, org, t.At)
	e.Reason, e.Evidence, e.Diagnosis, e.Actor = string(t.Reason), t.Evidence, t.Diagnosis, t.Actor.Raw
	if t.Kind == Warned {
		e.Warning = &t.Warning
	}
	if err := c.Events.SendEvent(ctx, e); err != nil {
		return fmt.Errorf("tell the platform of app %s: %w", t.App.ID, err)
	}
	return c.mark(ctx, t, PlatformTold)
}

// platformToldAt is when the platform was told of the change, as the app was read.
func (t Transition) platformToldAt() time.Time {
	if t.Kind == Warned || t.Kind == Recovered {
		return t.App.Warned.PlatformToldAt
	}
	return t.App.PlatformToldAt
}

// mark notes that somebody was told. An enabling, and what would be done, needs no mark: its
// message, or the next look at the app, comes again until everything is done.
func (c *Chain) mark(ctx context.Context, t Transition, mark Mark) error {
	if t.Kind == Enabled || t.Kind.Foretells() {
		return nil
	}
	if err := c.Transitions.Mark(ctx, mark, t, c.Now()); err != nil {
		return fmt.Errorf("mark app %s with %s: %w", t.App.ID, mark, err)
	}
	return nil
}

func (c *Chain) tellOwners(ctx context.Context, t Transition, org platform.Organization) error {
	notices := c.notices(t, org)
	if len(notices) == 0 {
		if !org.Deleted { // of an erased organization nobody is missed
			c.reportNobody(ctx, t)
		}
		if t.Kind == Recovered { // the warning is over, whether its owners know of it or not
			return c.mark(ctx, t, OwnersTold)
		}
		return nil
	}
	current, _, err := c.ReadApp(ctx, t.App.ID)
	if err != nil || !t.Holds(current) {
		return err
	}
	if err := c.Notices.SendNotices(ctx, notices); err != nil {
		return fmt.Errorf("queue notices of app %s: %w", t.App.ID, err)
	}
	for range notices {
		c.Metrics.Count("notice.queued", "kind", string(t.Kind))
	}
	return c.mark(ctx, t, OwnersTold)
}

// Holds reports whether an app is in the standing that the change gave it.
func (t Transition) Holds(app platform.App) bool {
	switch t.Kind {
	case Disabled:
		return app.DisabledAt.Equal(t.At) && app.DisabledReason == string(t.Reason)
	case Warned:
		return app.Warned.At.Equal(t.At) && app.Warned.RecoveredAt.IsZero()
	case Recovered:
		return app.Warned.RecoveredAt.Equal(t.At)
	}
	return !app.Disabled() && app.EnabledAt.Equal(t.At)
}

// notices is one notice for each owner. The owner who did an enabling gets none.
func (c *Chain) notices(t Transition, org platform.Organization) (notices []platform.Notice) {
	for _, n := range platform.Notices(platform.NoticeKind(t.Kind), t.App, org, t.At) {
		switch {
		case t.Kind == Disabled:
			n.Reason, n.DisabledAt, n.Evidence = string(t.Reason), platform.FormatTime(t.At), t.Evidence
			n.Diagnosis = t.Diagnosis
			if n.Rule = &c.Rule; t.Reason == Manual {
				n.Rule, n.Actor, n.Note = nil, t.Actor.Person(), t.Note
			}
		case t.Kind == Warned:
			n.WarnedAt, n.Reason, n.Evidence, n.Rule = platform.FormatTime(t.At), string(t.Reason), t.Evidence, &c.Rule
			n.Warning, n.Diagnosis = &t.Warning, t.Diagnosis
		case t.Kind == Recovered:
			n.WarnedAt, n.RecoveredAt = platform.FormatTime(t.App.Warned.At), platform.FormatTime(t.At)
		case platform.SameAddress(n.To.Email, t.Actor.Email):
			continue
		default:
			n.EnabledAt, n.Actor = platform.FormatTime(t.At), t.Actor.Person()
		}
		notices = append(notices, n)
	}
	return notices
}

// reportNobody reports that nobody can be told of a disabling. Owners who come later are
// still told.
func (c *Chain) reportNobody(ctx context.Context, t Transition) {
	if t.Kind != Disabled || t.At.Before(c.Now().Add(-nobodyFor)) {
		return
	}
	c.Metrics.Count("notice.nobody", "", "")
	c.Logger.ErrorContext(ctx, "nobody to tell of a disabling", "app_id", t.App.ID, "organization_id", t.App.OrganizationID)
}
