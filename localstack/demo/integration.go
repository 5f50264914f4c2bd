package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"hookwarden/localstack/stack"
)

// integration stands for a provider that the platform calls by itself.
type integration struct{ id, slug, name string }

func (c *cast) integration() integration {
	return integration{"integration:chat-" + c.run, "chatter", "Chatter"}
}

// outcomes are what the platform reports of its calls.
func (c *cast) outcomes(i integration, id string, counts object) stack.Message {
	return stack.Message{GroupID: i.id, Body: object{"type": "outcomes", "id": id + "_" + c.run, "app_id": i.id, "organization_id": c.org,
		"at": time.Now().UTC().Format(time.RFC3339Nano), "counts": counts}}
}

// showIntegration tells of a token that is revoked: the platform reports it, and
// hookwarden does the rest.
func (s *story) showIntegration(ctx context.Context) error {
	i := s.cast.integration()
	s.title("A token is revoked")
	s.paragraph(`%s is an integration: hookwarden sends it nothing, the platform calls its API and reports how that went. Then it reports one fatal answer, because the token of Acme was revoked.`, i.name)
	s.line("")
	put := object{"type": "app.put", "version": 1, "app": object{"id": i.id, "uuid": "uuid-of-" + i.id, "slug": i.slug, "name": i.name,
		"status": "published", "organization_id": s.cast.org, "kind": "integration", "breaker": "fatal"}}
	if err := s.Register(ctx, put); err != nil {
		return err
	}
	reports := []stack.Message{
		s.cast.outcomes(i, "out_1", object{"success": 120, "error": 3}),
		s.cast.outcomes(i, "out_2", object{"fatal": 1}),
	}
	if err := s.Send(ctx, "WEBHOOK_QUEUE_URL", reports...); err != nil {
		return err
	}
	d := disabling{app: &app{id: i.id, name: i.name}, reason: "fatal"}
	if err := s.await(ctx, "the disabling of "+i.name, func(ctx context.Context) error { return s.read(ctx, &d) }); err != nil {
		return err
	}
	for _, report := range reports {
		body, _ := json.Marshal(report.Body)
		s.line("%s", s.dim("WebhookQueue ← ")+string(body))
	}
	s.line("")
	s.line("%s was disabled at %s, reason: %s.", s.red(i.name), d.at.Format("15:04:05 UTC"), s.bold(d.reason))
	if err := s.showMailOf(ctx, i); err != nil {
		return err
	}
	return s.showEvent(ctx, i, d)
}

// showMailOf shows the mail about an integration, up to what it counts.
func (s *story) showMailOf(ctx context.Context, i integration) error {
	var mail stack.Mail
	link := "/settings/acme/integrations/" + i.slug + "/?referrer=disabled-integration"
	subject := "Action required: re-authenticate or fix your " + i.name + " integration"
	if err := s.await(ctx, "the mails about "+i.name, func(ctx context.Context) error {
		all, err := s.Mails(ctx)
		for _, m := range all {
			if m.Subject == subject && strings.Contains(strings.Join(m.To, " "), s.cast.owners[0].email) {
				mail = m
				return err
			}
		}
		return errors.Join(err, errors.New("there is none to Ada"))
	}); err != nil {
		return err
	}
	s.expectIn(mail.Text, "the mail about "+i.name, link)
	s.line("")
	gutter := s.dim("│") + " "
	s.line("%s", gutter+s.dim("Subject: ")+s.bold(mail.Subject))
	s.line("%s", s.dim("│"))
	text, _, _ := strings.Cut(mail.Text, "\r\n  Day")
	text, _, _ = strings.Cut(text, "\n  Day")
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		s.line("%s", strings.TrimRight(gutter+strings.TrimRight(line, "\r"), " "))
	}
	return nil
}

// showEvent shows what the platform hears, if the stack tells it.
func (s *story) showEvent(ctx context.Context, i integration, d disabling) error {
	if s.Names["EVENTS_QUEUE_URL"] == "" {
		return nil
	}
	var event string
	if err := s.await(ctx, "the event about "+i.name, func(ctx context.Context) (err error) {
		event, err = s.heard(ctx, i.id)
		return err
	}); err != nil {
		return err
	}
	var said struct{ Type, At, Reason string }
	if err := json.Unmarshal([]byte(event), &said); err != nil {
		return fmt.Errorf("the event about %s: %w", i.name, err)
	}
	s.expect("the event's type", said.Type, "app.disabled")
	s.expect("the event's reason", said.Reason, d.reason)
	s.line("")
	s.paragraph("The platform hears of it, as of every other app, on EventsQueue:")
	s.line("")
	for _, line := range lines(event) {
		s.line("%s", line)
	}
	return nil
}

// lines are a JSON object for people to read: a day of evidence in each.
func lines(object string) []string {
	var pretty bytes.Buffer
	_ = json.Indent(&pretty, []byte(object), "", "  ")
	days := regexp.MustCompile(`\{\s+"day":[^}]*\}`)
	space := regexp.MustCompile(`\s+`)
	return strings.Split(days.ReplaceAllStringFunc(pretty.String(), func(day string) string {
		return space.ReplaceAllString(day, " ")
	}), "\n")
}

// heard looks for the event of an app on EventsQueue and takes it. Others stay: they are
// not of this story.
func (s *story) heard(ctx context.Context, appID string) (string, error) {
	url := aws.String(s.Names["EVENTS_QUEUE_URL"])
	out, err := s.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 1})
	if err != nil {
		return "", fmt.Errorf("receive from EventsQueue: %w", err)
	}
	for _, m := range out.Messages {
		if strings.Contains(aws.ToString(m.Body), `"id":"`+appID+`"`) {
			_, err := s.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle})
			return aws.ToString(m.Body), err
		}
	}
	return "", errors.New("it is not there")
}
