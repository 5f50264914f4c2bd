package disabling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/buffer"
	"hookwarden/shared/platform"
)

// finish takes a disabling from wherever it was left to its end: owners' notices
// queued, notified_at set, the counts that were kept for the organization
// cleared; the app may belong to another by now. It stops without an error when
// the app is not in this disabling any more. What was begun is finished in
// whatever Mode.
func (j *Job) finish(ctx context.Context, app platform.App, organizationID string) error {
	if app.NotifiedAt.IsZero() {
		told, err := j.notify(ctx, app)
		if err != nil || !told {
			return err // the counts stay, so that the sweep comes back to this app
		}
	}
	app.OrganizationID = organizationID
	return j.clear(ctx, app)
}

// nobodyFor is how long a disabling that nobody can be told of is reported, each
// hour.
const nobodyFor = minSweepDays * 24 * time.Hour

// notify queues a message for each owner. It reports false if there is nobody to
// tell or the disabling is over.
func (j *Job) notify(ctx context.Context, app platform.App) (told bool, err error) {
	org, _, err := j.Organizations.ReadOrganization(ctx, app.OrganizationID)
	if err != nil {
		return false, fmt.Errorf("read organization %s: %w", app.OrganizationID, err)
	}
	notices := platform.Notices(platform.AppDisabled, app, org, app.DisabledAt)
	if len(notices) == 0 && app.DisabledAt.Before(j.Now().Add(-nobodyFor)) {
		return false, nil // said often enough; whoever becomes an owner is told all the same
	}
	if len(notices) == 0 {
		j.Metrics.Count("notice.nobody", "", "")
		j.Logger.ErrorContext(ctx, "nobody to tell of a disabling", "app_id", app.ID, "organization_id", app.OrganizationID)
		return false, nil
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
		return false, fmt.Errorf("read app %s: %w", app.ID, err)
	}
	if !found || !current.DisabledAt.Equal(app.DisabledAt) {
		return false, nil
	}
	if err := j.Notices.SendNotices(ctx, notices); err != nil {
		return false, fmt.Errorf("queue notices of app %s: %w", app.ID, err)
	}
	for range notices {
		j.Metrics.Count("notice.queued", "kind", string(platform.AppDisabled))
	}
	err = j.State.MarkNotified(ctx, app.ID, app.DisabledAt, j.Now())
	if errors.Is(err, ErrChanged) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("mark app %s as notified: %w", app.ID, err)
	}
	return true, nil
}

// clear deletes the counts that the disabling was decided on, and those that
// came in since. Days that change meanwhile stay for the next look.
func (j *Job) clear(ctx context.Context, app platform.App) error {
	today := buffer.DateOf(j.Now())
	first, last := today.Plus(1-j.Rule.WindowDays), today
	for _, day := range app.DisabledEvidence {
		first, last = min(first, buffer.Date(day.Day)), max(last, buffer.Date(day.Day))
	}
	key := buffer.Key(app.ID, app.OrganizationID)
	days, err := j.Days.ReadDays(ctx, key, first, j.horizon(last))
	if err != nil {
		return fmt.Errorf("read days of %s: %w", key, err)
	}
	for _, day := range days {
		if err := j.State.ClearDay(ctx, app, day); err != nil && !errors.Is(err, ErrChanged) {
			return fmt.Errorf("clear %s of %s: %w", day.Date, key, err)
		}
	}
	return nil
}
