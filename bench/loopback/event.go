package loopback

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const (
	// BatchSize is how many webhooks a batch has.
	BatchSize = 10
	// BodySize is the size of a webhook's body in bytes.
	BodySize = 1024
)

// Message is a message of a queue, as it was received.
type Message struct {
	ID         string
	Group      string
	Body       string
	Attributes map[string]events.SQSMessageAttribute
	Sent       time.Time
	Receives   int
}

// MessageID is the id of a queue's nth message.
func MessageID(nth int) string { return fmt.Sprintf("%08x-1278-4e51-a3c2-7a1e5e4fbb11", nth) }

// batch is the nth batch of a process.
func batch(nth int, apps []string) (e events.SQSEvent) {
	for i := range BatchSize {
		number, app := nth*BatchSize+i, apps[i%len(apps)]
		e.Records = append(e.Records, Record(WebhookQueue, Message{ID: MessageID(number), Group: app,
			Body: Webhook(fmt.Sprintf("evt_%026d", number), app), Sent: time.Now(), Receives: 1}))
	}
	return e
}

// Record is a message as Lambda hands it to a function.
func Record(queue string, m Message) events.SQSMessage {
	sent := strconv.FormatInt(m.Sent.UnixMilli(), 10)
	return events.SQSMessage{
		MessageId:     m.ID,
		ReceiptHandle: strings.Repeat("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy", 6),
		Body:          m.Body,
		Md5OfBody:     "7b270e59b47ff90a553787216d55d91d",
		Attributes: map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.Receives), "SentTimestamp": sent,
			"ApproximateFirstReceiveTimestamp": sent, "SenderId": "AIDAIENQZJOLO23YVJ4VO", "MessageGroupId": m.Group},
		MessageAttributes: m.Attributes,
		EventSource:       "aws:sqs",
		EventSourceARN:    "arn:aws:sqs:us-east-1:" + account + ":" + queue,
		AWSRegion:         "us-east-1",
	}
}

// Webhook is a message of WebhookQueue whose webhook has a body of BodySize.
func Webhook(id, app string) string {
	const (
		installation = `{"uuid":"7a485448-a9e2-4c85-8a3c-4f44175783c9"}`
		actor        = `{"type":"user","id":7,"name":"Ada"}`
		issue        = `{"issue":{"id":"1170820242","shortId":"CI-BOT-1","level":"error","status":"unresolved","platform":"go","count":"17",` +
			`"project":{"id":"1","name":"ci","slug":"ci"},"metadata":{"type":"panic","filename":"main.go"},"title":"`
		frame = `{"action":"created","installation":` + installation + `,"data":` + issue + `"}},"actor":` + actor + `}`
	)
	title := strings.Repeat("panic: a value is nil; ", BodySize)[:BodySize-len(frame)]
	return `{"id":"` + id + `","app_id":"` + app + `","organization_id":"42","installation":` + installation +
		`,"resource":"issue","action":"created","data":` + issue + title + `"}},"actor":` + actor + `}`
}
