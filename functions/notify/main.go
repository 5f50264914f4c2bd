// The notify function mails the owners.
package main

import (
	"math/rand/v2"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/metrics"
	"hookwarden/shared/notice"
	"hookwarden/shared/queue"
	"hookwarden/shared/ses"
)

func main() {
	e, logger, aws := env.Start(env.ReadNotify)
	tables := dynamo.NewClient(aws)
	figures := &metrics.Recorder{Out: os.Stdout, Now: env.Clock}
	job := notice.New(notice.Config{FunctionTimeout: e.FunctionTimeout}, notice.Deps{
		Composer: notice.NewComposer(notice.MailConfig{PlatformName: e.PlatformName, PlatformURL: e.PlatformURL,
			LogoURL: e.LogoURL, SupportURL: e.SupportURL, Subscribable: e.Subscribable}),
		Claims: dynamo.Notices{API: tables, Table: e.NoticesTable},
		Apps:   dynamo.Apps{API: tables, Table: e.AppsTable},
		Mailer: &ses.Mailer{API: ses.NewClient(aws), From: e.MailFrom, ConfigurationSet: e.ConfigurationSet,
			PreferenceURL: e.PreferenceURL, Now: env.Clock},
		Metrics: figures, Logger: logger, Now: env.Clock, Random: rand.Float64,
	})
	sqs := queue.NewClient(aws)
	letters := queue.DeadLetters{API: sqs, URL: e.NotificationDLQURL, Logger: logger}
	lambda.Start(queue.NotificationConsumer{Job: job, API: sqs, URL: e.NotificationQueueURL, DeadLetters: letters,
		Logger: logger, Now: env.Clock, Flush: figures.Flush})
}
