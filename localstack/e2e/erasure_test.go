package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// What expires by TTL, or has only the organization's id, is left: the log, the counts, and which
// notices were sent.
func TestErasureOfAnOrganizationLeavesNoNameInAnyTable(t *testing.T) {
	since := time.Now()
	org, neighbour := newOrganization(t, 2), newApp(t, newOrganization(t, 1), "internal", receiver.Status(http.StatusOK))
	moved := newApp(t, org, "internal", receiver.Status(http.StatusOK))
	moved.settings["organization_id"] = neighbour.org.id
	moved.put(t, 2)
	a := newApp(t, org, "internal", receiver.Status(http.StatusBadRequest))
	a.failDays(t, 6)
	a.send(t, a.webhook(nil))
	item := a.disabled(t)
	a.mailsTo(t, org.emails, platform.AppDisabled, item.Text("disabled_at"), "Action required: Fix your App "+a.slug+" integration")
	const many = 30 // more than one step erases
	var apps []any
	for n := range many {
		must(t, running.Put(t.Context(), "AUDIT_TABLE", stack.Item{"pk": org.id, "sk": fmt.Sprintf("2026-01-01T00:00:00.000Z#%d", n), "name": "App " + org.id}))
		apps = append(apps, object{"type": "app.put", "version": 5, "app": object{"id": fmt.Sprintf("%s-%d", org.id, n), "uuid": unique("uuid"),
			"slug": unique("slug"), "name": "App " + org.id, "status": "published", "organization_id": org.id, "webhook_url": a.URL, "secrets": []string{"hush"}}})
	}
	register(t, apps...)
	eventually(t, "all apps are registered", func(ctx context.Context) error { return appsOf(ctx, org, many, false) })

	deletion := object{"type": "organization.delete", "organization_id": org.id, "version": 2}
	register(t, deletion)
	eventually(t, "all apps are deleted, and all entries", func(ctx context.Context) error {
		entries, err := running.Query(ctx, "AUDIT_TABLE", org.id)
		if err == nil && len(entries) > 0 {
			err = stack.ErrNotYet
		}
		if err == nil {
			err = appsOf(ctx, org, many, true)
		}
		return err
	})
	tombstone, err := running.Get(t.Context(), "ORGANIZATIONS_TABLE", "id", org.id)
	must(t, err)
	if tombstone["deleted"] != true || tombstone.Int("version") != 2 || len(tombstone) != 4 {
		t.Errorf("the tombstone is %v", tombstone)
	}
	noNameOf(t, org, a.slug, a.settings["uuid"].(string))
	for id, owner := range map[string]string{neighbour.id: neighbour.org.id, moved.id: neighbour.org.id} {
		if item, err := running.Get(t.Context(), "APPS_TABLE", "id", id); err != nil || item["deleted"] != nil || item.Text("organization_id") != owner || item.Text("name") == "" {
			t.Errorf("an app of another organization is %v, %v", item, err)
		}
	}
	for table, key := range map[string]string{"REQUESTS_TABLE": a.logKey(), "BUFFER_TABLE": a.id + "#" + org.id + "#1"} {
		if left, err := running.Query(t.Context(), table, key); err != nil || len(left) == 0 {
			t.Errorf("%s lost what its TTL ends: %v", table, err)
		}
	}

	// An app that was put at the same time may only be found at the second look, a quarter of an
	// hour later. The test makes the second look now.
	register(t, object{"type": "app.put", "version": 6, "app": apps[0].(object)["app"]})
	eventually(t, "the app is there again", func(ctx context.Context) error {
		item, err := running.Get(ctx, "APPS_TABLE", "id", org.id+"-0")
		if err == nil && item["deleted"] != nil {
			return stack.ErrNotYet
		}
		return err
	})
	tombstone["deleted_at"] = platform.FormatTime(time.Now().Add(-15 * time.Minute))
	must(t, running.Put(t.Context(), "ORGANIZATIONS_TABLE", tombstone))
	body, err := json.Marshal(deletion)
	must(t, err)
	answer, err := running.Invoke(t.Context(), "REGISTER_FUNCTION", object{"Records": []object{{"messageId": "again", "receiptHandle": "none", "body": string(body),
		"attributes": object{"SentTimestamp": fmt.Sprint(since.UnixMilli()), "ApproximateReceiveCount": "2"}}}})
	if err != nil || strings.ReplaceAll(answer, " ", "") != `{"batchItemFailures":[]}` {
		t.Errorf("the second look: %s, %v", answer, err)
	}
	must(t, appsOf(t.Context(), org, many, true))

	sweep(t) // the disabled app has no owners any more, and that is not reported
	if !onLocalStack() {
		for _, line := range logged(t.Context(), t, "sweep", since) {
			if strings.Contains(line.text, "nobody to tell") && strings.Contains(line.text, a.id) {
				t.Errorf("the sweep says %s", line.text)
			}
		}
	}
}

// appsOf fails unless the organization's apps are there, or are tombstones.
func appsOf(ctx context.Context, org organization, many int, deleted bool) error {
	for n := range many {
		item, err := running.Get(ctx, "APPS_TABLE", "id", fmt.Sprintf("%s-%d", org.id, n))
		if err != nil {
			return err
		}
		if item == nil || (item["deleted"] == true) != deleted || (item.Text("name") == "") != deleted || (item.Text("organization_id") == "") != deleted {
			return fmt.Errorf("app %d is %v", n, item)
		}
	}
	return nil
}

// noNameOf looks through the tables that outlast the stack. Of an erased organization they may
// only have the id, in its tombstone and in one audit entry.
func noNameOf(t *testing.T, org organization, words ...string) {
	t.Helper()
	for _, table := range []string{"APPS_TABLE", "SECRETS_TABLE", "ORGANIZATIONS_TABLE", "AUDIT_TABLE"} {
		items, err := running.Scan(t.Context(), table)
		must(t, err)
		entries := 0
		for _, i := range items {
			if i.Text("pk") == "#deleted" && i.Text("organization_id") == org.id {
				entries++
			}
			text := fmt.Sprint(i)
			for _, word := range append(words, "Org "+org.id, "App "+org.id, "@"+org.id) {
				if strings.Contains(text, word) {
					t.Errorf("%s has %s", table, text)
				}
			}
		}
		if table == "AUDIT_TABLE" && entries != 1 {
			t.Errorf("%d entries of the erasing", entries)
		}
	}
}
