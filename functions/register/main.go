// The register function keeps the registry of apps and organizations.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/metrics"
	"hookwarden/shared/queue"
	"hookwarden/shared/registry"
	"hookwarden/shared/webhook"
)

func main() {
	e, logger, aws := env.Start(env.ReadRegister)
	db, sqs := dynamo.NewClient(aws), queue.NewClient(aws)
	figures := &metrics.Recorder{Out: os.Stdout, Now: env.Clock}
	apps := dynamo.Apps{API: db, Table: e.AppsTable, Secrets: e.SecretsTable}
	job := &registry.Job{
		Apps:          apps,
		Organizations: dynamo.Organizations{API: db, Table: e.OrganizationsTable},
		Erasures:      dynamo.Erasures{API: db, Apps: apps, Organizations: e.OrganizationsTable, Audit: e.AuditTable},
		Enabler:       dynamo.Enablings{API: db, Apps: e.AppsTable, Audit: e.AuditTable},
		Brake:         dynamo.Brake{API: db, Table: e.AuditTable},
		Notices:       queue.Notices{API: sqs, URL: e.NotificationQueueURL, Logger: logger, Metrics: figures},
		Metrics:       figures,
		Logger:        logger,
		Now:           env.Clock,
		CheckURL:      webhook.TargetPolicy(e.Targets).Check,
		Subscribable:  e.Subscribable,
	}
	letters := queue.DeadLetters{API: sqs, URL: e.RegistryDLQURL, Logger: logger}
	lambda.Start(queue.RegistryConsumer{Job: job, API: sqs, URL: e.RegistryQueueURL, DeadLetters: letters, Logger: logger, Now: env.Clock, Flush: figures.Flush})
}
