package disabling

import (
	"context"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// Failures reads the failed attempts of an app from the request log.
type Failures interface {
	// Diagnose says how the failures of the given days divide that are of since or later, the
	// newest of them first, and has one failed request as the example: Answers, Read, More and
	// Example. What it reads is bounded, whatever the log holds, and so is its time. The log may
	// lag behind, and may be turned off: then the diagnosis is zero. What it says next to an
	// error is true as far as it goes. It tries once.
	Diagnose(ctx context.Context, appID string, days []tally.Date, since time.Time) (platform.Diagnosis, error)
}

// diagnosesBudget is how much of a batch's, or a sweep's, time goes into diagnoses: a log that
// answers slowly holds up nobody's verdict.
const diagnosesBudget = 10 * time.Second

// diagnoses are those of one batch, or one sweep.
type diagnoses struct {
	brake *braked
	held  map[platform.Brake]bool // somebody was not disabled, or warned, because of the brake: nor will the next be
	used  time.Duration           // of the budget
}

// worthwhile reports whether a diagnosis is likely to be told to anyone.
func (d *diagnoses) worthwhile(ctx context.Context, t standing.Transition) bool {
	brake, _ := t.Brake()
	if d.held[brake] || d.used >= diagnosesBudget {
		return false
	}
	if t.Kind.Foretells() { // noted once a day
		noted, err := d.brake.Made(ctx, t)
		return err == nil && !noted
	}
	latch, err := d.brake.know(ctx, brake)
	return err == nil && !latch.Latched(t.At)
}

// diagnose says what is wrong with an app that is to be disabled or warned of, as far as its days
// and the request log know; nil if they know nothing. What the platform reports as fatal is in
// neither.
func (j *Job) diagnose(ctx context.Context, t standing.Transition, days []tally.Day) *platform.Diagnosis {
	if t.Reason == tally.Fatal {
		return nil
	}
	d := j.failures(ctx, t)
	clues := tally.Latest(days)
	d.FailingSince, d.LastSuccess = moment(clues.FailingSince), moment(clues.LastSuccess)
	if f := clues.LastFailure; d.Example == nil && !f.At.IsZero() {
		d.Example = &platform.FailedRequest{At: moment(f.At), WebhookID: f.WebhookID, EventType: f.EventType,
			Outcome: f.Outcome, Code: f.Code, Status: f.Status}
	}
	if d.IsZero() {
		return nil
	}
	return &d
}

// failures is what the request log knows of the days that are the evidence. It is of the app as
// it is now: not of before an enabling, or of another URL.
func (j *Job) failures(ctx context.Context, t standing.Transition) (d platform.Diagnosis) {
	if j.Failures == nil || !j.diagnoses.worthwhile(ctx, t) {
		return d
	}
	var days []tally.Date
	for _, day := range t.Evidence {
		if day.Failed() {
			days = append(days, day.Date)
		}
	}
	since := t.App.EnabledAt
	if t.App.RenewedAt.After(since) {
		since = t.App.RenewedAt
	}
	begin := j.Now()
	d, err := j.Failures.Diagnose(ctx, t.App.ID, days, since)
	j.diagnoses.used += max(0, j.Now().Sub(begin))
	if err != nil {
		j.Logger.WarnContext(ctx, "failures not read", "app_id", t.App.ID, "read", d.Read, "error", err)
	}
	return d
}

// moment is a time as a diagnosis has it.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return platform.FormatTime(t)
}
