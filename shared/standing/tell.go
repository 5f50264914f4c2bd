package standing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// nobodyFor is how long a disabling that nobody can be told of is reported, each hour.
const nobodyFor = 7 * 24 * time.Hour

// Tell takes a change that was made to its end: a message queued for each owner, and
// of a disabling notified_at set. It stops without an error when there is nobody to
// tell, or the app's standing is another by now; of an app that was deleted there is
// nothing to tell. What was begun is finished by whoever comes upon it.
func (c *Chain) Tell(ctx context.Context, t Transition) error {
	if t.App.Deleted {
		return nil
	}
	org, _, err := c.Organizations.ReadOrganization(ctx, t.App.OrganizationID)
	if err != nil {
		return fmt.Errorf("read organization %s: %w", t.App.OrganizationID, err)
	}
	notices := c.notices(t, org)
	if len(notices) == 0 {
		if !org.Deleted { // of an erased organization nobody is missed
			c.reportNobody(ctx, t)
		}
		return nil
	}
	current, _, err := c.ReadApp(ctx, t.App.ID)
	if err != nil || !t.holds(current) {
		return err
	}
	if err := c.Notices.SendNotices(ctx, notices); err != nil {
		return fmt.Errorf("queue notices of app %s: %w", t.App.ID, err)
	}
	for range notices {
		c.Metrics.Count("notice.queued", "kind", string(t.Kind))
	}
	if t.Kind != Disabled {
		return nil // an enabling needs no mark: its message comes again until all is done
	}
	err = c.Transitions.MarkNotified(ctx, t.App.ID, t.At, c.Now())
	if err != nil && !errors.Is(err, ErrChanged) {
		return fmt.Errorf("mark app %s as notified: %w", t.App.ID, err)
	}
	return nil
}

// holds reports whether an app is in the standing that the change gave it.
func (t Transition) holds(app platform.App) bool {
	if t.Kind == Disabled {
		return app.DisabledAt.Equal(t.At)
	}
	return !app.Disabled() && app.EnabledAt.Equal(t.At)
}

// notices are one for each owner; of an enabling none for who did it.
func (c *Chain) notices(t Transition, org platform.Organization) (notices []platform.Notice) {
	for _, n := range platform.Notices(platform.NoticeKind(t.Kind), t.App, org, t.At) {
		switch {
		case t.Kind == Disabled:
			n.Reason, n.DisabledAt, n.Evidence = string(t.Reason), platform.FormatTime(t.At), t.Evidence
			n.Rule = &c.Rule
		case platform.SameAddress(n.To.Email, t.Actor.Email):
			continue
		default:
			n.EnabledAt = platform.FormatTime(t.At)
		}
		notices = append(notices, n)
	}
	return notices
}

// reportNobody says that nobody can be told of a disabling. Owners who come later than
// it is said are told all the same.
func (c *Chain) reportNobody(ctx context.Context, t Transition) {
	if t.Kind != Disabled || t.At.Before(c.Now().Add(-nobodyFor)) {
		return
	}
	c.Metrics.Count("notice.nobody", "", "")
	c.Logger.ErrorContext(ctx, "nobody to tell of a disabling", "app_id", t.App.ID, "organization_id", t.App.OrganizationID)
}
