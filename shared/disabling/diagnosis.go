package disabling

import (
	"context"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// Failures reads the failed attempts of an app from the request log.
type Failures interface {
	// Diagnose says how the failures of the given days divide, the newest of them first, and
	// has one failed request as the example: Answers, Read, More and Example. What it reads is
	// bounded, whatever the log holds. The log may lag behind, and may be turned off: then the
	// diagnosis is zero. It tries once.
	Diagnose(ctx context.Context, appID string, days []tally.Date) (platform.Diagnosis, error)
}
