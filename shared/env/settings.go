package env

import (
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

func readTargets(r *Reader) webhook.TargetPolicy {
	return webhook.TargetPolicy{AllowPrivate: r.Bool("ALLOW_PRIVATE_TARGETS"), AllowHTTP: r.Bool("ALLOW_HTTP_TARGETS")}
}

func readEventsQueue(r *Reader) string { return r.Text("EVENTS_QUEUE_URL", "") }

func readSubscribable(r *Reader) platform.Subscribable {
	return r.Resources("SUBSCRIBABLE_RESOURCES")
}

func readRule(r *Reader) tally.Rule {
	return tally.Rule{
		WindowDays:       r.Int("WINDOW_DAYS", 7, 1, 30),
		TimeoutThreshold: int64(r.Int("TIMEOUT_THRESHOLD", 1000, 1, 1_000_000_000)),
		TimeoutMinShare:  r.Float("TIMEOUT_MIN_SHARE", 0.5, 0, 1),
		GoneThreshold:    int64(r.Int("GONE_THRESHOLD", 3, 0, 1_000_000_000)),
		DeadDays:         r.Int("DEAD_DAYS", 5, 0, 29),
	}
}

// Standing is the settings of every function that changes an app's standing.
type Standing struct {
	AppsTable, OrganizationsTable, AuditTable string
	NotificationQueueURL                      string
	EventsQueueURL                            string // empty: the platform wants no events
}

func readStanding(r *Reader) Standing {
	return Standing{
		AppsTable:            r.Required("APPS_TABLE"),
		OrganizationsTable:   r.Required("ORGANIZATIONS_TABLE"),
		AuditTable:           r.Required("AUDIT_TABLE"),
		NotificationQueueURL: r.Required("NOTIFICATION_QUEUE_URL"),
		EventsQueueURL:       readEventsQueue(r),
	}
}

// Register is the environment of the register function.
type Register struct {
	Standing
	SecretsTable, RegistryQueueURL, RegistryDLQURL, RetryQueueURL string
	Targets                                                       webhook.TargetPolicy
	Subscribable                                                  platform.Subscribable
}

// ReadRegister reads it.
func ReadRegister(r *Reader) Register {
	return Register{
		Standing:         readStanding(r),
		SecretsTable:     r.Required("SECRETS_TABLE"),
		RegistryQueueURL: r.Required("REGISTRY_QUEUE_URL"),
		RegistryDLQURL:   r.Required("REGISTRY_DLQ_URL"),
		RetryQueueURL:    r.Required("RETRY_QUEUE_URL"),
		Targets:          readTargets(r),
		Subscribable:     readSubscribable(r),
	}
}

// Deliver is the environment of the deliver function.
type Deliver struct {
	AppsTable, SecretsTable, SlowAppsTable, BufferTable, RequestsTable string
	RetryQueueURL, WebhookDLQURL                                       string
	EventsQueueURL                                                     string // empty: the platform wants no events
	PlatformID, PlatformName, HeaderPrefix                             string
	Timeout                                                            time.Duration
	RetryDelays                                                        []time.Duration
	RetryInternal                                                      bool
	MaxAge                                                             time.Duration
	CountServerErrors                                                  bool
	Guarded                                                            []platform.Status
	Subscribable                                                       platform.Subscribable
	RequestLog                                                         string
	Targets                                                            webhook.TargetPolicy
}

// ReadDeliver reads it.
func ReadDeliver(r *Reader) Deliver {
	return Deliver{
		AppsTable:         r.Required("APPS_TABLE"),
		SecretsTable:      r.Required("SECRETS_TABLE"),
		SlowAppsTable:     r.Required("SLOW_APPS_TABLE"),
		BufferTable:       r.Required("BUFFER_TABLE"),
		RequestsTable:     r.Required("REQUESTS_TABLE"),
		RetryQueueURL:     r.Required("RETRY_QUEUE_URL"),
		WebhookDLQURL:     r.Required("WEBHOOK_DLQ_URL"),
		EventsQueueURL:    readEventsQueue(r),
		PlatformID:        r.Required("PLATFORM_ID"),
		PlatformName:      r.Required("PLATFORM_NAME"),
		HeaderPrefix:      r.HeaderPrefix("HEADER_PREFIX"),
		Timeout:           r.Seconds("WEBHOOK_TIMEOUT_SECONDS", 1, 0.1, 30),
		RetryDelays:       r.Delays("RETRY_DELAYS", "300,300,300"),
		RetryInternal:     r.Bool("RETRY_INTERNAL"),
		MaxAge:            time.Duration(r.Int("MAX_AGE_HOURS", 72, 1, 96)) * time.Hour,
		CountServerErrors: r.Bool("COUNT_SERVER_ERRORS"),
		Guarded:           r.Statuses("GUARDED_STATUSES", platform.Internal),
		Subscribable:      readSubscribable(r),
		RequestLog:        r.Choice("REQUEST_LOG", "all", "failures", "off"),
		Targets:           readTargets(r),
	}
}

// Disable is the environment of the disable and sweep functions.
type Disable struct {
	Standing
	BufferTable   string
	RequestsTable string
	Rule          tally.Rule
	Guarded       []platform.Status
	Mode          string
	MaxPerHour    int

	Warn               tally.WarnRule
	MaxWarningsPerHour int // 0: no app is warned
}

// ReadDisable reads it.
func ReadDisable(r *Reader) Disable {
	return Disable{
		Standing:      readStanding(r),
		BufferTable:   r.Required("BUFFER_TABLE"),
		RequestsTable: r.Required("REQUESTS_TABLE"),
		Rule:          readRule(r),
		Guarded:       r.Statuses("GUARDED_STATUSES", platform.Internal),
		Mode:          r.Choice("DISABLE_MODE", "enforce", "observe"),
		MaxPerHour:    r.Int("MAX_DISABLES_PER_HOUR", 20, 1, 1_000_000),

		Warn: tally.WarnRule{
			AfterDays: r.Days("WARN_AFTER_DAYS", "3,5"),
			Early:     time.Duration(r.Int("EARLY_WARNING_MINUTES", 10, 0, 1440)) * time.Minute,
		},
		MaxWarningsPerHour: r.Int("MAX_WARNINGS_PER_HOUR", 50, 0, 1_000_000),
	}
}

// Notify is the environment of the notify function.
type Notify struct {
	AppsTable, NoticesTable    string
	NotificationQueueURL       string
	NotificationDLQURL         string
	PlatformName               string
	PlatformURL                string // empty: mails have no links to it
	PreferenceURL              string // empty: none
	LogoURL, SupportURL        string // empty: none
	Subscribable               platform.Subscribable
	MailFrom, ConfigurationSet string
	FunctionTimeout            time.Duration
}

// ReadNotify reads it.
func ReadNotify(r *Reader) Notify {
	return Notify{
		AppsTable:            r.Required("APPS_TABLE"),
		NoticesTable:         r.Required("NOTICES_TABLE"),
		NotificationQueueURL: r.Required("NOTIFICATION_QUEUE_URL"),
		NotificationDLQURL:   r.Required("NOTIFICATION_DLQ_URL"),
		PlatformName:         r.Required("PLATFORM_NAME"),
		PlatformURL:          readPlatformURL(r),
		PreferenceURL:        r.HeaderURL("PREFERENCE_URL"),
		LogoURL:              r.HTTPS("LOGO_URL"),
		SupportURL:           r.HTTPS("SUPPORT_URL"),
		Subscribable:         readSubscribable(r),
		MailFrom:             r.MailAddress("MAIL_FROM"),
		ConfigurationSet:     r.Text("CONFIGURATION_SET", ""),
		FunctionTimeout:      r.Seconds("FUNCTION_TIMEOUT_SECONDS", 30, 1, 900),
	}
}

// readPlatformURL is where the default links lead; empty if apps have only the
// links that they were registered with.
func readPlatformURL(r *Reader) string {
	url := r.URL("PLATFORM_URL")
	if r.Choice("PLATFORM_LINKS", "true", "false") == "false" {
		return ""
	}
	return url
}
