package reading

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/platform"
)

type whyAnswer struct {
	Answer  string      `json:"answer"`
	Found   bool        `json:"found"` // the log has what was asked for
	Steps   []step      `json:"steps"`
	Entries []entryLine `json:"entries"` // the newest that were found
	Read    int         `json:"read"`    // entries of the log that were looked at
	Queues  []queueLine `json:"queues"`  // where it may wait
}

// whyQuestion is what a person asks.
type whyQuestion struct {
	appID, event, webhookID string
	since                   *sinceFlag
}

func (r reader) why() *cobra.Command {
	q := whyQuestion{since: &sinceFlag{now: r.Now}}
	cmd := &cobra.Command{
		Use:   "why ID",
		Short: "Why did this customer not get it? A sentence, with the evidence",
		Long: `Why an app did not get a webhook. It looks whether the app is registered,
subscribed and enabled and has a URL, then at the newest 1,000 entries of its
log, or at all since --since, and answers in a sentence with the evidence of
each step.

A queue cannot be searched. What is in no log was not sent yet or never
received; how much waits in the queues, and for how long, is said then.

It makes at most 50 requests; with --since at most 210.`,
		Example: "  hookwarden why 17\n  hookwarden why 17 --event issue.created --since 24h\n  hookwarden why 17 --webhook evt_01J9",
		Args:    session.Args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.appID = args[0]
			if q.event != "" {
				if resource, action, ok := strings.Cut(q.event, "."); !ok || resource == "" || action == "" {
					return fault.NewUsage("It is a resource and an action: issue.created.", "%q is no event", q.event)
				}
			}
			from, err := r.open(cmd.Context())
			if err != nil {
				return err
			}
			answer, err := r.answerWhy(cmd.Context(), from, q)
			if err != nil {
				return err
			}
			return r.Print(answer, func(p *show.Page) { showWhy(p, answer) })
		},
	}
	cmd.Flags().StringVar(&q.event, "event", "", "webhooks of this event `TYPE`, as in issue.created")
	cmd.Flags().StringVar(&q.webhookID, "webhook", "", "the webhook with this `ID`")
	sinceVar(cmd, q.since, "look at all since this `TIME`: 24h, 7d, 2026-11-24")
	return cmd
}

// facts are what the answer rests on.
type facts struct {
	say      func(time.Time) string
	app      platform.App
	settings env.Deliver
	live     bool // settings were read
	found    dynamo.LogFound
	queues   []queueLine
}

func (r reader) answerWhy(ctx context.Context, from *source, q whyQuestion) (whyAnswer, error) {
	f := facts{say: r.Say}
	var err error
	if f.app, err = r.known(ctx, from, q.appID); err != nil {
		return whyAnswer{}, err
	}
	now := r.Now()
	err = together(ctx,
		func(ctx context.Context) error {
			var err error
			f.settings, err = from.settings.ReadDeliver(ctx)
			f.live = err == nil // they only explain
			return ctx.Err()
		},
		func(ctx context.Context) (err error) {
			f.found, err = r.search(ctx, from, newest(dynamo.LogSearch{AppID: q.appID, EventType: q.event, WebhookID: q.webhookID}, q.since, now))
			return err
		},
		func(ctx context.Context) (err error) {
			f.queues, err = readQueues(ctx, from, []string{"WEBHOOK_QUEUE_URL", "RETRY_QUEUE_URL", "WEBHOOK_DLQ_URL"})
			return err
		},
	)
	if err != nil {
		return whyAnswer{}, err
	}
	if q.webhookID == "" { // else somebody asks about a test
		f.found.Entries = slices.DeleteFunc(f.found.Entries, func(e delivery.Entry) bool { return e.Test })
	}
	a := whyAnswer{Found: len(f.found.Entries) > 0, Read: f.found.Read, Queues: f.queues, Steps: f.steps(q)}
	const shown = 5
	a.Entries = []entryLine{}
	for _, e := range f.found.Entries[:min(len(f.found.Entries), shown)] {
		a.Entries = append(a.Entries, entryOf(e))
	}
	a.Answer = f.answer(q)
	return a, nil
}

func showWhy(p *show.Page, a whyAnswer) {
	p.SayIn(show.Bold, "%s", a.Answer)
	p.Heading("Evidence")
	for _, s := range a.Steps {
		mark, style := "?", show.Dim
		switch {
		case s.OK != nil && *s.OK:
			mark, style = "yes", show.Good
		case s.OK != nil:
			mark, style = "no", show.Bad
		}
		p.Step(mark, style, s.Step, s.Evidence)
	}
	if len(a.Entries) > 0 {
		p.Heading("Newest entries of the log")
		showEntries(p, a.Entries)
	}
	if !a.Found {
		p.Heading("What waits")
		for _, q := range a.Queues {
			p.Item("%s: %s waiting, %s delayed, %s in flight; the oldest: %s", q.Name, digits(q.Waiting), digits(q.Delayed), digits(q.InFlight), oldest(q))
		}
		p.Say("A queue cannot be searched: only its length and the age of its oldest message are known.")
	}
}
