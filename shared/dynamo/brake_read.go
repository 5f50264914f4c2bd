package dynamo

import (
	"context"
	"time"

	"hookwarden/shared/platform"
)

// BrakeReader reads how many disablings and warnings the brakes have counted.
type BrakeReader struct {
	API   getAPI
	Table string // Audit
}

// ReadHour is how many a brake has let through in the clock hour of a time.
func (t BrakeReader) ReadHour(ctx context.Context, brake platform.Brake, at time.Time) (int64, error) {
	i, err := get(ctx, t.API, t.Table, ofBrake(brake, platform.FormatTime(at.Truncate(time.Hour))))
	return i.number(counted(brake)), err
}
