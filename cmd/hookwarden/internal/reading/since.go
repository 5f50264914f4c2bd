package reading

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/shared/platform"
)

// sinceFlag reads "24h", "7d", a day or a moment.
type sinceFlag struct {
	now func() time.Time
	at  time.Time
}

func (f *sinceFlag) String() string { return "" }

// Type implements pflag.Value.
func (f *sinceFlag) Type() string { return "TIME" }

// Set implements pflag.Value.
func (f *sinceFlag) Set(text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= logDays {
			f.at = f.now().AddDate(0, 0, -n)
			return nil
		}
	}
	if span, err := time.ParseDuration(text); err == nil && span > 0 {
		f.at = f.now().Add(-span)
		return nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		f.at = day
		return nil
	}
	if at, err := platform.ParseTime(text); err == nil {
		f.at = at
		return nil
	}
	return fault.NewUsage("", "%q is not a time such as 24h, 7d, 2026-11-24 or 2026-11-24T10:00:00Z", text)
}

// logDays is how long the log is kept.
const logDays = 30

// or is the flag's time, or so many days ago; never before the log begins.
func (f *sinceFlag) or(days int) time.Time {
	oldest := f.now().AddDate(0, 0, -logDays)
	at := f.at
	if at.IsZero() {
		at = f.now().AddDate(0, 0, -days)
	}
	if at.Before(oldest) {
		return oldest
	}
	return at
}

func sinceVar(cmd *cobra.Command, f *sinceFlag, usage string) {
	cmd.Flags().Var(f, "since", usage)
}
