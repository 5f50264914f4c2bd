package notice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// Apps reads apps.
type Apps interface {
	// ReadApp reads an app consistently: it sees every earlier write. false means
	// that there is no such app. After an error that is unknown.
	ReadApp(ctx context.Context, id string) (platform.App, bool, error)
}

// errUnreadable says that it is unknown whether a notice is true. Its mail waits:
// the notice may be true, and a false mail cannot be taken back.
var errUnreadable = errors.New("the app cannot be read")

// outdated says why the notice is no longer true of its app; empty if it still
// is.
//
// A deleted app leaves a tombstone. If there is no app at all, the table was
// restored or emptied by hand, and the answer is unknown.
func (j *Job) outdated(ctx context.Context, n platform.Notice) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, j.shortTime())
	defer cancel()
	app, known, err := j.Apps.ReadApp(ctx, n.App.ID)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %w", errUnreadable, err)
	case !known:
		return "", fmt.Errorf("%w: it is not in the table", errUnreadable)
	}
	return untrue(n, app), nil
}

func untrue(n platform.Notice, app platform.App) string {
	switch {
	case app.Deleted:
		return "the app was deleted"
	case n.Kind == platform.AppDisabled && !app.Disabled():
		return "the app is not disabled any more"
	case n.Kind == platform.AppDisabled && !same(n.DisabledAt, app.DisabledAt):
		return "the app was disabled again"
	case n.Kind == platform.AppEnabled && app.Disabled():
		return "the app is disabled"
	case n.Kind == platform.AppEnabled && !same(n.EnabledAt, app.EnabledAt):
		return "the app was enabled again"
	case n.Kind == platform.AppWarning:
		return untrueWarning(n, app)
	case n.Kind == platform.AppRecovered:
		return untrueRecovery(n, app)
	}
	return ""
}

// untrueWarning says why an app is no longer under the warning.
func untrueWarning(n platform.Notice, app platform.App) string {
	switch {
	case app.Disabled():
		return "the app is disabled"
	case !app.Warned.RecoveredAt.IsZero(), app.Warned.At.IsZero():
		return "the app is not under a warning any more"
	case !same(n.WarnedAt, app.Warned.At):
		return "there was another warning"
	}
	return ""
}

// untrueRecovery says why a recovery is not true. When everybody has been told of a
// recovery, its warning is removed, so a warning that is gone is over.
func untrueRecovery(n platform.Notice, app platform.App) string {
	switch {
	case app.Disabled():
		return "the app is disabled"
	case !app.Warned.At.IsZero() && !same(n.RecoveredAt, app.Warned.RecoveredAt):
		return "there was another warning"
	}
	return ""
}

func same(text string, t time.Time) bool {
	at, err := platform.ParseTime(text)
	return err == nil && at.Equal(t)
}
