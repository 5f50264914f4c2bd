package steering

import (
	"context"
	"time"

	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
)

// Opened is a brake after it was opened.
type Opened struct {
	Brake        platform.Brake `json:"brake"`
	OpenedAt     show.Time      `json:"opened_at"`
	OpenUntil    show.Time      `json:"open_until"`
	LatchedSince show.Time      `json:"latched_since,omitzero"` // before
	Reason       string         `json:"reason,omitempty"`       // the verdict that was held then
	AppID        string         `json:"app_id,omitempty"`
}

func (d *desk) newOpening(ctx context.Context, was dynamo.BrakeState, brake platform.Brake, hours int, name, email string) (order, error) {
	actor, at, err := d.actor(ctx, name, email, was.OpenedAt)
	if err != nil {
		return order{}, err
	}
	o := order{message: platform.BrakeOpen{Brake: brake, At: at, Hours: hours, Actor: actor}, group: "registry", effect: "the brake is not open", look: lookAtRegistry}
	return o, o.encode()
}

// open carries it out.
func (d *desk) open(ctx context.Context, o order, brake platform.Brake, was dynamo.BrakeState, atMost time.Duration) (Opened, error) {
	opened := Opened{Brake: brake}
	if was.Until.After(d.now()) {
		opened.LatchedSince, opened.Reason, opened.AppID = show.At(was.Since), was.Reason, was.AppID
	}
	err := d.carryOut(ctx, o, atMost, func(ctx context.Context) (bool, error) {
		now, err := d.brakes.ReadState(ctx, brake)
		opened.OpenedAt, opened.OpenUntil = show.At(now.OpenedAt), show.At(now.OpenUntil)
		return now.OpenedAt.After(was.OpenedAt), err
	})
	return opened, err
}

func printOpened(p *show.Page, o Opened) {
	p.SayIn(show.Good, "The brake on %s is open until %s: it does not latch before. The hourly limit holds.", brakeOf(o.Brake), p.Time(o.OpenUntil.Time))
	if o.LatchedSince.IsZero() {
		p.Say("It was not latched.")
		return
	}
	p.Say("It was latched since %s, by the verdict %s of app %s. What it held is looked at by the next sweep; it runs every hour.", p.Time(o.LatchedSince.Time), o.Reason, o.AppID)
}

func brakeOf(brake platform.Brake) string {
	if brake == platform.BrakeWarning {
		return "warnings"
	}
	return "disablings"
}

// latched says what the brake holds, for the question.
func latched(was dynamo.BrakeState, now time.Time) string {
	if !was.Until.After(now) {
		return " It is not latched."
	}
	return " It is latched by the verdict " + was.Reason + " of app " + was.AppID + "; the next sweep goes on then, up to the hourly limit."
}
