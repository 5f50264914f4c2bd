// Package wiring builds the parts that several functions share.
package wiring

import (
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"hookwarden/shared/disabling"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/metrics"
	"hookwarden/shared/queue"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// Base is what every function has.
type Base struct {
	AWS     aws.Config
	Tables  *dynamodb.Client
	Queues  *sqs.Client
	Logger  *slog.Logger
	Metrics *metrics.Recorder
}

// Start is env.Start with a Base. Every function calls it first.
func Start[Settings any](read func(*env.Reader) Settings) (Settings, Base) {
	e, logger, c := env.Start(read)
	return e, Base{AWS: c, Tables: dynamo.NewClient(c), Queues: queue.NewClient(c), Logger: logger,
		Metrics: &metrics.Recorder{Out: os.Stdout, Now: env.Clock}}
}

// DeadLetters sends to a dead-letter queue.
func (b Base) DeadLetters(url string) queue.DeadLetters {
	return queue.DeadLetters{API: b.Queues, URL: url, Logger: b.Logger}
}

// Events sends to EventsQueue; nil if the platform wants none.
func (b Base) Events(url string) standing.Events {
	if url == "" {
		return nil
	}
	return queue.Events{API: b.Queues, URL: url, Logger: b.Logger, Metrics: b.Metrics}
}

// Standing makes the chain that disable, sweep and register share. Apps are disabled by
// the rule; register disables none by it.
func (b Base) Standing(e env.Standing, rule tally.Rule) *standing.Chain {
	return standing.New(standing.Config{Rule: rule}, standing.Deps{
		Apps:          dynamo.Apps{API: b.Tables, Table: e.AppsTable},
		Organizations: dynamo.Organizations{API: b.Tables, Table: e.OrganizationsTable},
		Transitions:   dynamo.Standing{API: b.Tables, Apps: e.AppsTable, Audit: e.AuditTable},
		Events:        b.Events(e.EventsQueueURL),
		Notices:       queue.Notices{API: b.Queues, URL: e.NotificationQueueURL, Logger: b.Logger, Metrics: b.Metrics},
		Metrics:       b.Metrics, Logger: b.Logger, Now: env.Clock,
	})
}

// Disabling makes the job of disable and of sweep.
func (b Base) Disabling(e env.Disable) *disabling.Job {
	return disabling.New(disabling.Config{
		Rule: e.Rule, Mode: disabling.Mode(e.Mode), MaxPerHour: e.MaxPerHour, Guarded: e.Guarded,
		Warn: e.Warn, MaxWarningsPerHour: e.MaxWarningsPerHour,
	}, disabling.Deps{
		Standing: b.Standing(e.Standing, e.Rule),
		Days:     dynamo.Buffer{API: b.Tables, Table: e.BufferTable},
		Failures: dynamo.Failures{API: b.Tables, Table: e.RequestsTable},
		Brake:    dynamo.Brake{API: b.Tables, Table: e.AuditTable},
		Untold:   dynamo.Standing{API: b.Tables, Apps: e.AppsTable},
		Warnings: dynamo.Standing{API: b.Tables, Apps: e.AppsTable},
		Bookmark: dynamo.Bookmark{API: b.Tables, Table: e.AuditTable},
		Metrics:  b.Metrics, Logger: b.Logger, Now: env.Clock,
	})
}
