package registry

import (
	"context"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// Erasures erases what belongs to an organization. After nil a step is durable; after
// ErrStale or ErrConflict it was not made; after any other error it may have been. Every
// step may be repeated. ErrStale means that the organization was put again: no step
// after that erases anything.
type Erasures interface {
	// EntombOrganization replaces the organization by a tombstone, without owners and
	// names, and puts the audit entry, all or nothing. If there already is a tombstone
	// with this version, it changes nothing. It returns when the tombstone was made:
	// now, if this call made it. It returns ErrConflict if another change has the
	// version.
	EntombOrganization(ctx context.Context, e Erasure, now time.Time) (since time.Time, err error)
	// EraseApps deletes up to EraseStep apps of the organization, as DeleteApp does but
	// with the version that they have, and erases their names. It takes the apps with the
	// lowest ids above after. It leaves apps alone that belong to another organization by
	// now. It returns the last id that it looked at, or an empty one if there are no
	// more. It may not find apps that were put within the last moments.
	EraseApps(ctx context.Context, e Erasure, after string) (last string, err error)
	// EraseAudit erases up to EraseStep of the organization's audit entries and returns
	// how many: 0 if there are no more.
	EraseAudit(ctx context.Context, e Erasure) (erased int, err error)
}

// EraseStep is the most items that one step of an Erasures erases.
const EraseStep = 25

// Erasure is the erasing of one organization.
type Erasure struct {
	OrganizationID string
	Version        int64
	At             time.Time // when it was asked for
	SenderID       string    // who asked for it, as SQS stamped it
}

// DelayedError says when a message must be handled again. Nothing is wrong: the message
// is just not done yet.
type DelayedError struct{ After time.Duration }

func (d *DelayedError) Error() string { return fmt.Sprintf("again in %s", d.After.Round(time.Second)) }

const (
	// SecondLook is the time from an organization's tombstone to the last look at it.
	// The message is kept until then, since the first look may miss an app that was put
	// just before.
	SecondLook = 15 * time.Minute

	// goesOn is how soon an erasure continues that ran out of time.
	goesOn = time.Second
)

// eraseOrganization finds and erases what belongs to the organization, at once and once
// more after SecondLook. Only the tombstone is kept as progress. What is erased is not
// found again, so a look may be cut off anywhere.
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

// eraseAll erases, step by step, what it finds now. The apps come first, since a deleted
// app gets no more audit entries.
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

// aThird is a context that ends after a third of the time that is left, so that a large
// organization leaves time for the other messages of its batch.
func aThird(ctx context.Context, now time.Time) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, deadline.Sub(now)/3)
}
