// The notify function mails the owners.
package main

import (
	"math/rand/v2"

	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/functions/internal/wiring"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/notice"
	"hookwarden/shared/queue"
	"hookwarden/shared/ses"
)

func main() {
	e, base := wiring.Start(env.ReadNotify)
	job := notice.New(notice.Config{FunctionTimeout: e.FunctionTimeout}, notice.Deps{
		Composer: notice.NewComposer(notice.MailConfig{PlatformName: e.PlatformName, PlatformURL: e.PlatformURL,
			LogoURL: e.LogoURL, SupportURL: e.SupportURL, Subscribable: e.Subscribable}),
		Claims: dynamo.Notices{API: base.Tables, Table: e.NoticesTable},
		Apps:   dynamo.Apps{API: base.Tables, Table: e.AppsTable},
		Mailer: &ses.Mailer{API: ses.NewClient(base.AWS), From: e.MailFrom, ConfigurationSet: e.ConfigurationSet,
			PreferenceURL: e.PreferenceURL, Now: env.Clock},
		Metrics: base.Metrics, Logger: base.Logger, Now: env.Clock, Random: rand.Float64,
	})
	lambda.Start(queue.NotificationConsumer{Job: job, API: base.Queues, URL: e.NotificationQueueURL,
		DeadLetters: base.DeadLetters(e.NotificationDLQURL), Logger: base.Logger, Now: env.Clock, Flush: base.Metrics.Flush})
}
