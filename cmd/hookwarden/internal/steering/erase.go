package steering

import (
	"context"
	"fmt"
	"time"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/platform"
)

// Erased is how far an organization is erased.
type Erased struct {
	OrganizationID string `json:"organization_id"`
	Name           string `json:"name,omitempty"` // as it was
	Version        int64  `json:"version"`
	Apps           int    `json:"apps"`      // that it had
	AppsLeft       int    `json:"apps_left"` // of them
}

// newErase is the order to erase an organization with a version of the platform's. It is
// an error if that version would change nothing.
func (d *desk) newErase(ctx context.Context, id string, version int64) (order, Erased, error) {
	o := order{message: platform.OrganizationDelete{OrganizationID: id, Version: version}, group: "registry", effect: "organization " + id + " is not erased", look: lookAtRegistry}
	if err := o.encode(); err != nil {
		return o, Erased{}, err
	}
	org, found, err := d.organizations.ReadOrganization(ctx, id)
	switch {
	case err != nil:
		return o, Erased{}, fmt.Errorf("read organization %s: %w", id, err)
	case !found:
		return o, Erased{}, fault.NewNotFound("", "no organization %s is registered", id)
	case version <= org.Version && org.Deleted:
		return o, Erased{}, fault.NewUsage("", "organization %s was deleted with version %d already", id, org.Version)
	case version <= org.Version:
		return o, Erased{}, fault.NewUsage("Versions are the platform's: take the one that it gives to this deletion.",
			"version %d would change nothing: organization %s is stored with version %d", version, id, org.Version)
	}
	apps, err := d.organizations.CountApps(ctx, id)
	if err != nil {
		return o, Erased{}, fmt.Errorf("count the apps of organization %s: %w", id, err)
	}
	return o, Erased{OrganizationID: id, Name: org.Name, Version: version, Apps: apps, AppsLeft: apps}, nil
}

// erase carries it out, and waits for the tombstone and then for the apps.
func (d *desk) erase(ctx context.Context, o order, e Erased, atMost time.Duration) (Erased, error) {
	deadline := d.now().Add(atMost)
	err := d.carryOut(ctx, o, atMost, func(ctx context.Context) (bool, error) {
		org, found, err := d.organizations.ReadOrganization(ctx, e.OrganizationID)
		return found && org.Deleted && org.Version >= e.Version, err
	})
	if err != nil || atMost <= 0 {
		return e, err
	}
	_ = d.wait(ctx, max(settle, deadline.Sub(d.now())), func(ctx context.Context) (bool, error) { // what is left is shown
		left, err := d.organizations.CountApps(ctx, e.OrganizationID)
		if err == nil {
			e.AppsLeft = left
		}
		return err == nil && left == 0, err
	})
	return e, nil
}

func printErased(p *show.Page, e Erased) {
	p.SayIn(show.Good, "Organization %s is deleted, with version %d: it has no names and no owners any more.", e.OrganizationID, e.Version)
	if e.AppsLeft > 0 {
		p.SayIn(show.Warn, "%s left to erase, of %d; that goes on by itself.", apps(e.AppsLeft), e.Apps)
	} else {
		p.Say("Erased with it: %s.", apps(e.Apps))
	}
	p.Say("After a quarter of an hour its apps are looked for once more. Its audit entries are erased too. The platform should know of this: an organization.put with a higher version brings the organization back, empty.")
}

func apps(n int) string { return show.Count(n, "app", "apps") }
