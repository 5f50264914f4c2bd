// The deliver function signs and sends webhooks.
package main

import (
	"crypto/rand"

	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/functions/internal/wiring"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/queue"
	"hookwarden/shared/webhook"
)

func main() {
	e, base := wiring.Start(env.ReadDeliver)
	job := delivery.New(delivery.Config{
		Timeout: e.Timeout, RetryDelays: e.RetryDelays, RetryInternal: e.RetryInternal, MaxAge: e.MaxAge,
		CountServerErrors: e.CountServerErrors, Guarded: e.Guarded, Subscribable: e.Subscribable, RequestLog: delivery.RequestLog(e.RequestLog),
		HeaderPrefix: e.HeaderPrefix, DefaultActor: webhook.Application(e.PlatformID, e.PlatformName),
	}, delivery.Deps{
		Registry: dynamo.Apps{API: base.Tables, Table: e.AppsTable, Secrets: e.SecretsTable},
		Warnings: dynamo.SlowApps{API: base.Tables, Table: e.SlowAppsTable},
		Sender:   webhook.NewSender(webhook.Config{Timeout: e.Timeout, HeaderPrefix: e.HeaderPrefix, Targets: e.Targets, Now: env.Clock}),
		Counters: dynamo.Buffer{API: base.Tables, Table: e.BufferTable},
		Outcomes: dynamo.Outcomes{API: base.Tables, Buffer: e.BufferTable, Table: e.SlowAppsTable, Now: env.Clock},
		Log:      dynamo.Requests{API: base.Tables, Table: e.RequestsTable, Logger: base.Logger},
		Events:   base.Events(e.EventsQueueURL),
		Outbox:   queue.Outbox{API: base.Queues, Retry: e.RetryQueueURL, DLQ: e.WebhookDLQURL, Logger: base.Logger},
		Claims:   dynamo.Claims{API: base.Tables, Table: e.SlowAppsTable},
		Metrics:  base.Metrics, Logger: base.Logger, Now: env.Clock, NewMark: rand.Text,
	})
	lambda.Start(queue.WebhookConsumer{Job: job, Retry: e.RetryQueueURL, Flush: base.Metrics.Flush})
}
