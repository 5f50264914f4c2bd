package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"hookwarden/bench/report"
	endpoint "hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

const (
	mailedApps   = 20
	mailPatience = 30 * time.Second
	mailboxEvery = 25 * time.Millisecond // is looked into
)

func (b *bench) measureMails(ctx context.Context) (report.Section, error) {
	f := report.Figure{Name: "from the failing answer to the mail in the mailbox, local stack, s", Format: "%.2f"}
	if err := b.now.make(ctx, "setup"); err != nil {
		return report.Section{}, err
	}
	s, release, err := holdStack(ctx)
	if err != nil {
		return report.Section{}, err
	}
	defer release()
	times, err := mailTimes(ctx, s)
	for _, t := range times {
		f.Add(t.Seconds(), 0)
	}
	return report.Section{Title: "Mails", Figures: []report.Figure{f}, Notes: []string{
		fmt.Sprintf("The median of %d apps, the soonest and the worst, disabled one after another on a warm local stack, not on stand-ins: MiniStack and its queues, stream and mailbox are in it. "+
			"Each app has failed on six days before; a webhook that it answers with 400 disables it. From that answer until its owner's mail is in the mailbox, which is looked into every %d ms.",
			mailedApps, mailboxEvery.Milliseconds()),
		"On AWS the stream's batching window adds up to 1 s (MaximumBatchingWindowInSeconds), for which MiniStack does not wait.",
	}}, err
}

// holdStack starts a stack on a free port. release takes it down.
func holdStack(ctx context.Context) (s *stack.Stack, release func(), err error) {
	held, err := stack.Begin(".", "0", os.Stderr)
	if err != nil {
		return nil, nil, err
	}
	release = func() { _ = held.Release() } // the figures are taken by then
	ready := make(chan error, 1)
	go func() { ready <- held.Ready() }()
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err == nil {
		s, err = stack.Open(ctx, held.Env)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return s, release, nil
}

// mailTimes disables one app to warm the stack up, and then the others.
func mailTimes(ctx context.Context, s *stack.Stack) ([]time.Duration, error) {
	failing, err := endpoint.Start("secret", endpoint.Status(http.StatusBadRequest))
	if err != nil {
		return nil, err
	}
	defer failing.Close()
	m := mailRun{Stack: s, failing: failing}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	var times []time.Duration
	for i := range mailedApps + 1 {
		took, err := m.disable(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("app %d: %w", i, err)
		}
		if i > 0 {
			times = append(times, took)
		}
	}
	return times, nil
}

// mailRun is a stack with apps, each of its own organization, so that a mail's
// reader says which app it is about.
type mailRun struct {
	*stack.Stack
	failing *endpoint.Receiver
}

func appName(i int) string { return fmt.Sprintf("bench-%d", i) }

func owner(i int) string { return fmt.Sprintf("owner@%s.example", appName(i)) }

// prepare registers the apps, and puts six days of errors into the Buffer.
func (m mailRun) prepare(ctx context.Context) error {
	for i := range mailedApps + 1 {
		name := appName(i)
		err := m.Register(ctx,
			object{"type": "organization.put", "version": 1, "organization": object{"id": name, "slug": name, "name": name,
				"owners": []object{{"email": owner(i), "name": "Ada"}}}},
			object{"type": "app.put", "version": 1, "app": object{"id": name, "uuid": name, "slug": name, "name": name, "status": "internal",
				"organization_id": name, "webhook_url": m.failing.URL, "secrets": []string{"secret"}, "events": []string{"issue"}}})
		if err != nil {
			return err
		}
		for ago := 6; ago > 0; ago-- {
			day := time.Now().UTC().AddDate(0, 0, -ago)
			if err := m.Put(ctx, "BUFFER_TABLE", stack.Item{"pk": name + "#" + name + "#1", "day": day.Format(time.DateOnly),
				"error_count": int64(2), "expires_at": day.AddDate(0, 0, 40).Unix()}); err != nil {
				return err
			}
		}
	}
	return stack.Until(ctx, mailPatience, func(ctx context.Context) error {
		for _, table := range []string{"APPS_TABLE", "ORGANIZATIONS_TABLE"} {
			if items, err := m.Scan(ctx, table); err != nil || len(items) < mailedApps+1 {
				return fmt.Errorf("%d items in %s: %w", len(items), table, stack.ErrNotYet)
			}
		}
		return nil
	})
}

// disable sends the webhook whose answer disables an app, and returns how long
// after that answer the mail was there.
func (m mailRun) disable(ctx context.Context, i int) (time.Duration, error) {
	name, before := appName(i), len(m.failing.Got())
	if err := m.Send(ctx, "WEBHOOK_QUEUE_URL", stack.Message{GroupID: name, Body: platformMessage("evt-"+name, name)}); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	for {
		mails, err := m.Mails(ctx)
		if err != nil {
			return 0, err
		}
		now := time.Now()
		for _, mail := range mails {
			if strings.Contains(strings.Join(mail.To, " "), owner(i)) {
				return now.Sub(m.failing.Got()[before].At), nil
			}
		}
		select {
		case <-time.After(mailboxEvery):
		case <-ctx.Done():
			return 0, fmt.Errorf("no mail came: %w", ctx.Err())
		}
	}
}
