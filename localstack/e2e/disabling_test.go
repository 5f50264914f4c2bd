package e2e

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

func TestDisabling(t *testing.T) {
	t.Run("seven days of errors are warned of twice and disable an app, its owners are told, and enabling brings it back", disabledAndEnabled)
	t.Run("a person disables an app, and the newest of what persons say counts", disabledByHand)
	t.Run("a disabled app is tested, and the platform hears how that ended", testedWhileDisabled)
	t.Run("an older registry message changes nothing", olderMessage)
}

func disabledAndEnabled(t *testing.T) {
	t.Parallel()
	org := newOrganization(t, 2)
	a := newApp(t, org, "internal", receiver.Status(http.StatusBadRequest))
	warnings := a.warnedTwice(t) // of five days, today included
	a.failAgo(t, 5)
	time.Sleep(3 * time.Second) // until the stream has handed out the six days
	if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != "" {
		t.Fatalf("six days of errors disabled the app: %v %v", item, err)
	}
	a.failAgo(t, 6)
	a.send(t, a.webhook(nil))
	item := a.disabled(t)
	if item.Text("disabled_reason") != "error" || len(item["disabled_evidence"].([]any)) != 7 {
		t.Errorf("the app is %v", item)
	}
	a.diagnosed(t, item, http.StatusBadRequest)
	if d, _ := item["disabled_diagnosis"].(stack.Item); d.Text("failing_since") != "" {
		t.Errorf("days that were written by hand say nothing of a time, but this does: %v", d)
	}
	for _, name := range []string{"warned_at", "warned_levels", "warned_evidence", "warned_notified_at"} {
		if item[name] != nil {
			t.Errorf("it is disabled and has %s: %v", name, item[name])
		}
	}
	audit := auditOf(t, org, 3)
	for i, w := range warnings {
		if e := audit[i]; e.Text("event") != "internal-integration.warn" || e.Text("level") != w.Text("warned_level") || len(e["evidence"].([]any)) != 7 ||
			e.Text("sk") != w.Text("warned_at")+"#internal-integration.warn#"+a.id {
			t.Errorf("the audit entry is %v", e)
		}
	}
	if e := audit[2]; e.Text("event") != "internal-integration.disable" || e.Text("app_id") != a.id || e.Text("reason") != "error" ||
		e.Text("sk") != item.Text("disabled_at")+"#internal-integration.disable#"+a.id {
		t.Errorf("the audit entry is %v", e)
	}

	subject := "Action required: Fix your App " + a.slug + " integration"
	settings := "http://platform.example/settings/" + org.id + "/developer-settings/" + a.slug + "/"
	for address, mails := range a.mailsTo(t, org.emails, platform.AppDisabled, item.Text("disabled_at"), subject) {
		if len(mails) != 1 {
			t.Errorf("%s has %d mails", address, len(mails))
		}
		const answered = "Your server answered 400 Bad Request to the newest failed webhook." // the days before it are not of the log
		if !strings.Contains(mails[0].Text, answered) || !strings.Contains(mails[0].HTML, answered) {
			t.Errorf("the mail to %s does not say what came back:\n%s", address, mails[0].Text)
		}
		for _, link := range []string{settings + "?referrer=disabled-sentry-app", settings + "dashboard/?referrer=disabled-sentry-app"} {
			if !strings.Contains(mails[0].Text, link) || !strings.Contains(mails[0].HTML, link) {
				t.Errorf("the mail to %s lacks %s", address, link)
			}
		}
	}
	time.Sleep(30 * time.Second) // deliver caches an app for this long
	a.Answer(receiver.Status(http.StatusOK))
	a.send(t, a.webhook(nil), a.webhook(object{"resource": "installation", "action": "created"}))
	skipped := 0
	for _, e := range a.entries(t, 3) {
		if e.Text("outcome") == "skipped" && e.Text("error_code") == "app_disabled" && e.Text("event_type") == "issue.created" {
			skipped++
		}
	}
	if got := a.Got(); len(got) != 2 || skipped != 1 || got[1].Header.Get("Sentry-Hook-Resource") != "installation" {
		t.Errorf("%d requests, %d skipped", len(got), skipped)
	}

	enabledAt := time.Now().UTC()
	enable(t, a, enabledAt, org.emails[0])
	a.send(t, a.webhook(nil), a.webhook(object{"resource": "error", "action": "created"}), a.webhook(object{"resource": "comment", "action": "created"}))
	outcomes := make(map[string]int)
	for _, e := range a.entries(t, 6) {
		outcomes[e.Text("event_type")+" "+e.Text("outcome")]++
	}
	if outcomes["issue.created success"] != 1 || outcomes["error.created success"] != 1 || outcomes["comment.created skipped"] != 1 {
		t.Errorf("after the enabling: %v", outcomes)
	}
	auditOf(t, org, 4)
	for key, want := range map[string]int{a.id + "#" + org.id + "#1": 7, a.id + "#" + org.id + "#2": 1} { // the first generation is unchanged
		if days, err := running.Query(t.Context(), "BUFFER_TABLE", key); err != nil || len(days) != want {
			t.Errorf("%d days of %s, want %d: %v", len(days), key, want, err)
		}
	}
	// The owner who enabled it needs no mail.
	subject = "Webhooks of your App " + a.slug + " integration are flowing again"
	mails := a.mailsTo(t, org.emails[1:], platform.AppEnabled, platform.FormatTime(enabledAt), subject)
	if hasMailbox() && len(mails[org.emails[1]]) != 1 {
		t.Errorf("%d mails about the enabling", len(mails[org.emails[1]]))
	}
	if mails, err := running.Mails(t.Context()); err != nil {
		t.Error(err)
	} else {
		for _, m := range mails {
			if m.Subject == subject && strings.Contains(strings.Join(m.To, " "), org.emails[0]) {
				t.Error("the owner who enabled the app was mailed about it")
			}
		}
	}

	for i, e := range a.heard(t, 4) {
		if i < 2 {
			w := warnings[i]
			if e.Type != "app.warning" || e.At != w.Text("warned_at") || e.Reason != "error" || len(e.Evidence) != 7 || e.Warning == nil ||
				string(e.Warning.Level) != w.Text("warned_level") || e.Warning.CutOn != w.Text("warned_cut_on") {
				t.Errorf("event %d is %+v", i, e)
			}
			continue
		}
		i -= 2
		want := platform.Event{ID: e.ID, Type: "app.disabled", At: item.Text("disabled_at"),
			App:          platform.EventApp{ID: a.id, Slug: a.slug, Name: "App " + a.slug, Kind: "sentry-app"},
			Organization: platform.NoticeOrganization{ID: org.id, Slug: org.id, Name: e.Organization.Name}, Reason: "error", Evidence: e.Evidence,
			Diagnosis: e.Diagnosis}
		if i == 1 {
			want.Type, want.At, want.Reason, want.Actor, want.Diagnosis = "app.enabled", platform.FormatTime(enabledAt), "", e.Actor, nil
		} else if d := e.Diagnosis; d == nil || len(d.Answers) != 1 || d.Answers[0].Status != http.StatusBadRequest {
			t.Errorf("the platform hears that this is wrong: %+v", d)
		}
		if diff := cmp.Diff(want, e); diff != "" || i == 0 && len(e.Evidence) != 7 || i == 1 && !strings.Contains(string(e.Actor), org.emails[0]) {
			t.Errorf("event %d, with %d days and actor %s (-want +got):\n%s", i, len(e.Evidence), e.Actor, diff)
		}
	}

	// The app is disabled again. Then the same enabling comes once more,
	// late.
	must(t, running.Put(t.Context(), "BUFFER_TABLE", stack.Item{"pk": a.bufferKey(t),
		"day": time.Now().UTC().Format(time.DateOnly), "fatal_count": int64(1)}))
	again := a.disabled(t)
	if again.Text("disabled_reason") != "fatal" {
		t.Errorf("the app is %v", again)
	}
	enable(t, a, enabledAt, org.emails[0])
	time.Sleep(3 * time.Second)
	if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != again.Text("disabled_at") {
		t.Errorf("a late app.enable undid a newer disabling: %v %v", item, err)
	}
}

// warnedTwice lets an app have failed for three days and then for five, day by day, and
// returns the app as it was under each warning, once its mails have come.
func (a *app) warnedTwice(t *testing.T) (warnings []stack.Item) {
	t.Helper()
	for i, ago := range [][]int{{0, 1, 2}, {3, 4}} {
		a.failAgo(t, ago...)
		item := a.warned(t, []string{"days:3", "days:5"}[i])
		cut := time.Now().UTC().AddDate(0, 0, []int{4, 2}[i])
		if item.Text("warned_reason") != "error" || item.Text("warned_cut_on") != cut.Format(time.DateOnly) || len(item["warned_evidence"].([]any)) != 7 ||
			!strings.HasPrefix(item.Text("standing"), "warned#") {
			t.Errorf("the app is %v", item)
		}
		subject := "Your App " + a.slug + " integration is failing"
		eventually(t, "the mails of the warning", func(ctx context.Context) error {
			for address, mails := range a.mailsTo(t, a.org.emails, platform.AppWarning, item.Text("warned_at"), subject) {
				if len(mails) < i+1 {
					return stack.ErrNotYet
				}
				names := func(m stack.Mail) bool {
					return strings.Contains(strings.Join(strings.Fields(m.Text), " "), cut.Format("Monday, 2 January 2006"))
				}
				if len(mails) > i+1 || !slices.ContainsFunc(mails, names) {
					t.Errorf("%d mails to %s: %v", len(mails), address, mails)
				}
			}
			return ctx.Err()
		})
		warnings = append(warnings, item)
	}
	return warnings
}

func enable(t *testing.T, a *app, at time.Time, email string) {
	t.Helper()
	register(t, object{"type": "app.enable", "app_id": a.id, "at": at.Format(time.RFC3339Nano),
		"actor": object{"type": "user", "id": 7, "name": "Ada", "email": email}})
	eventually(t, "the app is enabled or was", func(ctx context.Context) error {
		item, err := running.Get(ctx, "APPS_TABLE", "id", a.id)
		if err == nil && item.Text("enabled_at") == "" {
			return stack.ErrNotYet
		}
		return err
	})
}

func auditOf(t *testing.T, org organization, want int) []stack.Item {
	t.Helper()
	entries, err := running.Query(t.Context(), "AUDIT_TABLE", org.id)
	must(t, err)
	if len(entries) != want {
		t.Fatalf("%d audit entries, want %d: %v", len(entries), want, entries)
	}
	return entries
}

func olderMessage(t *testing.T) {
	t.Parallel()
	org := newOrganization(t, 1)
	a := newApp(t, org, "published", receiver.Status(http.StatusOK))
	a.settings["name"] = "Second"
	a.put(t, 5)
	register(t, object{"type": "app.put", "version": 5, "app": a.settings}) // as it is
	a.settings["name"] = "First"
	register(t, object{"type": "app.put", "version": 4, "app": a.settings},
		object{"type": "app.put", "version": 5, "app": a.settings},
		object{"type": "app.delete", "version": 4, "app_id": a.id},
		object{"type": "organization.put", "version": 1, "organization": object{"id": org.id, "slug": "other", "name": "Other"}})
	marker := newApp(t, org, "published", receiver.Status(http.StatusOK)) // queued behind them
	time.Sleep(2 * time.Second)
	_ = marker
	item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id)
	must(t, err)
	if item.Text("name") != "Second" || item.Int("version") != 5 || item["deleted"] != nil {
		t.Errorf("the app is %v", item)
	}
	if item, err := running.Get(t.Context(), "ORGANIZATIONS_TABLE", "id", org.id); err != nil || item.Text("slug") != org.id {
		t.Errorf("the organization is %v, %v", item, err)
	}
}
