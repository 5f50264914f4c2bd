package e2e

import (
	"context"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/dynamo"
)

// TestNeighboursEnvironmentsAreWarnedOfAnAppThatHangs reads the warning as another
// environment would.
func TestNeighboursEnvironmentsAreWarnedOfAnAppThatHangs(t *testing.T) {
	hung := newApp(t, newOrganization(t, 1), "internal", receiver.Hang)
	start := time.Now()
	hung.send(t, hung.webhook(nil), hung.webhook(nil))
	slow := dynamo.SlowApps{API: running.DB, Table: running.Names["SLOW_APPS_TABLE"]}
	eventually(t, "the app is known to be slow", func(ctx context.Context) error {
		warned, err := slow.Warned(ctx, []string{"nobody", hung.id})
		if err == nil && warned[hung.id].IsZero() {
			return stack.ErrNotYet
		}
		if next := warned[hung.id]; err == nil && (len(warned) != 1 || next.Before(start) || next.After(time.Now().Add(time.Minute))) {
			t.Errorf("warned of %v", warned)
		}
		return err
	})
}
