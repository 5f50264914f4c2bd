package reading

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

type whyAnswer struct {
	Answer  string      `json:"answer"`
	Found   bool        `json:"found"` // the log has what was asked for
	Steps   []step      `json:"steps"`
	Entries []entryLine `json:"entries"` // the newest that were found
	Read    int         `json:"read"`    // entries of the log that were looked at
	Queues  []queueLine `json:"queues"`  // where it may wait
}

// step is one thing that must be so for a webhook to be sent.
type step struct {
	Step     string `json:"step"`
	OK       *bool  `json:"ok"` // null: it is not known, or says nothing for or against
	Evidence string `json:"evidence"`
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
			f.found, err = r.search(ctx, from, newest(q.appID, q.since, now, func(s *dynamo.LogSearch) {
				s.EventType, s.WebhookID = q.event, q.webhookID
			}))
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

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

// eventOf is the event in question: what was asked, or that of the webhook that was found.
func (f facts) eventOf(q whyQuestion) string {
	if q.event == "" && q.webhookID != "" && len(f.found.Entries) > 0 {
		return f.found.Entries[0].EventType
	}
	return q.event
}

// gated reports whether an event needs a subscription, and is not sent to a disabled app.
// Without an event, or without settings, nobody knows.
func (f facts) gated(event string) (gated, known bool) {
	resource, _, ok := strings.Cut(event, ".")
	if !ok || !f.live {
		return false, false
	}
	return f.settings.Subscribable.Has(resource), true
}

func (f facts) steps(q whyQuestion) []step {
	app := f.app
	steps := []step{{"registered", yes(), fmt.Sprintf("%s, %s, organization %s.", label(app), app.Status, app.OrganizationID)}}
	if app.Deleted {
		steps[0].OK = no()
		steps[0].Evidence = "It is deleted."
		if !app.DeletedAt.IsZero() {
			steps[0].Evidence = "It was deleted on " + f.say(app.DeletedAt) + "."
		}
	}
	steps = append(steps, f.subscribed(f.eventOf(q)), f.enabled())
	url := step{"URL", yes(), app.WebhookURL}
	switch {
	case app.Deleted:
		url = step{"URL", nil, "A deleted app has none."}
	case app.WebhookURL == "" && app.Kind.CalledByPlatform():
		url = step{"URL", no(), fmt.Sprintf("It has none: an app of the kind %s is called by the platform itself.", app.Kind)}
	case app.WebhookURL == "":
		url = step{"URL", no(), "It has none."}
	case app.WebhookURLError != "":
		url.OK = no()
		url.Evidence += ": " + app.WebhookURLError
	}
	return append(steps, url, f.logged(q))
}

func (f facts) subscribed(event string) step {
	s := step{"subscribed", nil, "It subscribes to nothing."}
	if len(f.app.Events) > 0 {
		s.Evidence = "It subscribes to " + strings.Join(f.app.Events, ", ") + "."
	}
	if event == "" {
		return s
	}
	resource, action, _ := strings.Cut(event, ".")
	gated, known := f.gated(event)
	switch {
	case f.app.Subscribed(resource, action):
		s.OK = yes()
	case known && !gated:
		s.OK, s.Evidence = yes(), fmt.Sprintf("%s needs no subscription.", event)
	case known:
		s.OK = no()
		s.Evidence += fmt.Sprintf(" That does not include %s.", event)
	default:
		s.Evidence += " Whether " + event + " needs a subscription is not known: deliver's settings could not be read."
	}
	return s
}

func (f facts) enabled() step {
	app := f.app
	switch {
	case app.Disabled():
		return step{"enabled", no(), fmt.Sprintf("Disabled since %s: %s.", f.say(app.DisabledAt), words.Reason(app.DisabledReason))}
	case !app.EnabledAt.IsZero():
		return step{"enabled", yes(), "Enabled again on " + f.say(app.EnabledAt) + "; webhooks from before then may have been skipped."}
	}
	return step{"enabled", yes(), "It is not disabled."}
}

func (f facts) logged(q whyQuestion) step {
	s := step{"in the log", yes(), summary(f.found.Entries)}
	looked := fmt.Sprintf("%s of the log looked at", entries(f.found.Read))
	switch {
	case f.found.Whole && !q.since.at.IsZero():
		looked += ", all since " + f.say(q.since.or(logDays))
	case f.found.Whole:
		looked += ", all that are kept (30 days)"
	case !f.found.Oldest.IsZero():
		looked += ", back to " + f.say(f.found.Oldest)
	}
	if len(f.found.Entries) == 0 {
		s.OK, s.Evidence = no(), "Nothing was found"
		if f.found.Read == 0 {
			s.Evidence = "It is empty"
		}
	}
	s.Evidence += "; " + looked + "."
	if f.live && f.settings.RequestLog != string(delivery.LogAll) {
		s.Evidence += fmt.Sprintf(" RequestLog is %s, so not all is in the log.", f.settings.RequestLog)
		if len(f.found.Entries) == 0 {
			s.OK = nil
		}
	}
	return s
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return digits(int64(n)) + " entries"
}

// summary says how entries ended, the commonest first.
func summary(list []delivery.Entry) string {
	groups := make(map[string]int)
	for _, e := range list {
		groups[entryOf(e).ended()]++
	}
	kinds := make([]string, 0, len(groups))
	for kind := range groups {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int {
		if groups[a] != groups[b] {
			return groups[b] - groups[a]
		}
		return strings.Compare(a, b)
	})
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", groups[kind], kind)
	}
	const most = 6
	if len(kinds) > most {
		kinds = append(kinds[:most], "others")
	}
	return strings.Join(kinds, ", ")
}

// answer is the sentence.
func (f facts) answer(q whyQuestion) string {
	if len(f.found.Entries) > 0 && q.webhookID != "" {
		return f.ofWebhook(q.webhookID)
	}
	if why := f.standsInTheWay(q); why != "" {
		return why
	}
	if len(f.found.Entries) > 0 {
		return f.ofNewest(q)
	}
	what := "It"
	switch {
	case q.webhookID != "":
		what = "Webhook " + q.webhookID
	case q.event != "":
		what = "A webhook " + q.event
	}
	return what + " was not sent yet, or never received: the log does not have it. " + f.waiting()
}

// waiting says what the queues may still hold.
func (f facts) waiting() string {
	var total int64
	for _, queue := range f.queues {
		total += queue.all()
	}
	if total == 0 {
		return "The queues are empty, so hookwarden most likely never received it: ask the platform whether it was queued."
	}
	return "A queue cannot be searched; what waits there is listed below."
}

// ofWebhook is about one webhook, by its newest entry.
func (f facts) ofWebhook(id string) string {
	newest := f.found.Entries[0]
	how := explained(words.Attempt(newest.Outcome, newest.Code, newest.ResponseCode), newest.Detail)
	at := f.say(newest.Time)
	tries := 0
	for _, e := range f.found.Entries {
		if e.Sent {
			tries++
		}
	}
	switch {
	case newest.Sent && !newest.Failed():
		return fmt.Sprintf("Webhook %s was delivered on %s, with attempt %d. %s", id, at, newest.Attempt, how)
	case newest.Sent && tries > 1:
		return fmt.Sprintf("Webhook %s was sent %d times and failed; the newest attempt was on %s. %s", id, tries, at, explained(how, f.again(newest)))
	case newest.Sent:
		return fmt.Sprintf("Webhook %s was sent on %s, and failed. %s", id, at, explained(how, f.again(newest)))
	}
	return fmt.Sprintf("Webhook %s was handled on %s. %s", id, at, how)
}

// again says whether a failed attempt is followed by another; empty if that is not known.
func (f facts) again(e delivery.Entry) string {
	result := webhook.Result{Outcome: webhook.Outcome(e.Outcome), Code: webhook.Code(e.Code), Status: e.ResponseCode}
	last := len(f.settings.RetryDelays) + 1
	switch {
	case !f.live || e.Test:
		return ""
	case f.app.Status != platform.Published && !f.settings.RetryInternal:
		return fmt.Sprintf("There is one attempt for an app whose status is %s.", f.app.Status)
	case !result.Retryable():
		return "After such an answer it is not sent again."
	case e.Attempt >= last:
		return fmt.Sprintf("That was the last of %d attempts.", last)
	}
	return fmt.Sprintf("Attempt %d of %d follows, or waits in RetryQueue.", e.Attempt+1, last)
}

// standsInTheWay is what keeps webhooks from being sent now; empty if nothing does.
func (f facts) standsInTheWay(q whyQuestion) string {
	app, event := f.app, f.eventOf(q)
	gated, known := f.gated(event)
	resource, action, _ := strings.Cut(event, ".")
	switch {
	case app.Deleted:
		return "It gets nothing, because the app is deleted."
	case known && gated && !app.Subscribed(resource, action):
		return fmt.Sprintf("It does not get %s, because the app does not subscribe to it.", event)
	case app.Disabled() && known && !gated:
		// Such an event is sent to a disabled app, too.
	case app.Disabled():
		which := "no webhook that needs a subscription"
		if gated {
			which = "no " + event
		}
		return fmt.Sprintf("It gets %s, because the app is disabled since %s: %s.", which, f.say(app.DisabledAt), words.Reason(app.DisabledReason))
	}
	switch {
	case app.WebhookURL == "":
		return "It gets nothing, because the app has no webhook URL."
	case app.WebhookURLError != "":
		return "It gets nothing, because the app's webhook URL can never be called: " + app.WebhookURLError + "."
	}
	return ""
}

// ofNewest is about what was sent lately.
func (f facts) ofNewest(q whyQuestion) string {
	newest := f.found.Entries[0]
	how := explained(words.Attempt(newest.Outcome, newest.Code, newest.ResponseCode), newest.Detail)
	failed, sent := 0, 0
	for _, e := range f.found.Entries {
		if e.Sent {
			sent++
			if e.Failed() {
				failed++
			}
		}
	}
	attempts := fmt.Sprintf("each of the %d attempts that were looked at", sent)
	if sent == 1 {
		attempts = "the one attempt that was looked at"
	}
	what := "webhook"
	if q.event != "" {
		what = q.event
	}
	at := f.say(newest.Time)
	switch {
	case !newest.Sent:
		return fmt.Sprintf("The newest %s was handled on %s. %s", what, at, how)
	case failed == sent:
		return fmt.Sprintf("It was sent, and %s failed; the newest was on %s. %s", attempts, at, how)
	case newest.Failed():
		return fmt.Sprintf("It was sent; %d of the %d attempts that were looked at failed. The newest was on %s. %s", failed, sent, at, how)
	case failed > 0:
		return fmt.Sprintf("It does get them: the newest %s was delivered on %s. But %d of the %d attempts that were looked at failed. If one is missing, ask with --webhook.", what, at, failed, sent)
	}
	return fmt.Sprintf("It does get them: %s was delivered, the newest on %s. If one is missing, ask with --webhook.", attempts, at)
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
