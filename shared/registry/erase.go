package registry

import (
	"context"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// Erasures erases what belongs to an organization. After nil a step is durable; after
// ErrStale or ErrConflict it was surely not made; after any other error nobody knows.
// Every step may be repeated. ErrStale says that the organization was put anew: no
// step after that erases anything.
type Erasures interface {
	// EntombOrganization leaves a tombstone of the organization, without owners and
	// names, and the audit entry, all or nothing. If there is a tombstone with this
	// version already it changes nothing. It returns when the tombstone was made: now,
	// if it is this one. ErrConflict if another change has the version.
	EntombOrganization(ctx context.Context, e Erasure, now time.Time) (since time.Time, err error)
	// EraseApps deletes up to EraseStep apps of the organization, as DeleteApp does but
	// with the version that they have, and erases their names; the ids of the apps come
	// after the given one, all if it is empty. Those that belong to another organization
	// by now are left alone. It returns the last id that it looked at, empty if there are
	// no more. What was put within the last moments may not be found.
	EraseApps(ctx context.Context, e Erasure, after string) (last string, err error)
	// EraseAudit erases up to EraseStep of the organization's audit entries, and returns
	// how many there were: 0 if there are no more.
	EraseAudit(ctx context.Context, e Erasure) (erased int, err error)
}

// EraseStep is how many items one step of an Erasures erases at most.
const EraseStep = 25

// Erasure is the erasing of one organization.
type Erasure struct {
	OrganizationID string
	Version        int64
	At             time.Time // when it was asked for
	SenderID       string    // who asked for it, as SQS stamped it
}

// DelayedError says that a message is to be handled again, and when. All is well: it is
// not done yet.
type DelayedError struct{ After time.Duration }

func (d *DelayedError) Error() string { return fmt.Sprintf("again in %s", d.After.Round(time.Second)) }

const (
	// SecondLook is how long after its tombstone was made an organization is looked at
	// for the last time. Until then the message is kept: an app that was put just before
	// may not be found at first.
	SecondLook = 15 * time.Minute

	// goesOn is how soon an erasing goes on for which the time did not suffice.
	goesOn = time.Second
)

// eraseOrganization looks for what belongs to the organization and erases it, at once
// and once more after SecondLook. Nothing but the tombstone says how far it came: what
// is erased is not found again, so a look may be cut off anywhere.
func (j *Job) eraseOrganization(ctx context.Context, m platform.OrganizationDelete, stamp Stamp) error {
	began := j.Now()
	e := Erasure{OrganizationID: m.OrganizationID, Version: m.Version, At: stamp.SentAt.UTC().Truncate(time.Millisecond), SenderID: stamp.SenderID}
	since, err := j.Erasures.EntombOrganization(ctx, e, began)
	if err != nil {
		return fmt.Errorf("entomb organization %s: %w", e.OrganizationID, err)
	}
	look, cancel := aThird(ctx, began)
	defer cancel()
	err = j.eraseAll(look, e)
	switch wait := min(since.Add(SecondLook).Sub(began), SecondLook); {
	case err != nil && look.Err() != nil && ctx.Err() == nil:
		j.Logger.InfoContext(ctx, "organization not erased yet, for lack of time", m.Names()...)
		return &DelayedError{After: goesOn}
	case err != nil:
		return fmt.Errorf("erase organization %s: %w", e.OrganizationID, err)
	case wait > 0:
		j.Logger.InfoContext(ctx, "organization erased, to be looked at once more", append(m.Names(), "after_seconds", int(wait.Seconds()))...)
		return &DelayedError{After: wait}
	}
	j.Logger.InfoContext(ctx, "organization erased", m.Names()...)
	return nil
}

// eraseAll erases, step by step, what is found now. The apps come first: a deleted app
// gets no more audit entries.
func (j *Job) eraseAll(ctx context.Context, e Erasure) error {
	for after, more := "", true; more; more = after != "" {
		var err error
		if after, err = j.Erasures.EraseApps(ctx, e, after); err != nil {
			return fmt.Errorf("apps: %w", err)
		}
	}
	for erased := EraseStep; erased > 0; {
		var err error
		if erased, err = j.Erasures.EraseAudit(ctx, e); err != nil {
			return fmt.Errorf("audit entries: %w", err)
		}
	}
	return nil
}

// aThird is a context that ends when a third of the time is over: a large organization
// leaves time to the other messages of its batch.
func aThird(ctx context.Context, now time.Time) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, deadline.Sub(now)/3)
}
