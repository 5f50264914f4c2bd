package delivery

import (
	"context"
	"slices"
	"time"

	"hookwarden/shared/pace"
)

// begin tells pace of a batch: which queue it comes from, and for how long the newest
// of its messages has waited there.
func (j *Job) begin(items []*item) *pace.Batch {
	lane, late, now := pace.First, time.Duration(0), j.Now()
	for i, it := range items {
		due := it.SentAt
		if it.FromRetry {
			lane, due = pace.Retry, it.DueAt
		}
		if waited := now.Sub(due); i == 0 || waited < late {
			late = waited
		}
	}
	return j.pace.Begin(lane, late)
}

// keepPace takes in how the receivers of a wave answered, and warns the other
// environments of those that missed their deadlines.
func (j *Job) keepPace(ctx context.Context, wave []*item, paced *pace.Batch) {
	answers := make([]pace.Answer, 0, len(wave))
	for i, it := range wave {
		app := it.webhook.AppID
		if slices.ContainsFunc(wave[:i], func(before *item) bool { return before.webhook.AppID == app }) {
			continue
		}
		answers = answers[:0]
		for _, of := range wave[i:] {
			if of.webhook.AppID == app && of.request != nil && of.result.OfReceiver() {
				answers = append(answers, pace.Answer{Took: of.result.Duration, Complete: of.result.Status > 0})
			}
		}
		paced.Observe(app, answers, j.Now())
	}
	if told := j.pace.Tell(); len(told) > 0 {
		j.warn(ctx, told)
	}
}

func (j *Job) warn(ctx context.Context, told map[string]time.Time) {
	ctx, cancel := context.WithTimeout(ctx, warnBudget)
	defer cancel()
	for app, next := range told {
		if err := j.Warnings.Warn(ctx, app, next); err != nil {
			j.Logger.WarnContext(ctx, "no warning of a slow app given", "app_id", app, "error", err)
			return
		}
	}
}

// listen takes in what other environments found out about apps.
func (j *Job) listen(ctx context.Context, apps []string) {
	ctx, cancel := context.WithTimeout(ctx, warnBudget)
	defer cancel()
	warned, err := j.Warnings.Warned(ctx, apps)
	if err != nil {
		j.Logger.WarnContext(ctx, "warnings of slow apps not read", "error", err)
		return
	}
	j.pace.Hear(warned, j.Now())
}

// hasten lets what waits for its turn wait no longer than it must, once its app
// answers again.
func (j *Job) hasten(items []*item) {
	for _, it := range items {
		if it.deferred == deferSlow && j.pace.Recovers(it.webhook.AppID) {
			it.next.Wait = min(it.next.Wait, pace.Soon)
		}
	}
}
