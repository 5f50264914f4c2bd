package dynamo

import (
	"context"
	"time"

	"hookwarden/shared/platform"
)

// BrakeReader reads how many were disabled by the rule.
type BrakeReader struct {
	API   getAPI
	Table string // Audit
}

// ReadHour is how many were disabled by the rule in the clock hour of a time.
func (t BrakeReader) ReadHour(ctx context.Context, at time.Time) (int64, error) {
	i, err := get(ctx, t.API, t.Table, item{"pk": text(brakeKey), "sk": text(platform.FormatTime(at.Truncate(time.Hour)))})
	return i.number("disablings"), err
}
