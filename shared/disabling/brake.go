package disabling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// The brake holds disablings: those beyond MaxPerHour for the rest of the clock
// hour, and once it has latched all of them.
//
// So many verdicts at once that a fault of ours can cause within an hour (fatal,
// gone, timeout) are taken for one: the brake latches, for LatchLife or until
// somebody who has looked opens it. Then nobody is disabled for any reason, since
// what begins as time-outs may go on as errors, and be five days old by the time
// anyone looks. A verdict of error or dead does not latch, however many there are:
// they come due together, after midnight, when the apps failed for days.

// LatchLife is how long the brake stays latched if nobody opens it.
const LatchLife = 24 * time.Hour

// Brake keeps the latch of the brake.
type Brake interface {
	// ReadLatch reads it, consistently; the zero Latch if it was never set.
	ReadLatch(ctx context.Context) (Latch, error)
	// SetLatch sets Since, Until, Reason and AppID. standing.ErrAlready if at l.Since the
	// brake is latched, or held open. After nil it is durable; after any other
	// error nobody knows, and it may be repeated.
	SetLatch(ctx context.Context, l Latch) error
}

// Latch is the state of the brake beyond the hour.
type Latch struct {
	Since, Until time.Time    // latched; zero if it is not
	Reason       tally.Reason // of the verdict that was held
	AppID        string       // whom it was about
	OpenUntil    time.Time    // somebody opened it: it does not latch before. Zero if nobody did
}

// Latched reports whether nobody is to be disabled.
func (l Latch) Latched(now time.Time) bool { return now.Before(l.Until) }

// latches says of which verdicts the brake latches when it holds them.
func latches(r tally.Reason) bool {
	return r == tally.Fatal || r == tally.Gone || r == tally.Timeout
}

// A latchedError is standing.ErrHeld by a latch.
type latchedError struct{ Latch }

func (e *latchedError) Error() string {
	return "the brake is latched since " + e.Since.Format(time.RFC3339)
}
func (e *latchedError) Unwrap() error { return standing.ErrHeld }

// behindBrake is the job for one batch or one sweep, which reads the latch once, and
// only if it finds somebody broken.
func (j *Job) behindBrake() (*Job, *braked) {
	one, chain := *j, *j.Standing
	brake := &braked{Transitions: chain.Transitions, job: j}
	chain.Transitions, one.Standing = brake, &chain
	one.diagnoses = &diagnoses{brake: brake}
	return &one, brake
}

// braked are Transitions that disable nobody while the brake is latched, and latch it.
type braked struct {
	standing.Transitions
	job *Job

	read  bool
	latch Latch
	fault error // of the read
}

// Apply implements standing.Transitions. Whoever cannot read the latch disables nobody:
// it is in the table that the disabling itself is to be written to.
func (b *braked) Apply(ctx context.Context, t standing.Transition) error {
	if t.Kind != standing.Disabled || t.Steered() {
		return b.Transitions.Apply(ctx, t)
	}
	latch, err := b.know(ctx)
	if err != nil {
		return err
	}
	if latch.Latched(t.At) {
		return &latchedError{latch}
	}
	err = b.Transitions.Apply(ctx, t)
	switch {
	case errors.Is(err, standing.ErrLatched): // since it was read
		return b.latchedMeanwhile(ctx, t)
	case errors.Is(err, standing.ErrHeld) && latches(t.Reason) && !t.At.Before(latch.OpenUntil):
		return b.set(ctx, t)
	}
	return err
}

func (b *braked) know(ctx context.Context) (Latch, error) {
	if !b.read {
		b.latch, b.fault = b.job.Brake.ReadLatch(ctx)
		if b.read = true; b.fault != nil {
			b.fault = fmt.Errorf("read the brake's latch: %w", b.fault)
		}
	}
	return b.latch, b.fault
}

func (b *braked) latchedMeanwhile(ctx context.Context, t standing.Transition) error {
	b.read = false
	latch, err := b.know(ctx)
	switch {
	case err != nil:
		return err
	case latch.Latched(t.At):
		return &latchedError{latch}
	}
	return standing.ErrChanged // and opened again
}

// set latches the brake for a verdict that it held.
func (b *braked) set(ctx context.Context, t standing.Transition) error {
	latch := Latch{Since: t.At, Until: t.At.Add(LatchLife), Reason: t.Reason, AppID: t.App.ID}
	err := b.job.Brake.SetLatch(ctx, latch)
	if errors.Is(err, standing.ErrAlready) { // by another, or somebody opened it
		if err = b.latchedMeanwhile(ctx, t); errors.Is(err, standing.ErrChanged) {
			return standing.ErrHeld
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("latch the brake: %w", err)
	}
	b.read, b.latch, b.fault = true, latch, nil
	b.job.reportLatch(ctx, latch)
	return &latchedError{latch}
}

// howToOpen is said wherever the latch is.
const howToOpen = `send {"type": "brake.open", "brake": "disable", "hours": 4} to RegistryQueue once the apps are known to be broken: docs/operations.md, The brake`

func (j *Job) reportLatch(ctx context.Context, l Latch) {
	j.Metrics.Count("disable.latched", "", "")
	j.Logger.ErrorContext(ctx, "the brake is latched, nobody is disabled", "since", l.Since, "until", l.Until,
		"reason", l.Reason, "app_id", l.AppID, "max_per_hour", j.MaxPerHour, "to_open", howToOpen)
}

// reportHeld says of one app that it is not disabled now.
func (j *Job) reportHeld(ctx context.Context, t standing.Transition, held error) {
	j.Metrics.Count("disable.held", "", "")
	fields := []any{"app_id", t.App.ID, "organization_id", t.App.OrganizationID, "reason", t.Reason, "max_per_hour", j.MaxPerHour}
	latched := (*latchedError)(nil)
	if errors.As(held, &latched) {
		fields = append(fields, "latched_since", latched.Since, "latched_until", latched.Until,
			"latched_reason", latched.Reason, "latched_app_id", latched.AppID, "to_open", howToOpen)
	} else {
		fields = append(fields, "to_open", "it opens with the next clock hour, and the sweep decides again: docs/operations.md, The brake")
	}
	j.Logger.ErrorContext(ctx, "disabling held by the brake", fields...)
}

// sayIfLatched rings the alarm again, for as long as the latch holds.
func (b *braked) sayIfLatched(ctx context.Context) error {
	if b.job.Mode == Observe {
		return nil // there it holds nobody
	}
	latch, err := b.know(ctx)
	if err == nil && latch.Latched(b.job.Now()) {
		b.job.reportLatch(ctx, latch)
	}
	return err
}
