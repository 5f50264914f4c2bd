package disabling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// nobodyFor is how long a disabling that nobody can be told of is reported, each
// hour.
const nobodyFor = minSweepDays * 24 * time.Hour

// finish takes a disabling from wherever it was left to its end: a message queued
// for each owner, and notified_at set. It stops without an error when there is
// nobody to tell, or the app is not in this disabling any more. What was begun is
// finished in whatever Mode, whichever key led here.
func (j *Job) finish(ctx context.Context, app platform.App) error {
	if !app.NotifiedAt.IsZero() {
		return nil
	}
	org, _, err := j.Organizations.ReadOrganization(ctx, app.OrganizationID)
	if err != nil {
		return fmt.Errorf("read organization %s: %w", app.OrganizationID, err)
	}
	notices := platform.Notices(platform.AppDisabled, app, org, app.DisabledAt)
	if len(notices) == 0 && (org.Deleted || app.DisabledAt.Before(j.Now().Add(-nobodyFor))) {
		return nil // there is nobody, or it was said often enough; whoever becomes an owner is told all the same
	}
	if len(notices) == 0 {
		j.Metrics.Count("notice.nobody", "", "")
		j.Logger.ErrorContext(ctx, "nobody to tell of a disabling", "app_id", app.ID, "organization_id", app.OrganizationID)
		return nil
	}
	for i := range notices {
		notices[i].Reason = app.DisabledReason
		notices[i].DisabledAt = platform.FormatTime(app.DisabledAt)
		notices[i].Evidence = app.DisabledEvidence
		notices[i].Rule = &platform.NoticeRule{TimeoutThreshold: j.Rule.TimeoutThreshold, TimeoutMinShare: j.Rule.TimeoutMinShare,
			GoneThreshold: j.Rule.GoneThreshold, DeadDays: j.Rule.DeadDays}
	}
	current, found, err := j.Apps.ReadApp(ctx, app.ID)
	if err != nil {
		return fmt.Errorf("read app %s: %w", app.ID, err)
	}
	if !found || !current.DisabledAt.Equal(app.DisabledAt) {
		return nil
	}
	if err := j.Notices.SendNotices(ctx, notices); err != nil {
		return fmt.Errorf("queue notices of app %s: %w", app.ID, err)
	}
	for range notices {
		j.Metrics.Count("notice.queued", "kind", string(platform.AppDisabled))
	}
	err = j.State.MarkNotified(ctx, app.ID, app.DisabledAt, j.Now())
	if errors.Is(err, ErrChanged) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("mark app %s as notified: %w", app.ID, err)
	}
	return nil
}
