package delivery

import (
	"context"
	"slices"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// schedule decides after an attempt whether there is another.
func (j *Job) schedule(it *item) {
	attempts := it.Attempts + 1
	again := it.known.App.Status == platform.Published || j.RetryInternal
	if !it.result.Retryable() || !again || attempts > len(j.RetryDelays) {
		return
	}
	it.again(attempts, max(j.RetryDelays[attempts-1], it.result.RetryAfter))
}

// counted is what an attempt adds to the app's Buffer: nothing unless the app
// can be disabled for it.
func (j *Job) counted(it *item) tally.Counts {
	app := it.known.App
	if !slices.Contains(j.Guarded, app.Status) || app.Disabled() || !it.result.OfReceiver() {
		return tally.Counts{}
	}
	if it.webhook.AlertRule() { // its failures say nothing of the app, but whoever answers is alive
		if it.result.Outcome == webhook.Success {
			return tally.Counts{Alive: 1}
		}
		return tally.Counts{}
	}
	switch it.result.Outcome {
	case webhook.Success:
		return tally.Counts{Success: 1}
	case webhook.Error, webhook.Gone: // confirmGone adds the 410
		return tally.Counts{Error: 1}
	case webhook.ServerError:
		if j.CountServerErrors {
			return tally.Counts{Error: 1}
		}
		return tally.Counts{Other: 1}
	case webhook.Redirect, webhook.Blocked:
		return tally.Counts{Other: 1}
	case webhook.Timeout, webhook.ConnectionError:
		return tally.Counts{Timeout: 1}
	}
	return tally.Counts{}
}

// confirmGone reads the apps whose own URL answered 410. If that still is their
// URL they are gone; if they have a new one by now, the webhook goes there and
// nothing is counted.
func (j *Job) confirmGone(ctx context.Context, items []*item) {
	gone := slices.DeleteFunc(slices.Clone(items), func(it *item) bool {
		return it.request == nil || it.result.Outcome != webhook.Gone || it.webhook.URL != ""
	})
	known, _ := j.read(ctx, gone)
	for _, it := range gone {
		switch current, ok := known[it.webhook.AppID]; {
		case !ok: // not confirmed
		case current.App.WebhookURL == it.request.URL && current.App.Deleted: // no wonder
			it.counts = it.counts.OnlySuccess()
		case current.App.WebhookURL == it.request.URL:
			it.counts.Gone = it.counts.Error
		case current.App.WebhookURL != "":
			it.counts = tally.Counts{}
			it.later(deferMoved, time.Second)
		}
	}
}
