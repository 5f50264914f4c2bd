package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// Brake holds disablings, or warnings, when there are too many at once.
type Brake interface {
	// OpenBrake removes the latch if it was set before o.Until, keeps it from being set
	// until then, and puts the audit entry, all or nothing. It returns ErrStale and
	// changes nothing if there was an opening of the same or a later time, or if the
	// latch was set after o.Until.
	OpenBrake(ctx context.Context, o Opening) error
}

// Opening is one opening of a brake; At is its identity.
type Opening struct {
	Brake     platform.Brake
	At, Until time.Time
	Actor     platform.Actor
	SenderID  string // as SQS stamped it
}

// openBrake opens the brake as of the message's time, but not later than the time at
// which it was queued. It also removes a latch that was set during its hours, so a
// message has the same effect whenever it comes.
func (j *Job) openBrake(ctx context.Context, m platform.BrakeOpen, stamp Stamp) error {
	at := asOf(m.At, stamp.SentAt)
	until := at.Add(time.Duration(m.Hours) * time.Hour)
	err := j.Brake.OpenBrake(ctx, Opening{Brake: m.Brake, At: at, Until: until, Actor: m.Actor, SenderID: stamp.SenderID})
	if errors.Is(err, ErrStale) {
		j.Logger.WarnContext(ctx, "opening of the brake without effect: it is older than another, or than the latch",
			"brake", m.Brake, "at", platform.FormatTime(at), "until", platform.FormatTime(until))
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the brake: %w", err)
	}
	j.Logger.WarnContext(ctx, "brake opened", "brake", m.Brake, "at", platform.FormatTime(at), "until", platform.FormatTime(until))
	return nil
}
