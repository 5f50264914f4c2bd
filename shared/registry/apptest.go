package registry

import (
	"context"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// Tests queues tests.
type Tests interface {
	// SendTest queues a test, which deliver sends at once; sentAt is when the platform asked
	// for it. After nil the test is durable. After an error that wraps platform.ErrRefused it
	// never will be; after any other error it may be. A test that is queued twice is sent
	// twice.
	SendTest(ctx context.Context, test platform.Webhook, sentAt time.Time) error
}

// test queues a test of an app, disabled or not. A deleted app has nothing left to test.
func (j *Job) test(ctx context.Context, m platform.AppTest, sentAt time.Time) error {
	app, found, err := j.Standing.ReadApp(ctx, m.AppID)
	switch {
	case err != nil:
		return err
	case !found:
		err = ErrUnknownApp
	case app.Deleted:
		err = j.tellUntested(ctx, m, app)
	default:
		m.OrganizationID = app.OrganizationID
		err = j.Tests.SendTest(ctx, m.Webhook, sentAt)
	}
	if err != nil {
		return fmt.Errorf("test app %s: %w", m.AppID, err)
	}
	j.Logger.InfoContext(ctx, "test taken", append(m.Names(), "deleted", app.Deleted)...)
	return nil
}

// tellUntested tells the platform that a test was not sent because its app is deleted, as
// deliver would.
func (j *Job) tellUntested(ctx context.Context, m platform.AppTest, app platform.App) error {
	if j.Standing.Events == nil {
		return nil
	}
	return j.Standing.Events.SendEvent(ctx, platform.NewTested(app, j.Now(),
		platform.TestResult{ID: m.ID, Outcome: "skipped", ErrorCode: "app_deleted"}))
}
