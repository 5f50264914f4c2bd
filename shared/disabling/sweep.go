package disabling

import (
	"context"
	"errors"
	"fmt"

	"hookwarden/shared/buffer"
)

// minSweepDays is how far the sweep looks back at least: so long it goes on
// trying to tell the owners of an organization that is not known yet.
const minSweepDays = 7

// Sweep judges every app that had a failure today or in the days before, up to
// the window's length. It finds what the stream lost. An app that could not be
// seen through does not keep it from the others; the error names them all.
func (j *Job) Sweep(ctx context.Context) error {
	today := buffer.DateOf(j.Now())
	dates := make(map[string][]buffer.Date) // by key
	var faults []error
	for back := range max(minSweepDays, j.Rule.WindowDays) + 1 {
		date := today.Plus(-back)
		for _, partition := range buffer.FailingDays(date) {
			err := j.Days.ReadFailing(ctx, partition, func(key string) { dates[key] = append(dates[key], date) })
			if err != nil {
				faults = append(faults, fmt.Errorf("read failing %s: %w", partition, err))
			}
		}
	}
	for key, failing := range dates {
		if err := j.judge(ctx, key, failing); err != nil {
			faults = append(faults, err)
		}
	}
	j.Logger.Info("swept", "apps", len(dates), "faults", len(faults))
	return errors.Join(faults...)
}
