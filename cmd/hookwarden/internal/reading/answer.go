package reading

import (
	"fmt"
	"strings"

	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

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
	return f.notFound(what, q)
}

// notFound is about what the log does not have, as far as that says anything.
func (f facts) notFound(what string, q whyQuestion) string {
	switch {
	case f.live && f.settings.RequestLog != string(delivery.LogAll):
		return fmt.Sprintf("%s is not in the log, which does not have all: RequestLog is %s. It may have been delivered.", what, f.settings.RequestLog)
	case !f.found.Whole && q.since.at.IsZero():
		return fmt.Sprintf("%s is not among the newest %s of the log%s. Older ones were not looked at: ask with --since.", what, entries(f.found.Read), f.back())
	case !f.found.Whole:
		return fmt.Sprintf("%s is not among the %s of the log that were looked at%s. Older ones were not: `hookwarden requests %s` goes on page by page.",
			what, entries(f.found.Read), f.back(), f.app.ID)
	case !q.since.at.IsZero():
		since := f.say(q.since.at)
		return fmt.Sprintf("%s was not sent since %s, %s: the log does not have it. It may have been sent before %s. %s", what, since, f.orNever(), since, f.waiting(""))
	case !f.live:
		return what + " was not sent yet, " + f.orNever() + ", or, if not all is logged, delivered: the log does not have it. " + f.waiting("")
	}
	return what + " was not sent yet, " + f.orNever() + ": the log does not have it. " +
		f.waiting(" so hookwarden most likely never received it: ask the platform whether it was queued.")
}

// back is how far the log was looked at.
func (f facts) back() string {
	if f.found.Oldest.IsZero() {
		return ""
	}
	return ", back to " + f.say(f.found.Oldest)
}

// orNever says what else may have become of a webhook that the log does not have: it may
// be a dead letter, if there are any.
func (f facts) orNever() string {
	for _, queue := range f.queues {
		if queue.Name == spoken("WEBHOOK_DLQ_URL") && queue.all() > 0 {
			return "is a dead letter (`hookwarden letters webhook` lists " + digits(queue.all()) + "), or was never received"
		}
	}
	return "or never received"
}

// waiting says what the queues may still hold, and what follows if that is nothing.
func (f facts) waiting(follows string) string {
	var total int64
	for _, queue := range f.queues {
		total += queue.all()
	}
	switch {
	case total == 0 && follows == "":
		return "The queues are empty."
	case total == 0:
		return "The queues are empty," + follows
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
