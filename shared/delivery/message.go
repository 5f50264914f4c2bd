// Package delivery is the job of the deliver function: it takes a batch of
// messages through their requests, counts and log entries, and says which
// messages are done, which are sent on to RetryQueue or the dead-letter queue,
// and which go back to where they came from.
//
// Every step may run twice and be cut off anywhere. A crash may repeat an
// attempt; it never loses a message, nor a success whose message is done.
package delivery

import (
	"context"
	"errors"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// Message is one record of WebhookQueue or RetryQueue.
type Message struct {
	ID         string // SQS message id, new on every hop
	Body       string
	Attributes map[string]Attribute // the producer's, sent on unchanged
	SentAt     time.Time            // when the platform's message was first queued
	Receives   int                  // how often SQS has handed this record out

	// What RetryQueue's records carry; zero on one of WebhookQueue.
	FromRetry bool      // it is one of RetryQueue
	Attempts  int       // requests sent so far
	Hops      int       // times sent on so far
	DueAt     time.Time // not to be handled before
	Mark      string    // of one that may be a copy, unlike any other's; empty: it surely is the only one
	Counts    bool      // a CountsMessage of ours, not the platform's webhook
}

// Attribute is one message attribute, opaque to the job.
type Attribute struct {
	Type   string // as in "String" or "Number.price"
	Text   string
	Binary []byte
}

// Later is a message to be sent on to RetryQueue.
type Later struct {
	Message        // Attempts, Hops, DueAt and Mark as they are to be carried
	GroupID string // the app's id
	Wait    time.Duration
}

// Letter is a message for the dead-letter queue.
type Letter struct {
	Message
	Reason string // a stable code
	Detail string // a sentence that quotes no value
}

// Reasons of the dead letters that deliver sends.
const (
	ReasonInvalid    = "invalid_message"
	ReasonUnknownApp = "unknown_app"
	ReasonExpired    = "expired"
	ReasonRefused    = "refused" // platform.ErrRefused
)

// Outbox sends messages on. It returns those that are not known to be queued; all
// others are durable. What surely failed it tries again by itself, and what may be
// queued it does not.
type Outbox interface {
	SendLater(ctx context.Context, messages []Later) []Unsent
	SendLetters(ctx context.Context, letters []Letter) []Unsent
}

// Unsent is a message that is not known to be queued.
type Unsent struct {
	Index       int  // among those to be sent
	MayBeQueued bool // the answer was lost; else it surely is not
}

// Registered is what the registry knows of one app. One that is deleted has its
// URL for as long as its secrets.
type Registered struct {
	App            platform.App
	Secrets        []platform.Secret // newest first; empty if there are none
	SecretsVersion int64
	SecretsExpire  time.Time // from then on they are no more, even if they are here; zero: never
}

// Registry reads apps with their secrets, consistently. known lacks the apps
// that do not exist; unread are ids of which it is not known, and err says why.
type Registry interface {
	ReadApps(ctx context.Context, ids []string) (known map[string]Registered, unread []string, err error)
}

// Warnings are what environments tell each other of apps that miss their deadlines.
// They only save time: one that is lost, late or not read costs an environment as
// much as finding out for itself. Nobody repeats a call.
type Warnings interface {
	// Warn says that nobody need try an app before then, which may be to come. It
	// is durable after nil.
	Warn(ctx context.Context, app string, next time.Time) error
	// Warned returns the time in the newest warning of each of the apps, of
	// which there is one.
	Warned(ctx context.Context, apps []string) (map[string]time.Time, error)
}

// CounterKey is one item of the Buffer.
type CounterKey struct {
	Key  string // tally.Key
	Date tally.Date
}

// ErrNotAdded is wrapped by an error of AddCounts after which the counts are
// surely not added.
var ErrNotAdded = errors.New("not added")

// Counters adds counts to the Buffer, atomically. After nil they are durable;
// after an error that wraps ErrNotAdded they are not there, and if it wraps
// platform.ErrRefused too they never will be; after any other error nobody knows.
// It tries once: the caller repeats what may be repeated.
type Counters interface {
	AddCounts(ctx context.Context, key CounterKey, counts tally.Counts) error
}

// Log keeps entries. It returns those that are not known to be written; writing
// one again does no harm. It tries once: the caller repeats.
type Log interface {
	WriteEntries(ctx context.Context, entries []Entry) (unwritten []Entry)
}

// Sender makes one request.
type Sender interface {
	Send(ctx context.Context, r webhook.Request) webhook.Result
}

// Metrics takes figures; it never fails.
type Metrics interface {
	Count(name, dimension, value string)
	Milliseconds(name string, d time.Duration)
	// Detail adds an object to a property that makes no metric.
	Detail(name string, detail any)
}
