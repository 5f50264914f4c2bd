package disabling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// The brake on disablings holds those beyond MaxPerHour for the rest of the clock hour.
// Once it has latched, it holds all of them.
//
// A fault of ours can cause verdicts of fatal, gone or timeout within an hour. If there
// are too many of these at once, the brake takes them for such a fault and latches, for
// LatchLife or until a person has looked and opens it. While it is latched no app is
// disabled for any reason: what begins as time-outs may go on as errors, and be five days
// old before anyone looks. Verdicts of error or dead do not latch, however many there
// are: after apps have failed for days, they all come due together, after midnight.
//
// The brake on warnings works in the same way, beyond MaxWarningsPerHour, since a fault of
// ours would cause a mail to every owner. It latches for warnings that such a fault causes
// within an hour, of time-outs and certificates, but not for warnings of failing days.

// LatchLife is how long a brake stays latched unless it is opened.
const LatchLife = 24 * time.Hour

// Brake keeps the latches of the brakes.
type Brake interface {
	// ReadLatch reads a latch, consistently. It is zero if it was never set.
	ReadLatch(ctx context.Context, brake platform.Brake) (Latch, error)
	// SetLatch sets Since, Until, Reason and AppID. It returns standing.ErrAlready if the
	// brake is latched or held open at l.Since. After nil the latch is durable. After any
	// other error it may be, and the call may be repeated.
	SetLatch(ctx context.Context, brake platform.Brake, l Latch) error
}

// Latch is the state of a brake beyond the hour.
type Latch struct {
	Since, Until time.Time    // when it is latched; zero if it is not
	Reason       tally.Reason // of the verdict, or warning, that was held
	AppID        string       // the app of that verdict or warning
	OpenUntil    time.Time    // it was opened and does not latch before this; zero if it was not opened
}

// Latched reports whether no app may be disabled, or warned of.
func (l Latch) Latched(now time.Time) bool { return now.Before(l.Until) }

// latches reports whether the brake latches when it holds the transition.
func latches(t standing.Transition) bool {
	if t.Kind == standing.Warned {
		return t.Warning.Level.Lasts()
	}
	return t.Reason == tally.Fatal || t.Reason == tally.Gone || t.Reason == tally.Timeout
}

// A latchedError is standing.ErrHeld because of a latch.
type latchedError struct{ Latch }

func (e *latchedError) Error() string {
	return "the brake is latched since " + e.Since.Format(time.RFC3339)
}
func (e *latchedError) Unwrap() error { return standing.ErrHeld }

// behindBrake is the job for one batch or one sweep. It reads each latch once, and only
// if an app is broken or due for a warning.
func (j *Job) behindBrake() (*Job, *braked) {
	one, chain := *j, *j.Standing
	brake := &braked{Transitions: chain.Transitions, job: j, known: make(map[platform.Brake]known), full: make(map[platform.Brake]time.Time)}
	chain.Transitions, one.Standing = brake, &chain
	one.diagnoses = &diagnoses{brake: brake, held: make(map[platform.Brake]bool)}
	return &one, brake
}

// braked is Transitions that latch the brakes, and do not disable or warn while their
// brake is latched.
type braked struct {
	standing.Transitions
	job   *Job
	known map[platform.Brake]known
	full  map[platform.Brake]time.Time // clock hours in which a brake held one, and so holds all that follow
}

// known is the result of reading a latch.
type known struct {
	latch Latch
	fault error
}

// Apply implements standing.Transitions. If the latch cannot be read, it changes nothing:
// the latch is in the same table to which the change would be written.
func (b *braked) Apply(ctx context.Context, t standing.Transition) error {
	brake, is := t.Brake()
	if !is {
		return b.Transitions.Apply(ctx, t)
	}
	latch, err := b.know(ctx, brake)
	if err != nil {
		return err
	}
	if latch.Latched(t.At) {
		return &latchedError{latch}
	}
	hour, sets := t.At.Truncate(time.Hour), latches(t) && !t.At.Before(latch.OpenUntil)
	if !sets && b.full[brake].Equal(hour) {
		return standing.ErrHeld
	}
	err = b.Transitions.Apply(ctx, t)
	if errors.Is(err, standing.ErrHeld) {
		b.full[brake] = hour
	}
	switch {
	case errors.Is(err, standing.ErrLatched): // it was latched since it was read
		return b.latchedMeanwhile(ctx, brake, t)
	case errors.Is(err, standing.ErrHeld) && sets:
		return b.set(ctx, brake, t)
	}
	return err
}

func (b *braked) know(ctx context.Context, brake platform.Brake) (Latch, error) {
	k, read := b.known[brake]
	if !read {
		k.latch, k.fault = b.job.Brake.ReadLatch(ctx, brake)
		if k.fault != nil {
			k.fault = fmt.Errorf("read the latch of the brake %s: %w", brake, k.fault)
		}
		b.known[brake] = k
	}
	return k.latch, k.fault
}

func (b *braked) latchedMeanwhile(ctx context.Context, brake platform.Brake, t standing.Transition) error {
	delete(b.known, brake)
	latch, err := b.know(ctx, brake)
	switch {
	case err != nil:
		return err
	case latch.Latched(t.At):
		return &latchedError{latch}
	}
	return standing.ErrChanged // and opened again
}

// set latches a brake because of a transition that it held.
func (b *braked) set(ctx context.Context, brake platform.Brake, t standing.Transition) error {
	latch := Latch{Since: t.At, Until: t.At.Add(LatchLife), Reason: t.Reason, AppID: t.App.ID}
	err := b.job.Brake.SetLatch(ctx, brake, latch)
	if errors.Is(err, standing.ErrAlready) { // by another, or somebody opened it
		if err = b.latchedMeanwhile(ctx, brake, t); errors.Is(err, standing.ErrChanged) {
			return standing.ErrHeld
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("latch the brake %s: %w", brake, err)
	}
	b.known[brake] = known{latch: latch}
	b.job.reportLatch(ctx, brake, latch)
	return &latchedError{latch}
}

// howToOpen is logged with each line about the latch.
func howToOpen(brake platform.Brake) string {
	return fmt.Sprintf("hookwarden open-brake --brake %s --hours 4, once the apps are known to be broken: docs/operations.md, The brake", brake)
}

// said is the words of the log about a brake.
type said struct{ latched, held string }

func saidOf(brake platform.Brake) said {
	if brake == platform.BrakeWarning {
		return said{"the brake on warnings is latched, nobody is warned", "warning held by the brake"}
	}
	return said{"the brake is latched, nobody is disabled", "disabling held by the brake"}
}

// limit is how many a brake lets through in a clock hour.
func (j *Job) limit(brake platform.Brake) int {
	if brake == platform.BrakeWarning {
		return j.MaxWarningsPerHour
	}
	return j.MaxPerHour
}

func (j *Job) reportLatch(ctx context.Context, brake platform.Brake, l Latch) {
	j.Metrics.Count(string(brake)+".latched", "", "")
	j.Logger.ErrorContext(ctx, saidOf(brake).latched, "since", l.Since, "until", l.Until,
		"reason", l.Reason, "app_id", l.AppID, "max_per_hour", j.limit(brake), "to_open", howToOpen(brake))
}

// reportHeld logs and counts that an app is not disabled, or its owners not warned, now.
func (j *Job) reportHeld(ctx context.Context, brake platform.Brake, t standing.Transition, held error) {
	j.Metrics.Count(string(brake)+".held", "", "")
	fields := []any{"app_id", t.App.ID, "organization_id", t.App.OrganizationID, "reason", t.Reason, "max_per_hour", j.limit(brake)}
	if t.Warning.Level != "" {
		fields = append(fields, "warning_level", t.Warning.Level)
	}
	latched := (*latchedError)(nil)
	if errors.As(held, &latched) {
		fields = append(fields, "latched_since", latched.Since, "latched_until", latched.Until,
			"latched_reason", latched.Reason, "latched_app_id", latched.AppID, "to_open", howToOpen(brake))
	} else {
		fields = append(fields, "to_open", "it opens with the next clock hour, and the sweep decides again: docs/operations.md, The brake")
	}
	j.Logger.ErrorContext(ctx, saidOf(brake).held, fields...)
}

// sayIfLatched keeps the alarms ringing while a brake is latched.
func (b *braked) sayIfLatched(ctx context.Context) error {
	if b.job.Mode == Observe {
		return nil // there they hold nobody
	}
	brakes := []platform.Brake{platform.BrakeDisable}
	if b.job.warns() {
		brakes = append(brakes, platform.BrakeWarning)
	}
	var faults []error
	for _, brake := range brakes {
		latch, err := b.know(ctx, brake)
		if err == nil && latch.Latched(b.job.Now()) {
			b.job.reportLatch(ctx, brake, latch)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
