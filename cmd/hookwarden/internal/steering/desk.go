// Package steering has the commands that tell the registry something. Each sends the
// message that the platform would, waits until it has an effect, and shows that. It writes
// to no table.
package steering

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/retry"
)

// registryQueue takes what is to be done.
type registryQueue interface {
	// Send queues a message. If it fails, unknown says that it may be queued all the same.
	Send(ctx context.Context, body []byte, group string) (unknown bool, err error)
}

type appReader interface {
	ReadApp(ctx context.Context, id string) (platform.App, bool, error) // consistently
}

type organizationReader interface {
	ReadOrganization(ctx context.Context, id string) (platform.Organization, bool, error) // consistently
	CountApps(ctx context.Context, id string) (int, error)                                // as an index has it
}

type brakeReader interface {
	ReadState(ctx context.Context, brake platform.Brake) (dynamo.BrakeState, error)
}

type testReader interface {
	// FindTest is the newest log entry of a test that began at a time or later.
	FindTest(ctx context.Context, appID, testID string, since time.Time) (delivery.Entry, bool, error)
}

// identity says who a person is to AWS.
type identity interface {
	// Who is the person's ARN, and the time by AWS's clock; zero if it does not say.
	Who(ctx context.Context) (arn string, now time.Time, err error)
}

// desk is what the commands work with.
type desk struct {
	registry      registryQueue
	apps          appReader
	organizations organizationReader
	brakes        brakeReader
	tests         testReader
	identity      identity
	now           func() time.Time
	note          func(format string, args ...any)
}

// actor is who asks, and from when: never before what is known to have happened.
func (d *desk) actor(ctx context.Context, name, email string, after ...time.Time) (platform.Actor, time.Time, error) {
	arn, aws, err := d.identity.Who(ctx)
	if err != nil {
		return platform.Actor{}, time.Time{}, fmt.Errorf("ask AWS who you are: %w", err)
	}
	if name == "" {
		name = lastPart(arn)
	}
	at := d.now().UTC().Truncate(time.Millisecond)
	if aws.After(at) { // a clock that is behind would say what was overtaken long ago
		at = aws.UTC()
	}
	for _, known := range after {
		if !at.After(known) {
			at = known.Add(time.Millisecond)
		}
	}
	return platform.NewActor(arn, name, email), at, nil
}

// lastPart is the name in an ARN: of the user, or of the session, which mostly is one.
func lastPart(arn string) string { return arn[strings.LastIndexAny(arn, "/:")+1:] }

// order is a message, and the effect that it should have.
type order struct {
	message platform.RegistryMessage
	group   string
	effect  string // what is said without it, as in "app 17 is not enabled"
	look    string // where to look then
	body    json.RawMessage
}

const lookAtRegistry = "`hookwarden status` shows how long RegistryQueue is, `hookwarden letters registry` what was refused."

// encode checks the message and writes its body.
func (o *order) encode() error {
	body, err := platform.EncodeRegistry(o.message)
	var invalid *platform.InvalidError
	if errors.As(err, &invalid) {
		return fault.NewUsage("docs/platform.md has all messages.", "the registry would not accept this: %w", err)
	}
	o.body = body
	return err
}

const (
	pollEvery = 300 * time.Millisecond
	settle    = 5 * time.Second // for what comes after the effect, and may be missing
)

// carryOut sends the message and waits until done says so. A read that fails is
// repeated until then.
func (d *desk) carryOut(ctx context.Context, o order, atMost time.Duration, done func(context.Context) (bool, error)) error {
	unknown, err := d.registry.Send(ctx, o.body, o.group)
	if err != nil && !unknown {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if err != nil {
		d.note("SQS's answer was lost (%v). The message may be queued: waiting to see whether it takes effect.", err)
	}
	if atMost <= 0 {
		return nil
	}
	last := d.wait(ctx, atMost, done)
	switch {
	case last == nil:
		return nil
	case ctx.Err() != nil:
		d.note("The message is queued, and will take effect anyway.")
		return ctx.Err()
	case err != nil:
		return fault.NewFailed("It is safe to run it again.", "%s after %d s, and the message may not have been queued: %w", o.effect, int(atMost.Seconds()), err)
	case errors.Is(last, errNotYet):
		return fault.NewFailed("The message is queued, and takes effect when its turn comes. "+o.look,
			"%s after %d s", o.effect, int(atMost.Seconds()))
	}
	return fault.NewFailed("The message is queued. Look again in a minute.", "%s as far as can be seen: %w", o.effect, last)
}

var errNotYet = errors.New("not yet")

// wait asks again and again until it is done, for so long at most. Then the error is
// errNotYet, or why it could not be seen.
func (d *desk) wait(ctx context.Context, atMost time.Duration, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	last := errNotYet
	for {
		ok, err := done(ctx)
		switch {
		case ok:
			return nil
		case err == nil:
			last = errNotYet
		case ctx.Err() == nil:
			last = err
		}
		if !retry.Pause(ctx, pollEvery) {
			return last
		}
	}
}

// knownApp reads an app that something is to be done to.
func (d *desk) knownApp(ctx context.Context, id string) (platform.App, error) {
	app, found, err := d.apps.ReadApp(ctx, id)
	switch {
	case err != nil:
		return app, fmt.Errorf("read app %s: %w", id, err)
	case !found:
		return app, fault.NewNotFound("`hookwarden apps TEXT` looks for one by its name or URL. A message about it would wait, and become a dead letter.",
			"no app %s is registered", id)
	case app.Deleted:
		return app, fault.NewNotFound("Only the platform can bring it back, by app.put.", "app %s is deleted", id)
	}
	return app, nil
}
