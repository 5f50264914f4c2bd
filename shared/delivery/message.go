// Package delivery is the job of the deliver function: it takes a batch of
// messages through their requests, counts and log entries, and says which
// messages are done, which are sent on to RetryQueue or the dead-letter queue,
// and which are returned to where they came from.
//
// A message goes one way through the files that are its phases, in the order that
// job.go says: open, lookup, decide, attempt, waves, counts, log, tell, send. What it is
// in each of them is a type of stages.go, and what becomes of it is one fate.
//
// Every step may run twice and be cut off anywhere. A crash may repeat an
// attempt; it never loses a message, nor a success whose message is done.
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

	// What RetryQueue's records carry; zero on one of WebhookQueue.
	FromRetry bool      // it is one of RetryQueue
	Attempts  int       // requests sent so far
	Hops      int       // times sent on so far
	DueAt     time.Time // not to be handled before
	Mark      string    // of one that may be a copy, unlike any other's; empty: it surely is the only one
	Kind      Kind
}

// Kind is what a message is of, as RetryQueue's records carry it.
type Kind string

// The kinds.
const (
	KindWebhook Kind = ""       // the platform's
	KindCounts  Kind = "counts" // a countsMessage of ours
	KindTest    Kind = "test"   // a webhook that the platform wants sent as a test: EncodeTest
)

func (m Message) isTest() bool { return m.Kind == KindTest }

// mayBeCopy reports whether the message, or one like it, may be on its way twice.
func (m Message) mayBeCopy() bool { return m.Mark != "" || m.Receives > 1 }
