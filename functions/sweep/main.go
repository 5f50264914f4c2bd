// The sweep function judges, once an hour, every app that had failures lately.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/shared/disabling"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/metrics"
	"hookwarden/shared/queue"
	"hookwarden/shared/tally"
)

func main() {
	e, logger, aws := env.Start(env.ReadDisable)
	db := dynamo.NewClient(aws)
	figures := &metrics.Recorder{Out: os.Stdout, Now: env.Clock}
	state := dynamo.Disablings{API: db, Apps: e.AppsTable, Audit: e.AuditTable}
	job := &disabling.Job{
		Config: disabling.Config{Rule: tally.Rule(e.Rule), Mode: disabling.Mode(e.Mode), MaxPerHour: e.MaxPerHour, Guarded: e.Guarded},
		Needs: disabling.Needs{
			Apps:          dynamo.Apps{API: db, Table: e.AppsTable},
			Organizations: dynamo.Organizations{API: db, Table: e.OrganizationsTable},
			Days:          dynamo.Buffer{API: db, Table: e.BufferTable},
			State:         state,
			Brake:         dynamo.Brake{API: db, Table: e.AuditTable},
			Standing:      dynamo.Standing{API: db, Apps: e.AppsTable},
			Observations:  state,
			Notices:       queue.Notices{API: queue.NewClient(aws), URL: e.NotificationQueueURL, Logger: logger, Metrics: figures},
			Bookmark:      dynamo.Bookmark{API: db, Table: e.AuditTable},
			Metrics:       figures,
			Logger:        logger,
			Now:           env.Clock,
		},
	}
	lambda.StartHandlerFunc(sweep(job, figures))
}

func sweep(job *disabling.Job, figures *metrics.Recorder) func(context.Context, json.RawMessage) (struct{}, error) {
	return func(ctx context.Context, _ json.RawMessage) (struct{}, error) {
		defer figures.Flush()
		return struct{}{}, job.Sweep(ctx)
	}
}
