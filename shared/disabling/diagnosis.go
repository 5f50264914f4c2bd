package disabling

import (
	"context"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// Failures reads the failed attempts of an app from the request log.
type Failures interface {
	// Diagnose says how the failures of the given days divide that are of since or later, the
	// newest of them first, and has one failed request as the example: Answers, Read, More and
	// Example. What it reads is bounded, whatever the log holds, and so is its time. The log may
	// lag behind, and may be turned off: then the diagnosis is zero. What it says next to an
	// error is true as far as it goes. It tries once.
	Diagnose(ctx context.Context, appID string, days []tally.Date, since time.Time) (platform.Diagnosis, error)
}
