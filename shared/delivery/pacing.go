package delivery

import (
	"context"
	"slices"
	"time"

	"hookwarden/shared/pace"
)

// Warnings is how environments tell each other of apps that miss their deadlines. A
// warning only saves time: if it is lost, late or not read, an environment finds
// out for itself. No call is repeated.
type Warnings interface {
	// Warn says that no environment need try an app before next, which may be in
	// the future. After nil it is durable.
	Warn(ctx context.Context, app string, next time.Time) error
	// Warned returns the time in the newest warning of each app that has one.
	Warned(ctx context.Context, apps []string) (map[string]time.Time, error)
}

// pacer connects the pace of this environment with its messages and with other
// environments.
type pacer struct {
	phase
	pace     *pace.Pace
	warnings Warnings
}

// readWarnings passes on to pace what other environments found out about apps.
func (p pacer) readWarnings(ctx context.Context, apps []string) {
	ctx, cancel := context.WithTimeout(ctx, warnBudget)
	defer cancel()
	slices.Sort(apps)
	warned, err := p.warnings.Warned(ctx, slices.Compact(apps))
	if err != nil {
		p.logger.WarnContext(ctx, "warnings of slow apps not read", "error", err)
		return
	}
	p.pace.Hear(warned, p.now())
}

// begin tells pace about a batch: which queue it comes from, and how long its newest
// message has waited there.
func (p pacer) begin(webhooks []*known) *pace.Batch {
	lane, late, now := pace.First, time.Duration(0), p.now()
	for i, w := range webhooks {
		due := w.SentAt
		if w.FromRetry {
			lane, due = pace.Retry, w.DueAt
		}
		if waited := now.Sub(due); i == 0 || waited < late {
			late = waited
		}
	}
	return p.pace.Begin(lane, late)
}

// observe tells pace how the receivers of a wave answered, and warns the other
// environments of those that missed their deadlines.
func (p pacer) observe(ctx context.Context, batch *pace.Batch, wave []*attempted) {
	answers := make([]pace.Answer, 0, len(wave))
	for i, w := range wave {
		if slices.ContainsFunc(wave[:i], func(before *attempted) bool { return before.appID == w.appID }) {
			continue
		}
		answers = answers[:0]
		for _, of := range wave[i:] {
			if of.appID == w.appID && of.result.OfReceiver() {
				answers = append(answers, pace.Answer{Took: of.result.Duration, Complete: of.result.Status > 0})
			}
		}
		batch.Observe(w.appID, answers, p.now())
	}
	if warnings := p.pace.Tell(); len(warnings) > 0 {
		p.warn(ctx, warnings)
	}
}

func (p pacer) warn(ctx context.Context, warnings map[string]time.Time) {
	ctx, cancel := context.WithTimeout(ctx, warnBudget)
	defer cancel()
	for app, next := range warnings {
		if err := p.warnings.Warn(ctx, app, next); err != nil {
			p.logger.WarnContext(ctx, "no warning of a slow app given", "app_id", app, "error", err)
			return
		}
	}
}
