package notice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// Apps looks at apps.
type Apps interface {
	// ReadApp reads an app consistently: it sees every write that was made before.
	// false says that there is none; after an error nobody knows.
	ReadApp(ctx context.Context, id string) (platform.App, bool, error)
}

// errUnreadable says that nobody knows whether a notice is true. Such a mail
// waits: it may be, and a mail that is not true cannot be taken back.
var errUnreadable = errors.New("the app cannot be read")

// outdated says why the notice is not true of its app any more; empty if it is.
//
// An app that is deleted leaves a tombstone, so one that is not there at all is
// of a table that was restored or emptied by hand: nobody knows.
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
		return "the app was disabled anew"
	case n.Kind == platform.AppEnabled && app.Disabled():
		return "the app is disabled"
	case n.Kind == platform.AppEnabled && !same(n.EnabledAt, app.EnabledAt):
		return "the app was enabled anew"
	case n.Kind == platform.AppWarning:
		return untrueWarning(n, app)
	case n.Kind == platform.AppRecovered:
		return untrueRecovery(n, app)
	}
	return ""
}

// untrueWarning says why an app is not under the warning any more.
func untrueWarning(n platform.Notice, app platform.App) string {
	switch {
	case app.Disabled():
		return "the app is disabled"
	case !app.Warned.RecoveredAt.IsZero(), app.Warned.At.IsZero():
		return "the app is not under a warning any more"
	case !same(n.WarnedAt, app.Warned.At):
		return "the app was warned of anew"
	}
	return ""
}

// untrueRecovery says why an app does not work again. When all are told of a recovery
// nothing is left of its warning, so what is not there any more is over.
func untrueRecovery(n platform.Notice, app platform.App) string {
	switch {
	case app.Disabled():
		return "the app is disabled"
	case !app.Warned.At.IsZero() && !same(n.RecoveredAt, app.Warned.RecoveredAt):
		return "the app was warned of anew"
	}
	return ""
}

func same(text string, t time.Time) bool {
	at, err := platform.ParseTime(text)
	return err == nil && at.Equal(t)
}
