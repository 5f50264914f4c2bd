package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// An integration has neither a URL nor secrets. The platform reports how its own calls
// ended, and only fatal outcomes disable it.
func TestIntegrationIsDisabledInItsOwnWords(t *testing.T) {
	t.Parallel()
	org := newOrganization(t, 2)
	a := &app{id: unique("integration"), slug: unique("provider"), org: org}
	a.settings = object{"id": a.id, "uuid": unique("uuid"), "slug": a.slug, "name": "App " + a.slug, "status": "published",
		"organization_id": org.id, "kind": "integration", "breaker": "fatal"}
	a.put(t, 1)
	a.send(t, a.webhook(object{"resource": "alert", "action": "open"}),
		a.webhook(object{"resource": "alert", "action": "open", "url": "https://receiver.example"}))
	for _, e := range a.entries(t, 2) {
		if e.Text("outcome") != "skipped" || e.Text("error_code") != "no_url" {
			t.Errorf("a webhook for an app without URL and secrets: %v", e)
		}
	}
	at := time.Now()
	a.failDays(t, 6) // written into the Buffer, since the test cannot wait for days
	a.report(t, "out_1", at, object{"success": 0, "error": 3})
	a.report(t, "out_1", at, object{"success": 0, "error": 3})
	eventually(t, "the report is counted", func(ctx context.Context) error {
		return a.countedToday(ctx, t, 3)
	})
	time.Sleep(5 * time.Second)
	if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != "" {
		t.Fatalf("errors disabled an app that only fatal outcomes break: %v %v", item, err)
	}
	must(t, a.countedToday(t.Context(), t, 3)) // counted once, though it came twice
	a.report(t, "out_2", at, object{"fatal": 1})
	item := a.disabled(t)
	if e := auditOf(t, org, 1)[0]; item.Text("disabled_reason") != "fatal" || e.Text("event") != "integration.disable" {
		t.Errorf("the app is %v, the audit entry %v", item, e)
	}
	link := "http://platform.example/settings/" + org.id + "/integrations/" + a.slug + "/?referrer=disabled-integration"
	subject := "Action required: re-authenticate or fix your App " + a.slug + " integration"
	for address, mails := range a.mailsTo(t, org.emails, platform.AppDisabled, item.Text("disabled_at"), subject) {
		for _, body := range []string{mails[0].Text, mails[0].HTML} {
			if len(mails) != 1 || !strings.Contains(body, link) || strings.Contains(strings.ToLower(body), "webhook") {
				t.Errorf("%d mails to %s: %s", len(mails), address, body)
			}
		}
	}
	enabledAt := time.Now().UTC()
	enable(t, a, enabledAt, org.emails[0])
	a.mailsTo(t, org.emails[1:], platform.AppEnabled, platform.FormatTime(enabledAt), "Your App "+a.slug+" integration is enabled again")
	if e := auditOf(t, org, 2)[1]; e.Text("event") != "integration.enable" {
		t.Errorf("the audit entry is %v", e)
	}
	a.report(t, "out_3", at, object{"fatal": 1, "success": 7}) // from before the token was renewed
	eventually(t, "the successes are counted", func(ctx context.Context) error {
		day, err := running.Get(ctx, "BUFFER_TABLE", "pk", a.bufferKey(t), "day", at.UTC().Format(time.DateOnly))
		if err == nil && (day.Int("success_count") != 7 || day.Int("fatal_count") != 0) {
			err = fmt.Errorf("the counts after the enabling are %v", day)
		}
		return err
	})
	for i, e := range a.heard(t, 2) {
		if want := []string{"app.disabled", "app.enabled"}[i]; e.Type != want || e.App.Kind != "integration" {
			t.Errorf("the platform hears %+v, want %s", e, want)
		}
	}
}

// report sends outcomes.
func (a *app) report(t *testing.T, id string, at time.Time, counts object) {
	t.Helper()
	body := object{"type": "outcomes", "id": id + "_" + strings.ReplaceAll(a.id, ".", "_"), "app_id": a.id, "organization_id": a.org.id,
		"at": at.UTC().Format(time.RFC3339Nano), "counts": counts}
	must(t, running.Send(t.Context(), "WEBHOOK_QUEUE_URL", stack.Message{GroupID: a.id, Body: body}))
}

// countedToday fails unless today has this many errors.
func (a *app) countedToday(ctx context.Context, t *testing.T, errs int64) error {
	t.Helper()
	day, err := running.Get(ctx, "BUFFER_TABLE", "pk", a.bufferKey(t), "day", time.Now().UTC().Format(time.DateOnly))
	if err == nil && day.Int("error_count") != errs {
		err = fmt.Errorf("today's counts are %v", day)
	}
	return err
}
