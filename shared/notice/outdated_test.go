package notice

import (
	"testing"
	"time"

	"hookwarden/shared/platform"
)

func TestOutdatedSaysWhyAWarningOrARecoveryIsNotTrueAnyMore(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	later := at.Add(time.Hour)
	warning := platform.Notice{Kind: platform.AppWarning, WarnedAt: platform.FormatTime(at)}
	recovery := platform.Notice{Kind: platform.AppRecovered, WarnedAt: platform.FormatTime(at), RecoveredAt: platform.FormatTime(later)}
	for _, c := range []struct {
		name              string
		app               platform.App
		warning, recovery string // why not; empty: true
	}{
		{"warned", platform.App{Warned: platform.Warned{At: at}}, "", "there was another warning"},
		{"warned again", platform.App{Warned: platform.Warned{At: later}}, "there was another warning", "there was another warning"},
		{"recovered", platform.App{Warned: platform.Warned{At: at, RecoveredAt: later}}, "the app is not under a warning any more", ""},
		{"recovered at another time", platform.App{Warned: platform.Warned{At: at, RecoveredAt: later.Add(time.Hour)}},
			"the app is not under a warning any more", "there was another warning"},
		{"all were told of the recovery", platform.App{}, "the app is not under a warning any more", ""},
		{"disabled", platform.App{DisabledAt: later}, "the app is disabled", "the app is disabled"},
		{"deleted", platform.App{Deleted: true}, "the app was deleted", "the app was deleted"},
	} {
		if got := untrue(warning, c.app); got != c.warning {
			t.Errorf("%s: the warning is %q, want %q", c.name, got, c.warning)
		}
		if got := untrue(recovery, c.app); got != c.recovery {
			t.Errorf("%s: the recovery is %q, want %q", c.name, got, c.recovery)
		}
	}
}
