package e2e

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

func TestUninstall(t *testing.T) {
	t.Run("its last webhook is sent, though the app is deleted before it is handled", lastWebhook)
	t.Run("a put after the deletion keeps its secrets for good", installedAgain)
}

// delete deletes the app and waits until it is a tombstone.
func (a *app) delete(t *testing.T, version int) (deletedAt time.Time) {
	t.Helper()
	register(t, object{"type": "app.delete", "version": version, "app_id": a.id})
	eventually(t, "the app is deleted", func(ctx context.Context) error {
		item, err := running.Get(ctx, "APPS_TABLE", "id", a.id)
		if err == nil && item["deleted"] != true {
			return stack.ErrNotYet
		}
		if text := item.Text("deleted_at"); text != "" {
			deletedAt, err = time.Parse(time.RFC3339, text)
		}
		return err
	})
	return deletedAt
}

func lastWebhook(t *testing.T) {
	t.Parallel()
	// The webhook waits for an app that is not registered yet. When it comes again after 15
	// seconds, the app has been deleted, and no environment has it in its cache.
	org := newOrganization(t, 1)
	early := &app{id: unique("app"), org: org}
	early.send(t, early.webhook(object{"resource": "installation", "action": "deleted"}))
	a := newApp(t, org, "published", receiver.Status(http.StatusOK))
	a.settings["id"], a.id = early.id, early.id
	time.Sleep(3 * time.Second) // until the webhook is read and deferred
	a.put(t, 1)
	deletedAt := a.delete(t, 2)
	if got := attempts(a.entries(t, 1)); !slices.Equal(got, []string{"1 success 200"}) {
		t.Errorf("the log has %q", got)
	}
	if age := time.Since(deletedAt); age < 0 || age > 2*patience() {
		t.Errorf("deleted %s ago", age)
	}
	item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id)
	must(t, err)
	if url := item.Text("webhook_url"); url != "" {
		t.Errorf("the tombstone keeps the URL %s", url)
	}
	secrets, err := running.Get(t.Context(), "SECRETS_TABLE", "app_id", a.id)
	must(t, err)
	if want := deletedAt.Add(time.Hour).Unix(); secrets.Int("expires_at") != want {
		t.Errorf("secrets expire at %d, want %d", secrets.Int("expires_at"), want)
	}

	time.Sleep(time.Until(deletedAt.Add(6 * time.Second)))
	a.send(t, a.webhook(object{"resource": "installation", "action": "deleted"}))
	last := a.entries(t, 2)[1]
	if last.Text("outcome") != "skipped" || last.Text("error_code") != "app_deleted" {
		t.Errorf("a webhook of after the deletion: %v", last)
	}
}

func installedAgain(t *testing.T) {
	t.Parallel()
	a := newApp(t, newOrganization(t, 1), "internal", receiver.Status(http.StatusOK))
	a.delete(t, 2)
	a.put(t, 3)
	a.send(t, a.webhook(object{"resource": "installation", "action": "created"}))
	if got := attempts(a.entries(t, 1)); !slices.Equal(got, []string{"1 success 200"}) {
		t.Errorf("the log has %q", got)
	}
	for table, key := range map[string]string{"APPS_TABLE": "id", "SECRETS_TABLE": "app_id"} {
		item, err := running.Get(t.Context(), table, key, a.id)
		must(t, err)
		for _, name := range []string{"deleted", "deleted_at", "expires_at"} {
			if item[name] != nil {
				t.Errorf("%s of %s is left at %v", name, table, item[name])
			}
		}
	}
}
