package delivery

import (
	"context"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

// Sender makes one request.
type Sender interface {
	Send(ctx context.Context, r webhook.Request) webhook.Result
}

// attempter sends webhooks.
type attempter struct {
	phase
	sender        Sender
	defaultActor  []byte
	retryDelays   []time.Duration
	retryInternal bool
}

// mayBeOursTill is the age of a message from which a missing route or a failed
// look-up counts as its receiver's failure.
const mayBeOursTill = time.Hour

// attempt sends a webhook and settles it. It returns nil after a panic.
func (a attempter) attempt(ctx context.Context, w sendable) (made *attempted) {
	a.guard(ctx, w.item, func() {
		request := webhook.Request{
			ID:       w.webhook.ID,
			Resource: w.webhook.Resource,
			URL:      w.url,
			Body:     webhook.Body(w.webhook, a.defaultActor),
			Secrets:  w.Secrets,
		}
		result := a.sender.Send(ctx, request)
		if result.Code.MayBeOurs() && a.now().Sub(w.SentAt) >= mayBeOursTill {
			result.Outcome = webhook.ConnectionError
		}
		w.fate = a.fateAfter(w, result)
		made = &attempted{sendable: w, request: request, result: result}
	})
	return made
}

// fateAfter settles a webhook after an attempt. A local error does not use up an
// attempt.
func (a attempter) fateAfter(w sendable, result webhook.Result) fate {
	if result.Outcome == webhook.LocalError {
		return delayedByFault(delayLocalError, w.Hops)
	}
	retries := (w.App.Status == platform.Published || a.retryInternal) && !w.isTest()
	if !retries || !result.Retryable() || w.Attempts >= len(a.retryDelays) {
		return done{}
	}
	return retried{wait: max(a.retryDelays[w.Attempts], result.RetryAfter)}
}
