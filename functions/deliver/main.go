// The deliver function signs and sends webhooks.
package main

import (
	"crypto/rand"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/metrics"
	"hookwarden/shared/queue"
	"hookwarden/shared/webhook"
)

func main() {
	e, logger, aws := env.Start(env.ReadDeliver)
	db, sqs := dynamo.NewClient(aws), queue.NewClient(aws)
	figures := &metrics.Recorder{Out: os.Stdout, Now: env.Clock}
	job := delivery.New(delivery.Config{
		Timeout: e.Timeout, RetryDelays: e.RetryDelays, RetryInternal: e.RetryInternal, MaxAge: e.MaxAge,
		CountServerErrors: e.CountServerErrors, Guarded: e.Guarded, Subscribable: e.Subscribable, RequestLog: delivery.RequestLog(e.RequestLog),
		HeaderPrefix: e.HeaderPrefix, DefaultActor: webhook.Application(e.PlatformID, e.PlatformName),
	}, delivery.Deps{
		Registry: dynamo.Apps{API: db, Table: e.AppsTable, Secrets: e.SecretsTable},
		Warnings: dynamo.SlowApps{API: db, Table: e.SlowAppsTable},
		Sender: webhook.NewSender(webhook.Config{Timeout: e.Timeout, HeaderPrefix: e.HeaderPrefix,
			Targets: webhook.TargetPolicy(e.Targets), Now: env.Clock}),
		Counters: dynamo.Buffer{API: db, Table: e.BufferTable},
		Outcomes: dynamo.Outcomes{API: db, Buffer: e.BufferTable, Table: e.SlowAppsTable, Now: env.Clock},
		Log:      dynamo.Requests{API: db, Table: e.RequestsTable, Logger: logger},
		Outbox:   queue.Outbox{API: sqs, Retry: e.RetryQueueURL, DLQ: e.WebhookDLQURL, Logger: logger},
		Claims:   dynamo.Claims{API: db, Table: e.SlowAppsTable},
		Metrics:  figures, Logger: logger, Now: env.Clock, NewMark: rand.Text,
	})
	lambda.Start(queue.WebhookConsumer{Job: job, Retry: e.RetryQueueURL, Flush: figures.Flush})
}
