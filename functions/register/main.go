// The register function keeps the registry of apps and organizations.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/functions/internal/wiring"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/queue"
	"hookwarden/shared/registry"
	"hookwarden/shared/tally"
)

func main() {
	e, base := wiring.Start(env.ReadRegister)
	apps := dynamo.Apps{API: base.Tables, Table: e.AppsTable, Secrets: e.SecretsTable}
	job := registry.New(registry.Config{CheckURL: e.Targets.Check, Subscribable: e.Subscribable}, registry.Deps{
		Apps:          apps,
		Organizations: dynamo.Organizations{API: base.Tables, Table: e.OrganizationsTable},
		Erasures:      dynamo.Erasures{API: base.Tables, Apps: apps, Organizations: e.OrganizationsTable, Audit: e.AuditTable},
		Standing:      base.Standing(e.Standing, tally.Rule{}),
		Steering:      dynamo.Standing{API: base.Tables, Apps: e.AppsTable, Audit: e.AuditTable},
		Brake:         dynamo.Brake{API: base.Tables, Table: e.AuditTable},
		Tests:         queue.Tests{API: base.Queues, Retry: e.RetryQueueURL, Now: env.Clock},
		Metrics:       base.Metrics, Logger: base.Logger, Now: env.Clock,
	})
	lambda.Start(queue.RegistryConsumer{Job: job, API: base.Queues, URL: e.RegistryQueueURL, DeadLetters: base.DeadLetters(e.RegistryDLQURL),
		Logger: base.Logger, Now: env.Clock, Flush: base.Metrics.Flush})
}
