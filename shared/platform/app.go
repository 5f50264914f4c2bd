// Package platform has the terms of the platform that sends the webhooks: apps,
// organizations and their owners, and the messages of its queues, decoded and
// validated. A value that a Decode function returned is valid from then on. The
// package knows nothing about AWS.
package platform

import (
	"hookwarden/shared/tally"
	"log/slog"
	"slices"
	"time"
)

// Status says who an app is for. It decides whether the app may be disabled.
type Status string

// The statuses. An Internal app was made by one organization for itself. By default
// only Internal apps have their outcomes counted and can be disabled, and only
// Published apps get retries.
const (
	Published   Status = "published"
	Unpublished Status = "unpublished"
	Internal    Status = "internal"
)

// App is one receiver of webhooks, as the platform registered it, with what
// hookwarden decided about it. Times are zero while unset.
type App struct {
	ID              string
	Version         int64
	UUID            string
	Slug            string
	Name            string
	Status          Status
	OrganizationID  string
	WebhookURL      string
	WebhookURLError string   // why WebhookURL can never be called; empty if it can
	Events          []string // subscriptions: a resource, or resource.action
	Kind            Kind
	Breaker         Breaker
	SettingsURL     string // where its owners change it; empty: the default link
	DashboardURL    string // where they see how it does; empty: the default link
	Deleted         bool
	DeletedAt       time.Time // also zero if an older version of hookwarden deleted it
	Generation      int64     // from 1: grows if WebhookURL, OrganizationID or Kind changes, if the app returns after a deletion, and with each enabling
	RenewedAt       time.Time // when the newest put that raised Generation was queued; in a put, when that put was queued

	DisabledAt       time.Time // identity of the current disabling
	DisabledReason   string
	DisabledEvidence []tally.Day // oldest day first
	DisabledBy       Actor       // set if a person did it
	DisabledNote     string      // what that person said about it
	PlatformToldAt   time.Time   // when this disabling's event was queued, if the platform wants events
	NotifiedAt       time.Time   // when the owners' mails of this disabling were queued
	EnabledAt        time.Time
	SteeredAt        time.Time // the newest time of an enabling or disabling by hand that was handled, with or without effect

	DisabledDiagnosis *Diagnosis // what was wrong, as far as it was known; nil: nothing was
	Warned            Warned     // zero: the owners are not warned
}

// Warned is the warning that an app is under, from the newest mail until it recovers, is
// disabled, or becomes another receiver.
type Warned struct {
	At             time.Time // identity of the newest warning
	Levels         []Level   // all that were given since the app last recovered
	Reason         string    // by what the app would be disabled
	Warning        Warning
	Evidence       []tally.Day // oldest day first
	Diagnosis      *Diagnosis
	PlatformToldAt time.Time // when the event of the newest warning was queued, or of the recovery, if there is one
	NotifiedAt     time.Time // when the mails of the newest warning were queued, or of the recovery, if there is one
	RecoveredAt    time.Time // identity of the recovery: the app works again, and its owners are being told
}

// KeptAfterDeletion is how long a deleted app's URL and secrets are kept, for
// webhooks that the platform queued before the deletion.
const KeptAfterDeletion = time.Hour

// Disabled reports whether hookwarden has disabled the app.
func (a App) Disabled() bool { return !a.DisabledAt.IsZero() }

// Subscribed reports whether the app asked for resource.action.
func (a App) Subscribed(resource, action string) bool {
	return slices.Contains(a.Events, resource) || slices.Contains(a.Events, resource+"."+action)
}

// Organization is a customer of the platform.
type Organization struct {
	ID      string
	Version int64
	Slug    string
	Name    string
	Owners  []Owner

	OwnerErrors []string // what is wrong with the owners that were left out: index and problem

	Deleted bool // a tombstone: only ID and Version are left
}

// Owner is a person who answers for an organization's apps.
type Owner struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// Secret signs webhooks. It prints as [redacted] wherever it is logged or
// formatted; only string(s) yields it.
type Secret string

// Redacted replaces a secret. It is never accepted as one.
const Redacted = "[redacted]"

func (Secret) String() string { return Redacted }

// GoString keeps the secret out of %#v.
func (Secret) GoString() string { return Redacted }

// MarshalText keeps the secret out of JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue keeps the secret out of structured logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(Redacted) }

// timeLayout is RFC 3339 in UTC with milliseconds. It sorts as text.
const timeLayout = "2006-01-02T15:04:05.000Z"

// FormatTime writes a time as in every table and message: RFC 3339, UTC,
// milliseconds.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// ParseTime reads any RFC 3339 time, cut to milliseconds.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC().Truncate(time.Millisecond), err
}
