// Package reading has the commands that look at a stack and change nothing.
package reading

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/shared/platform"
)

// reader is what the commands of this package work with.
type reader struct {
	*session.Session
	open func(context.Context) (*source, error)
}

// Commands are the commands of this package.
func Commands(s *session.Session) []*cobra.Command {
	return commands(reader{s, func(ctx context.Context) (*source, error) { return open(ctx, s) }})
}

func commands(r reader) []*cobra.Command {
	return []*cobra.Command{r.status(), r.listApps(), r.app(), r.why(), r.requests(), r.request(), r.auditOf(), r.noticesOf()}
}

// known is an app that must be there.
func (r reader) known(ctx context.Context, from *source, id string) (platform.App, error) {
	app, ok, err := from.apps.ReadApp(ctx, id)
	if err == nil && !ok {
		return app, noApp(id)
	}
	return app, err
}

func noApp(id string) error {
	return fault.NewNotFound("Only its id names an app. `hookwarden apps TEXT` finds ids by name, slug or URL.", "no app with the id %s was ever registered", id)
}

// label names an app for people.
func label(app platform.App) string {
	name := app.Name
	if name == "" {
		name = app.Slug
	}
	if name == "" {
		return "App " + app.ID
	}
	return name + " (" + app.ID + ")"
}

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
