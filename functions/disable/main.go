// The disable function judges the apps whose counts changed.
package main

import (
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
			Observations:  state,
			Notices:       queue.Notices{API: queue.NewClient(aws), URL: e.NotificationQueueURL, Logger: logger, Metrics: figures},
			Metrics:       figures,
			Logger:        logger,
			Now:           env.Clock,
		},
	}
	lambda.StartHandlerFunc(dynamo.Stream(job, figures.Flush))
}
