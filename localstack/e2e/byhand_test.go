package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

func disabledByHand(t *testing.T) {
	t.Parallel()
	org := newOrganization(t, 1)
	a := newApp(t, org, "published", receiver.Status(http.StatusOK))
	first := time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond)
	disable := func(at time.Time) object {
		return object{"type": "app.disable", "app_id": a.id, "at": platform.FormatTime(at), "note": "It floods a customer.",
			"actor": object{"type": "user", "id": 9, "name": "Grace Hopper"}}
	}
	register(t, disable(first))
	item := a.disabled(t)
	if item.Text("disabled_reason") != "manual" || item.Text("disabled_at") != platform.FormatTime(first) || item.Text("disabled_note") == "" {
		t.Errorf("the app is %v", item)
	}
	e := auditOf(t, org, 1)[0]
	if e.Text("event") != "app.disable" || e.Text("note") != "It floods a customer." || !strings.Contains(fmt.Sprint(e["actor"]), "Grace Hopper") {
		t.Errorf("the audit entry is %v", e)
	}
	for address, mails := range a.mailsTo(t, org.emails, platform.AppDisabled, item.Text("disabled_at"), "Your App "+a.slug+" integration was disabled") {
		if len(mails) != 1 || !strings.Contains(mails[0].Text, "Grace Hopper") || !strings.Contains(mails[0].HTML, "It floods a customer.") {
			t.Errorf("the mails to %s are %v", address, mails)
		}
	}
	for _, e := range a.heard(t, 1) {
		if e.Type != "app.disabled" || e.Reason != "manual" || !strings.Contains(string(e.Actor), "Grace Hopper") {
			t.Errorf("the platform heard %+v", e)
		}
	}

	// An enabling overtakes an older disabling on the queue. The newest
	// counts.
	last := time.Now().UTC()
	enable(t, a, last, org.emails[0])
	register(t, disable(last.Add(-time.Second)), disable(first))
	marker := newApp(t, org, "published", receiver.Status(http.StatusOK)) // queued behind them
	_ = marker
	eventually(t, "the app is enabled", func(ctx context.Context) error {
		item, err := running.Get(ctx, "APPS_TABLE", "id", a.id)
		if err == nil && item.Text("steered_at") != platform.FormatTime(last) {
			return stack.ErrNotYet
		}
		return err
	})
	time.Sleep(2 * time.Second)
	if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != "" || item.Text("disabled_note") != "" {
		t.Errorf("an older app.disable undid a newer app.enable: %v %v", item, err)
	}
	a.heard(t, 2)
}
