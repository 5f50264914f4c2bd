package e2e

import (
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// An integration has neither a URL nor secrets, and fatal outcomes alone disable it.
// They are put into the Buffer here.
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
	a.failDays(t, 6)
	a.countToday(t, stack.Item{"error_count": int64(3)})
	time.Sleep(5 * time.Second)
	if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != "" {
		t.Fatalf("errors disabled an app that only fatal outcomes break: %v %v", item, err)
	}
	a.countToday(t, stack.Item{"fatal_count": int64(1)})
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
}

// countToday puts today's counts into the Buffer.
func (a *app) countToday(t *testing.T, counts stack.Item) {
	t.Helper()
	counts["pk"], counts["day"] = a.bufferKey(t), time.Now().UTC().Format(time.DateOnly)
	must(t, running.Put(t.Context(), "BUFFER_TABLE", counts))
}
