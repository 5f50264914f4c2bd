// Package registry is the job of the register function. It keeps the apps and
// organizations that the platform sends. When the platform says so, it erases
// organizations, disables, enables and tests apps, and opens the brake. It never judges an
// app.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

// Apps keeps apps with their secrets. PutApp and DeleteApp change nothing and return ErrStale if
// this change or one with a newer version was made before, or ErrConflict if there was one with the
// same version and other content. After nil a change is durable. After any other error it may be,
// and the message is handled again.
type Apps interface {
	PutApp(ctx context.Context, app platform.App, secrets []platform.Secret) error
	// DeleteApp deletes an app as of a time. A webhook that was queued before may still be sent
	// for platform.KeptAfterDeletion; then the app's URL and secrets are gone. An app that is
	// already deleted keeps the time of its deletion.
	DeleteApp(ctx context.Context, id string, version int64, at time.Time) error
}

// Organizations keeps organizations, in the same way.
type Organizations interface {
	PutOrganization(ctx context.Context, org platform.Organization) error
}

// Errors that the job may return.
var (
	ErrStale      = errors.New("a newer change was made before")
	ErrConflict   = errors.New("another change has the same version")
	ErrUnknownApp = errors.New("app_id names an app that was never registered")
)

// Config of the job; all fields are required.
type Config struct {
	CheckURL     func(url string) error // says why a webhook URL can never be called
	Subscribable platform.Subscribable  // events of other resources cause a warning
}

// Deps is what the job works with; all are required.
type Deps struct {
	Apps          Apps
	Organizations Organizations
	Erasures      Erasures
	Standing      *standing.Chain
	Steering      Steering
	Brake         Brake
	Tests         Tests
	Metrics       standing.Metrics
	Logger        *slog.Logger
	Now           func() time.Time
}

// Job handles the messages of RegistryQueue.
type Job struct {
	Config
	Deps
}

// New makes the job.
func New(c Config, d Deps) *Job { return &Job{c, d} }

// Logging returns the job with fields that it adds to each of its log lines.
func (j *Job) Logging(fields ...any) *Job {
	one, chain := *j, *j.Standing
	one.Logger, chain.Logger = j.Logger.With(fields...), chain.Logger.With(fields...)
	one.Standing = &chain
	return &one
}

// Stamp is what SQS itself says about a message. Its sender cannot change it.
type Stamp struct {
	SentAt   time.Time // when it was queued
	SenderID string    // who queued it, for the audit; empty if SQS does not say
}

// Handle does what one message of RegistryQueue asks for. It may be called again with the same
// message at any time. The error is ErrUnknownApp if the app may still come, or a *DelayedError
// if the message must be handled again after a certain time. After any other error the caller
// tries again.
func (j *Job) Handle(ctx context.Context, message platform.RegistryMessage, stamp Stamp) error {
	var err error
	switch m := message.(type) {
	case platform.AppPut:
		m.App.RenewedAt = stamp.SentAt
		err = j.putApp(ctx, m)
	case platform.AppDelete:
		if err = j.Apps.DeleteApp(ctx, m.AppID, m.Version, stamp.SentAt); err != nil {
			err = fmt.Errorf("delete app %s: %w", m.AppID, err)
		}
	case platform.OrganizationPut:
		err = j.putOrganization(ctx, m)
	case platform.OrganizationDelete:
		err = j.eraseOrganization(ctx, m, stamp)
	case platform.AppEnable:
		err = j.enable(ctx, m, stamp)
	case platform.AppDisable:
		err = j.disable(ctx, m, stamp)
	case platform.AppTest:
		err = j.test(ctx, m, stamp.SentAt)
	case platform.BrakeOpen:
		err = j.openBrake(ctx, m, stamp)
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
			// A customer's typing error is stored so that the platform can show it.
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

// unknownEvents lists the entries of an app's events that are misspelled, or whose resources
// need no subscription.
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
