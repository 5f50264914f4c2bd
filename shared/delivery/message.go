// Package delivery is the job of the deliver function. It takes a batch of
// messages through their requests, counts and log entries. It sends messages on
// to RetryQueue or the dead-letter queue, and says which are returned to their
// own queue. All others are done.
//
// A message goes one way through its phases, a file each, in the order of job.go: open,
// lookup, decide, attempt, waves, counts, log, tell, send. In each phase it has a type
// of stages.go. What becomes of it is one fate.
//
// Every step may run twice and be cut off anywhere. A crash may repeat an attempt. It
// never loses a message, or the success of a message that is done.
package delivery

import (
	"time"

	"hookwarden/shared/platform"
)

// Message is one record of WebhookQueue or RetryQueue.
type Message struct {
	ID         string // SQS message id, new on every hop
	Body       string
	Attributes map[string]platform.Attribute // the producer's, sent on unchanged
	SentAt     time.Time                     // when the platform's message was first queued
	Receives   int                           // how often SQS has handed this record out

	// Carried by RetryQueue's records; zero on a record of WebhookQueue.
	FromRetry bool      // it comes from RetryQueue
	Attempts  int       // requests sent so far
	Hops      int       // times sent on so far
	DueAt     time.Time // not to be handled before
	Mark      string    // unique, on a message that may be a copy; empty: there is no other
	Kind      Kind
}

// Kind says what a message carries. RetryQueue's records have it as an attribute.
type Kind string

// The kinds.
const (
	KindWebhook Kind = ""       // a webhook of the platform's
	KindCounts  Kind = "counts" // a countsMessage of ours
	KindTest    Kind = "test"   // a webhook that the platform wants sent as a test: EncodeTest
)

func (m Message) isTest() bool { return m.Kind == KindTest }

// mayBeCopy reports whether there may be two of the message, or of what it sends on.
func (m Message) mayBeCopy() bool { return m.Mark != "" || m.Receives > 1 }
