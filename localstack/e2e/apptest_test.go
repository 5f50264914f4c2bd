package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/shared/platform"
)

func testedWhileDisabled(t *testing.T) {
	t.Parallel()
	org := newOrganization(t, 1)
	a := newApp(t, org, "internal", receiver.Status(http.StatusOK))
	register(t, object{"type": "app.disable", "app_id": a.id, "at": platform.FormatTime(time.Now().Add(-time.Minute))})
	a.disabled(t)
	test := func(id string) object {
		return object{"type": "app.test", "app_id": a.id, "id": id, "resource": "issue", "action": "resolved", "data": object{"n": 1}}
	}
	first, second := unique("tst"), unique("tst")
	register(t, test(first), test(first)) // the platform sent it twice
	a.entries(t, 2)
	a.Answer(receiver.Status(http.StatusNotFound))
	register(t, test(second))
	for _, e := range a.entries(t, 3) {
		if e["test"] != true || e.Text("event_type") != "issue.resolved" {
			t.Errorf("the log has %v", e)
		}
	}
	for _, got := range a.Got() {
		var body bytes.Buffer // compact, since one engine writes the JSON of a message again
		must(t, json.Compact(&body, got.Body))
		if !strings.HasPrefix(body.String(), `{"action":"resolved","installation":{"uuid":"test"},"data":{"n":1},"actor":{`) {
			t.Errorf("the receiver got %s", got.Body)
		}
	}
	results := make(map[string]platform.TestResult)
	for _, e := range a.heard(t, 1+2) { // the first two have the same id
		if e.Type == platform.EventTested {
			results[e.Test.ID] = *e.Test
			if e.Organization.ID != org.id || e.App.Slug != a.slug {
				t.Errorf("the platform heard %+v", e)
			}
		}
	}
	if r := results[first]; len(results) > 0 && (r.Outcome != "success" || r.ResponseCode != http.StatusOK) {
		t.Errorf("the first test ended as %+v", r)
	}
	if r := results[second]; len(results) > 0 && (r.Outcome != "error" || r.ResponseCode != http.StatusNotFound) {
		t.Errorf("the second test ended as %+v", r)
	}
	if item, err := running.Get(t.Context(), "BUFFER_TABLE", "pk", a.bufferKey(t), "day", time.Now().UTC().Format(time.DateOnly)); err != nil || item != nil {
		t.Errorf("counted %v, %v", item, err)
	}
	auditOf(t, org, 1) // the disabling
}
