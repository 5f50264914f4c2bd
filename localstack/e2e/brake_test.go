package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// It runs alone: while the brake is latched, no app is disabled.
func TestBrakeThatLatchesHoldsADisablingUntilItIsOpened(t *testing.T) {
	now := time.Now().UTC()
	must(t, running.Put(t.Context(), "AUDIT_TABLE", stack.Item{"pk": "#brake", "sk": "latch", "reason": "timeout", "app_id": "another",
		"since": platform.FormatTime(now.Add(-time.Minute)), "until": platform.FormatTime(now.Add(24 * time.Hour))}))
	open := object{"type": "brake.open", "brake": "disable", "hours": 1, "actor": object{"type": "user", "id": 7}}
	opened := false
	defer func() {
		if !opened {
			register(t, open)
		}
	}()

	a := newApp(t, newOrganization(t, 1), "internal", receiver.Status(http.StatusOK))
	day := now.Format(time.DateOnly)
	must(t, running.Put(t.Context(), "BUFFER_TABLE", stack.Item{"pk": a.bufferKey(t), "day": day, "failing_day": day + "#0", "fatal_count": int64(1)}))
	sweep(t)
	if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != "" {
		t.Fatalf("the app is %v, %v", item, err)
	}

	register(t, open)
	eventually(t, "the latch is lifted", func(ctx context.Context) error {
		latch, err := running.Get(ctx, "AUDIT_TABLE", "pk", "#brake", "sk", "latch")
		if err == nil && (latch.Text("until") != "" || latch.Text("open_until") == "") {
			return stack.ErrNotYet
		}
		return err
	})
	opened = true
	sweep(t)
	if item := a.disabled(t); item.Text("disabled_reason") != "fatal" || item.Text("standing") == "" {
		t.Errorf("the app is %v", item)
	}
}

func sweep(t *testing.T) {
	t.Helper()
	_, err := running.Invoke(t.Context(), "SWEEP_FUNCTION", json.RawMessage(`{}`))
	must(t, err)
}
