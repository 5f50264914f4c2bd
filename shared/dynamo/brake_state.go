package dynamo

import (
	"context"
	"time"

	"hookwarden/shared/platform"
)

// BrakeState is a brake's latch item, for people: a latch, an opening, or what is left of
// both.
type BrakeState struct {
	Since, Until        time.Time // of the latch
	Reason, AppID       string    // the verdict that it held
	OpenedAt, OpenUntil time.Time
}

// ReadState reads the state of one of the brakes.
func (t Brake) ReadState(ctx context.Context, brake platform.Brake) (BrakeState, error) {
	i, err := get(ctx, t.API, t.Table, latchKey(brake))
	if err != nil {
		return BrakeState{}, err
	}
	return BrakeState{Since: i.time("since"), Until: i.time("until"), Reason: i.text("reason"), AppID: i.text("app_id"),
		OpenedAt: i.time("opened_at"), OpenUntil: i.time("open_until")}, nil
}
