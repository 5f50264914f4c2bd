package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/sample"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// TestEventsDoWhatTheirNamesSay calls each function with each of its events, as
// `make invoke` does, in an order that makes sense.
func TestEventsDoWhatTheirNamesSay(t *testing.T) {
	app, err := receiver.Start(sample.Secret, sample.Answer)
	must(t, err)
	defer app.Close()
	own := map[string]string{"17": unique("app"), "18": unique("app"), "19": unique("app"), "integration:77": unique("integration"), noticeID: unique("notice"), warningID: unique("notice"), recoveryID: unique("notice")}
	events := []struct {
		name string
		did  func(*testing.T, *scene)
	}{
		{"register-organization-put", func(t *testing.T, s *scene) { s.has(t, "ORGANIZATIONS_TABLE", "42", "slug", "acme") }},
		{"register-app-put", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "17", "status", "internal") }},
		{"register-app-put-published", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "18", "status", "published") }},
		{"register-app-put-integration", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "integration:77", "kind", "integration") }},
		{"deliver-success", func(t *testing.T, s *scene) { s.logged(t, "17", "evt_success", "1 success 200") }},
		{"deliver-installation", func(t *testing.T, s *scene) { s.logged(t, "17", "evt_installation", "1 success 200") }},
		{"deliver-400", func(t *testing.T, s *scene) { s.logged(t, "17", "evt_400", "1 error 400") }},
		{"deliver-timeout", func(t *testing.T, s *scene) { s.logged(t, "17", "evt_timeout", "1 timeout 0 timeout_response") }},
		{"deliver-retry", func(t *testing.T, s *scene) { s.logged(t, "18", "evt_retry", "2 success 200") }},
		{"deliver-poison", poisoned},
		{"deliver-outcomes", func(t *testing.T, s *scene) { s.counted(t, 120, 3) }},
		{"deliver-counts", func(t *testing.T, s *scene) { s.counted(t, 4, 1) }},
		{"disable-healthy", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "17", "disabled_at", "") }},
		{"disable-removed", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "17", "disabled_at", "") }},
		{"disable-broken", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "17", "disabled_reason", "error") }},
		{"notify-disabled", func(t *testing.T, s *scene) { s.noticeIs(t, noticeID, "sent") }},
		{"register-app-test", func(t *testing.T, s *scene) { s.logged(t, "17", "tst_button", "1 success 200") }},
		{"register-app-enable", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "17", "disabled_at", "") }},
		{"notify-recovered", func(t *testing.T, s *scene) { s.noticeIs(t, recoveryID, "sent"); s.warn(t) }},
		{"notify-warning", func(t *testing.T, s *scene) { s.noticeIs(t, warningID, "sent") }},
		{"register-app-disable", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "18", "disabled_reason", "manual") }},
		{"register-brake-open", braked},
		{"register-app-delete", func(t *testing.T, s *scene) { s.has(t, "APPS_TABLE", "19", "deleted", true) }},
		{"register-organization-delete", func(t *testing.T, s *scene) { s.has(t, "ORGANIZATIONS_TABLE", "43", "deleted", true) }},
		{"sweep-schedule", func(*testing.T, *scene) {}}, // it judges what the other tests left, so only its answer is checked
	}
	seen := make(map[string]bool)
	for _, e := range events {
		seen[e.name+".json"] = true
		t.Run(e.name, func(t *testing.T) {
			s := &scene{own: own, now: time.Now()}
			s.take(t, e.name, strings.TrimSuffix(app.URL, "/hook"))
			e.did(t, s)
		})
	}
	files, err := filepath.Glob(filepath.Join(root, "events", "*.json"))
	must(t, err)
	for _, file := range files {
		if !seen[filepath.Base(file)] {
			t.Errorf("nothing says what %s does", file)
		}
	}
	for _, err := range app.Bad() {
		t.Error(err)
	}
}

// The notices' ids in the files.
const (
	noticeID   = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	warningID  = "1f1e2d3c4b5a69788796a5b4c3d2e1f0"
	recoveryID = "2f1e2d3c4b5a69788796a5b4c3d2e1f0"
)

// scene is the stage of one event. Its apps have new ids, since another run of
// the tests may have left the apps of the files slow or disabled.
type scene struct {
	own    map[string]string // new ids by the files' ids
	now    time.Time
	before stack.Item // today's counts of the first app
}

func (s *scene) day() string { return s.now.UTC().Format(time.DateOnly) }

// take calls the function with the event.
func (s *scene) take(t *testing.T, name, receiver string) {
	t.Helper()
	text, err := sample.Here{Names: running.Names, Receiver: receiver, Now: s.now}.Event(filepath.Join(root, "events", name+".json"))
	must(t, err)
	var ids []string
	for there, here := range s.own {
		ids = append(ids, `\"`+there+`\"`, `\"`+here+`\"`, there+"#42", here+"#42")
	}
	ids = append(ids, "https://ci-bot.example/hook", receiver+"/200") // the URL of the first app, which is tested
	event, err := sample.TrueNotices(t.Context(), running.Stack, []byte(strings.NewReplacer(ids...).Replace(string(text))))
	must(t, err)
	must(t, sample.PutImages(t.Context(), running.Stack, event))
	s.before = s.counts(t)
	function, _, _ := strings.Cut(name, "-")
	answer, err := running.Invoke(t.Context(), strings.ToUpper(function)+"_FUNCTION", json.RawMessage(event))
	must(t, err)
	want := `{"batchItemFailures":[]}`
	switch {
	case function == "sweep":
		want = `{}`
	case name == "register-organization-delete": // the message must come again
		want = `{"batchItemFailures":[{"itemIdentifier":"19dd0b57-b21e-4ac1-bd88-01bbb068cb78"}]}`
	}
	var compact bytes.Buffer
	must(t, json.Compact(&compact, []byte(answer)))
	if compact.String() != want {
		t.Errorf("answer %s, want %s", &compact, want)
	}
}

func (s *scene) counts(t *testing.T) stack.Item {
	t.Helper()
	item, err := running.Get(t.Context(), "BUFFER_TABLE", "pk", s.own["17"]+"#42#1", "day", s.day())
	must(t, err)
	return item
}

// has checks an attribute of an item. An absent text counts as empty.
func (s *scene) has(t *testing.T, table, id, name string, want any) {
	t.Helper()
	if own := s.own[id]; own != "" {
		id = own
	}
	item, err := running.Get(t.Context(), table, "id", id)
	must(t, err)
	got := item[name]
	if got == nil {
		got = ""
	}
	if item == nil || got != want {
		t.Errorf("%s of %s in %s is %v, want %v", name, id, table, got, want)
	}
}

// logged waits for the event's entry in the app's log. While slow answers hold
// the batches, its webhook goes over RetryQueue.
func (s *scene) logged(t *testing.T, app, id, want string) {
	t.Helper()
	eventually(t, id+" is in the log", func(ctx context.Context) error {
		entries, err := running.Query(ctx, "REQUESTS_TABLE", s.own[app]+"#"+s.day())
		for _, e := range entries {
			if !strings.Contains(e.Text("sk"), "#"+id+"#") {
				continue
			}
			if got := strings.TrimSpace(attempts([]stack.Item{e})[0] + " " + e.Text("error_code")); got != want {
				t.Errorf("the log has %q, want %q", got, want)
			}
			return nil
		}
		return errors.Join(err, stack.ErrNotYet)
	})
}

// counted checks what was added to the sample app's counts.
func (s *scene) counted(t *testing.T, successes, errs int64) {
	t.Helper()
	after := s.counts(t)
	if after.Int("success_count") != s.before.Int("success_count")+successes || after.Int("error_count") != s.before.Int("error_count")+errs {
		t.Errorf("the counts went from %v to %v", s.before, after)
	}
}

func poisoned(t *testing.T, _ *scene) {
	letter := deadLetter(t, "WEBHOOK_DLQ_URL", "evt_poison", patience())
	if letter == nil || letter.Attributes["hookwarden.reason"] != "invalid_message" {
		t.Errorf("the dead letter is %v", letter)
	}
}

func braked(t *testing.T, _ *scene) {
	latch, err := running.Get(t.Context(), "AUDIT_TABLE", "pk", "#brake", "sk", "latch")
	must(t, err)
	until, err := time.Parse(time.RFC3339, latch.Text("open_until"))
	if err != nil || time.Until(until) < 3*time.Hour || latch.Text("until") != "" {
		t.Errorf("the latch is %v", latch)
	}
	opening, err := running.Get(t.Context(), "AUDIT_TABLE", "pk", "#brake", "sk", latch.Text("opened_at")+"#brake.open")
	must(t, err)
	if opening.Text("event") != "brake.open" || opening["actor"] == nil {
		t.Errorf("the opening is audited as %v", opening)
	}
}

// warn puts the first app under a warning of which there is a notice.
func (s *scene) warn(t *testing.T) {
	t.Helper()
	_, err := running.DB.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(running.Names["APPS_TABLE"]), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: s.own["17"]}},
		UpdateExpression:          aws.String("SET warned_at = :at"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":at": &types.AttributeValueMemberS{Value: platform.FormatTime(s.now)}},
	})
	must(t, err)
}

func (s *scene) noticeIs(t *testing.T, id, state string) {
	t.Helper()
	notice, err := running.Get(t.Context(), "NOTICES_TABLE", "pk", s.own[id])
	must(t, err)
	if notice.Text("state") != state {
		t.Errorf("the notice is %v, want it %s", notice, state)
	}
}
