package platform

import (
	"fmt"
	"time"
)

// Brake is one of the brakes on what happens to apps. Each has a limit and a latch of its own.
type Brake string

// The brakes.
const (
	BrakeDisable Brake = "disable" // on disablings by the rule
	BrakeWarning Brake = "warning" // on warnings
)

// BrakeOpen opens a brake, and keeps it from latching for so many hours after At.
type BrakeOpen struct {
	Brake Brake
	At    time.Time // zero if the message gave none
	Hours int       // from 1 to maxOpenHours
	Actor Actor
}

// Names implements RegistryMessage.
func (m BrakeOpen) Names() []any {
	return []any{"type", typeBrakeOpen, "brake", m.Brake, "hours", m.Hours}
}

// maxOpenHours is how long the brake can be kept from latching: a weekend, but not
// for ever.
const maxOpenHours = 48

func decodeBrakeOpen(o object) BrakeOpen {
	brake := Brake(o.text("brake"))
	if brake != BrakeDisable && brake != BrakeWarning {
		o.wrong("brake", "must be disable or warning")
	}
	return BrakeOpen{Brake: brake, At: o.time("at"), Hours: o.hours("hours"), Actor: o.actor("actor")}
}

// hours reads a required whole number from 1 to maxOpenHours, however it is written.
func (o object) hours(field string) int {
	if !o.has(field) {
		o.wrong(field, "is required")
		return 0
	}
	n, err := wholeNumber(o.fields.get(field))
	if err != nil || n < 1 || n > maxOpenHours {
		o.wrong(field, fmt.Sprintf("must be a whole number from 1 to %d", maxOpenHours))
	}
	return int(n)
}
