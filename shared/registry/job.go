// Package registry is the job of the register function: it keeps the apps and
// organizations that the platform sends, erases them, lifts disablings and opens the
// brake when the platform says so. It never disables anyone.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"hookwarden/shared/platform"
)

// Apps keeps apps with their secrets. PutApp and DeleteApp change nothing and
// return ErrStale when this change or one with a newer version was made before,
// ErrConflict when one with the same version and other content was. After nil a change is durable; after any other error nobody knows, and
// the message is handled again.
type Apps interface {
	PutApp(ctx context.Context, app platform.App, secrets []platform.Secret) error
	// DeleteApp deletes an app as of a time: a webhook that was queued before may
	// still be sent, for platform.KeptAfterDeletion. Then the app's URL and secrets
	// are gone. An app that is deleted already keeps the time of its deletion.
	DeleteApp(ctx context.Context, id string, version int64, at time.Time) error
	ReadApp(ctx context.Context, id string) (app platform.App, found bool, err error) // consistent
}

// Organizations keeps organizations, in the same way.
type Organizations interface {
	PutOrganization(ctx context.Context, org platform.Organization) error
	ReadOrganization(ctx context.Context, id string) (org platform.Organization, found bool, err error) // consistent
}

// Enabler lifts disablings.
type Enabler interface {
	// Enable lifts the disabling with which app was read, begins the app's next
	// generation, notes that it was steered at that time, and puts the audit entry,
	// all or nothing. ErrChanged if the app was enabled, disabled, or given another
	// URL or organization since.
	Enable(ctx context.Context, app platform.App, at time.Time, actor platform.Actor) error
	// Steer notes that the app was steered at a time, and changes nothing else.
	// ErrChanged if it was enabled, disabled or steered since it was read.
	Steer(ctx context.Context, app platform.App, at time.Time) error
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

// What the job may answer.
var (
	ErrStale      = errors.New("a newer change was made before")
	ErrConflict   = errors.New("another change has the same version")
	ErrChanged    = errors.New("not as it was read")
	ErrUnknownApp = errors.New("app_id names an app that was never registered")
)

// Job registers.
type Job struct {
	Apps          Apps
	Organizations Organizations
	Erasures      Erasures
	Enabler       Enabler
	Brake         Brake
	Notices       Notices
	Metrics       Metrics
	Logger        *slog.Logger
	Now           func() time.Time
	CheckURL      func(url string) error // says why a webhook URL can never be called
	Subscribable  platform.Subscribable  // events of other resources are warned of
}

// Handle does what one message of RegistryQueue asks for; sentAt is when it was
// queued. It may be called again with the same message, at any time. The error
// is ErrUnknownApp when the app may still come, a *DelayedError when the message is
// to come again at a certain time, anything else is to be tried again.
func (j *Job) Handle(ctx context.Context, message platform.RegistryMessage, sentAt time.Time) error {
	var err error
	switch m := message.(type) {
	case platform.AppPut:
		err = j.putApp(ctx, m)
	case platform.AppDelete:
		err = j.Apps.DeleteApp(ctx, m.AppID, m.Version, sentAt)
	case platform.OrganizationPut:
		err = j.putOrganization(ctx, m)
	case platform.OrganizationDelete:
		err = j.eraseOrganization(ctx, m, sentAt)
	case platform.AppEnable:
		err = j.enable(ctx, m, sentAt)
	case platform.BrakeOpen:
		err = j.openBrake(ctx, m, sentAt)
	}
	switch {
	case errors.Is(err, ErrStale):
		j.Logger.InfoContext(ctx, "older registry message ignored", message.Names()...)
		return nil
	case errors.Is(err, ErrConflict):
		j.Metrics.Count("registry.version_conflict", "", "")
		j.Logger.WarnContext(ctx, "registry message ignored, another has its version", message.Names()...)
		return nil
	}
	return err
}

func (j *Job) putApp(ctx context.Context, m platform.AppPut) error {
	if m.App.WebhookURL != "" {
		if err := j.CheckURL(m.App.WebhookURL); err != nil {
			// A customer's typing error is stored, so that it can be shown.
			m.App.WebhookURLError = err.Error()
			j.Metrics.Count("app.webhook_url_invalid", "", "")
			j.Logger.WarnContext(ctx, "app registered with a webhook URL that cannot be called", append(m.Names(), "error", err)...)
		}
	}
	if unknown := j.unknownEvents(m.App.Events); len(unknown) > 0 {
		j.Metrics.Count("app.events_unknown", "", "")
		j.Logger.WarnContext(ctx, "app registered with events that let nothing through", append(m.Names(), "unknown", unknown)...)
	}
	if err := j.Apps.PutApp(ctx, m.App, m.Secrets); err != nil {
		return fmt.Errorf("put app %s: %w", m.App.ID, err)
	}
	return nil
}

// unknownEvents names the entries of an app's events that are misspelled, or of
// resources that need no subscription.
func (j *Job) unknownEvents(events []string) (unknown []string) {
	for i, entry := range events {
		if !j.Subscribable.Knows(entry) {
			unknown = append(unknown, fmt.Sprintf("events[%d]", i))
		}
	}
	return unknown
}

func (j *Job) putOrganization(ctx context.Context, m platform.OrganizationPut) error {
	if faults := m.Organization.OwnerErrors; len(faults) > 0 {
		j.Metrics.Count("organization.owners_invalid", "", "")
		j.Logger.WarnContext(ctx, "organization registered without some of its owners", append(m.Names(), "owner_errors", faults)...)
	}
	if err := j.Organizations.PutOrganization(ctx, m.Organization); err != nil {
		return fmt.Errorf("put organization %s: %w", m.Organization.ID, err)
	}
	return nil
}

// rounds is how often an app is looked at again in place when it changed while
// it was enabled.
const rounds = 3

// enable lifts a disabling that is older than the message.
func (j *Job) enable(ctx context.Context, m platform.AppEnable, sentAt time.Time) error {
	at := sentAt.UTC().Truncate(time.Millisecond)
	if !m.At.IsZero() && m.At.Before(at) {
		at = m.At
	}
	for range rounds {
		if err := j.enableOnce(ctx, m, at); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("enable app %s: %w, %d times", m.AppID, ErrChanged, rounds)
}

// enableOnce goes by what was steered last: an older message does nothing. No count
// from before can disable the app again: it is in another generation then.
func (j *Job) enableOnce(ctx context.Context, m platform.AppEnable, at time.Time) error {
	app, found, err := j.Apps.ReadApp(ctx, m.AppID)
	switch {
	case err != nil:
		return fmt.Errorf("read app %s: %w", m.AppID, err)
	case !found:
		return fmt.Errorf("enable app %s: %w", m.AppID, ErrUnknownApp)
	case !app.Disabled() && app.EnabledAt.Equal(at):
		return j.tellEnabled(ctx, app, at, m.Actor) // again, in case the first time was cut off
	case !at.After(lastSteered(app)):
		j.Logger.InfoContext(ctx, "enabling without effect", append(m.Names(), "at", platform.FormatTime(at))...)
		return nil
	case !app.Disabled() || !app.DisabledAt.Before(at):
		if err := j.Enabler.Steer(ctx, app, at); err != nil {
			return fmt.Errorf("steer app %s: %w", app.ID, err)
		}
		j.Logger.InfoContext(ctx, "enabling without effect", append(m.Names(), "at", platform.FormatTime(at))...)
		return nil
	}
	if err := j.Enabler.Enable(ctx, app, at, m.Actor); err != nil {
		return fmt.Errorf("enable app %s: %w", app.ID, err)
	}
	j.Logger.InfoContext(ctx, "app enabled", append(m.Names(), "at", platform.FormatTime(at))...)
	return j.tellEnabled(ctx, app, at, m.Actor)
}

// lastSteered is the newest time at which the app was steered. What older versions
// of hookwarden did has left no more than EnabledAt.
func lastSteered(app platform.App) time.Time {
	if app.EnabledAt.After(app.SteeredAt) {
		return app.EnabledAt
	}
	return app.SteeredAt
}

// tellEnabled tells all owners but the one who did it. Of an app that was deleted
// there is nothing to tell.
func (j *Job) tellEnabled(ctx context.Context, app platform.App, at time.Time, actor platform.Actor) error {
	if app.Deleted {
		return nil
	}
	org, _, err := j.Organizations.ReadOrganization(ctx, app.OrganizationID)
	if err != nil {
		return fmt.Errorf("read organization %s: %w", app.OrganizationID, err)
	}
	notices := platform.Notices(platform.AppEnabled, app, org, at)
	kept := notices[:0]
	for _, n := range notices {
		if platform.SameAddress(n.To.Email, actor.Email) {
			continue
		}
		n.EnabledAt = platform.FormatTime(at)
		kept = append(kept, n)
	}
	if len(kept) == 0 {
		return nil
	}
	if err := j.Notices.SendNotices(ctx, kept); err != nil {
		return fmt.Errorf("queue notices of app %s: %w", app.ID, err)
	}
	for range kept {
		j.Metrics.Count("notice.queued", "kind", string(platform.AppEnabled))
	}
	return nil
}
