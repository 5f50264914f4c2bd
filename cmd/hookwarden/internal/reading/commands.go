// Package reading has the commands that look at a stack and change nothing.
package reading

import (
	"context"

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
