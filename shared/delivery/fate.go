package delivery

import (
	"time"

	"hookwarden/shared/platform"
)

// item is one message of a batch, until its fate is known.
type item struct {
	Message
	appID     string // open: the app's id; empty if the body does not say
	webhookID string // open: the webhook's id; empty if the body does not say
	fate      fate   // set by the phase that settles the message; nil until then
}

func (it *item) settled() bool { return it.fate != nil }

// fate is what becomes of a message: exactly one of the types below. After an attempt
// it may still become delayed, if a 410 came from a URL that the app no longer has. A
// test's fate may become delayed if its event could not be queued. Any fate may become
// returned, if what it needs could not be stored.
type fate interface{ settles() }

type (
	done    struct{ settling } // nothing more to do; a copy's work is another message's
	skipped struct {           // not to be sent
		settling
		reason string
	}
	expired struct{ settling } // too old to be sent
	delayed struct {           // sent on to RetryQueue with the same number of attempts
		settling
		reason string
		wait   time.Duration
	}
	retried struct { // sent on to RetryQueue after an attempt
		settling
		wait time.Duration
	}
	deadLettered struct {
		settling
		reason platform.Reason
		detail string // a sentence that quotes no value
	}
	returned struct{ settling } // back to its queue, to be received again
)

type settling struct{}

func (settling) settles() {}

// Reasons for which a webhook is not sent.
const (
	skipDeleted       = "app_deleted"
	skipNotSubscribed = "not_subscribed"
	skipDisabled      = "app_disabled"
	skipNoURL         = "no_url"
	skipCopy          = "copy" // another message of the same webhook is handled; a copy has no log entry
)

// Reasons for which a message is delayed, as the metric webhook.deferred has them.
const (
	delayNotDue     = "not_due"
	delayUnknownApp = "unknown_app"
	delayUnreadable = "unreadable"
	delaySecrets    = "secrets"
	delayLocalError = "local_error"
	delayMoved      = "moved"
	delaySlow       = "slow"
	delayCounts     = "counts" // counts that still cannot be added
	delayUntold     = "untold" // a test whose result could not be told to the platform
)

const (
	firstFault   = 30 * time.Second
	longestFault = 900 * time.Second
)

// delayedByFault waits for a fault of ours to pass: twice as long with each hop, so
// that MaxAge is reached before maxHops.
func delayedByFault(reason string, hops int) delayed {
	return delayed{reason: reason, wait: min(firstFault<<min(hops, 10), longestFault)}
}

// names is the fields of a log line about a message: those that name it, and more. It
// reads the body again, so it is for rare lines.
func (it *item) names(more ...any) []any {
	names := []any{"message_id", it.ID, "app_id", it.appID}
	if it.Kind != KindCounts {
		names = append(names[:2], platform.NamesIn([]byte(it.Body))...)
	}
	return append(names, more...)
}

// ids is the fields of a log line about a message whose body was read: its ids, and
// more.
func (it *item) ids(more ...any) []any {
	return append([]any{"app_id", it.appID, "webhook_id", it.webhookID}, more...)
}
