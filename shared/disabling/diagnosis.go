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
	// Diagnose groups the failures of the given days since the time since, newest first, and
	// picks one failed request as the example. It sets Answers, Read, More and Example. What it
	// reads and its time are limited, however large the log is. The log may lag behind. If it is
	// turned off, the diagnosis is zero. A diagnosis that comes with an error is true, but
	// incomplete. It tries once.
	Diagnose(ctx context.Context, appID string, days []tally.Date, since time.Time) (platform.Diagnosis, error)
}

// diagnosesBudget is how much time of a batch or a sweep goes into diagnoses, so that a slow log
// does not hold up verdicts.
const diagnosesBudget = 10 * time.Second

// diagnoses is the diagnoses of one batch or one sweep.
type diagnoses struct {
	brake *braked
	held  map[platform.Brake]bool // the brake held a disabling or a warning, and will hold the next
	used  time.Duration           // how much of the budget
}

// worthwhile reports whether anyone is likely to see a diagnosis.
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

// diagnose says what is wrong with an app before it is disabled or warned of, from its days and
// the request log. It is nil if they say nothing. Fatal outcomes that the platform reports are in
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

// failures is what the request log says about the days of the evidence. It is about the app as
// it is now, not before an enabling or with another URL.
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

// moment is a time as in a diagnosis.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return platform.FormatTime(t)
}
