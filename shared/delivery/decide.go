package delivery

import (
	"context"
	"time"

	"hookwarden/shared/pace"
	"hookwarden/shared/platform"
)

// decider says which webhooks are sent.
type decider struct {
	phase
	subscribable platform.Subscribable
	timeout      time.Duration // of one request
}

// decide separates the webhooks to be sent now from the others, and settles the
// others.
func (d decider) decide(ctx context.Context, webhooks []*known, paced *pace.Batch) (send []sendable, unsent []*known) {
	for _, w := range webhooks {
		d.guard(ctx, w.item, func() {
			// Webhooks of one batch that are delayed stay together, by the batch's
			// name.
			w.fate = d.fateOf(ctx, w, paced, webhooks[0].ID)
		})
		if w.settled() {
			unsent = append(unsent, w)
			continue
		}
		send = append(send, sendable{w, w.url()})
	}
	return send, unsent
}

// fateOf settles a webhook by the first line that fits. It returns nil if the
// webhook is to be sent.
func (d decider) fateOf(ctx context.Context, w *known, paced *pace.Batch, batch string) fate {
	now := d.now()
	signable, old := w.signable(now), d.expired(w.Message)
	switch reason := w.skipReason(d.subscribable, now); {
	case reason == skipDeleted: // whatever its age: its secrets will never come back
		return skipped{reason: reason}
	case old && w.Attempts == 0 && !signable && !w.isTest():
		return deadLettered{reason: platform.ReasonExpired,
			detail: "the app or its secrets could not be read before the message became too old to send"}
	case old:
		return expired{}
	case w.presence == unread:
		return delayedByFault(delayUnreadable, w.Hops)
	case w.presence == absent:
		return d.unknownApp(w.Message)
	case reason != "":
		return skipped{reason: reason}
	case !signable:
		return delayedByFault(delaySecrets, w.Hops)
	case !hasTime(ctx, now, d.timeout):
		return returned{}
	}
	switch paced.Admit(w.appID, now) {
	case pace.Detour:
		return delayed{reason: delaySlow}
	case pace.Defer:
		return delayed{reason: delaySlow, wait: paced.Wait(w.appID, w.Hops, batch, now)}
	}
	return nil
}

// skipReason says why a webhook is not sent to its app; empty if it is sent.
func (w *known) skipReason(subscribable platform.Subscribable, now time.Time) string {
	gated := subscribable.Has(w.webhook.Resource) && !w.isTest()
	switch {
	case w.deletedFor(w.SentAt, now):
		return skipDeleted
	case gated && !w.App.Subscribed(w.webhook.Resource, w.webhook.Action):
		return skipNotSubscribed
	case gated && w.App.Disabled():
		return skipDisabled
	case w.url() == "", w.uncalled():
		return skipNoURL
	}
	return ""
}

// url is the webhook's own URL, or else its app's.
func (w *known) url() string {
	if w.webhook.URL != "" {
		return w.webhook.URL
	}
	return w.App.WebhookURL
}
