package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

type object = map[string]any

// organization is an organization that a test registered.
type organization struct {
	id     string
	emails []string
}

// app is an app that a test registered, with its receiver.
type app struct {
	*receiver.Receiver
	id, slug, secret string
	org              organization
	settings         object // as it was put
}

// bufferKey is the Buffer's key of the app's present generation.
func (a *app) bufferKey(t *testing.T) string {
	t.Helper()
	item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id)
	must(t, err)
	return fmt.Sprintf("%s#%s#%d", a.id, a.org.id, item.Int("generation"))
}

func (a *app) logKey() string { return a.id + "#" + time.Now().UTC().Format(time.DateOnly) }

func newOrganization(t *testing.T, owners int) organization {
	t.Helper()
	org := organization{id: unique("org")}
	var list []object
	for i := range owners {
		email := fmt.Sprintf("owner%d@%s.example", i+1, org.id)
		if !hasMailbox() { // addresses of SES's simulator, so that no person gets a mail from an account
			email = fmt.Sprintf("success+%s-%d@simulator.amazonses.com", org.id, i+1)
		}
		org.emails = append(org.emails, email)
		list = append(list, object{"email": email, "name": fmt.Sprintf("Owner %d", i+1)})
	}
	list = append(list, object{"email": "nobody at all"}, object{"email": nil}) // they must not keep the others from being told
	register(t, object{"type": "organization.put", "version": 1,
		"organization": object{"id": org.id, "slug": org.id, "name": "Org " + org.id, "owners": list}})
	eventually(t, "the organization is registered", func(ctx context.Context) error {
		return found(running.Get(ctx, "ORGANIZATIONS_TABLE", "id", org.id))
	})
	return org
}

// newApp registers an app with a receiver that gives this answer.
func newApp(t *testing.T, org organization, status string, answer receiver.Answer) *app {
	t.Helper()
	a := &app{id: unique("app"), slug: unique("slug"), secret: unique("secret"), org: org}
	var err error
	if a.Receiver, err = receiver.Start(a.secret, answer); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		for _, err := range a.Bad() {
			t.Errorf("app %s got a bad signature: %v", a.id, err)
		}
	})
	a.settings = object{"id": a.id, "uuid": unique("uuid"), "slug": a.slug, "name": "App " + a.slug, "status": status,
		"organization_id": org.id, "webhook_url": a.URL, "secrets": []string{a.secret}, "events": []string{"issue", "error.created"}}
	a.put(t, 1)
	return a
}

// put registers the app's settings under a version and waits until they are
// stored.
func (a *app) put(t *testing.T, version int) {
	t.Helper()
	register(t, object{"type": "app.put", "version": version, "app": a.settings})
	eventually(t, "the app is registered", func(ctx context.Context) error {
		item, err := running.Get(ctx, "APPS_TABLE", "id", a.id)
		if err == nil && item.Int("version") < int64(version) {
			return stack.ErrNotYet
		}
		return err
	})
}

// webhook is a message for the app, with fields changed or added.
func (a *app) webhook(changes object) object {
	message := object{
		"id": unique("evt"), "app_id": a.id, "organization_id": a.org.id,
		"installation": object{"uuid": "7a485448-a9e2-4c85-8a3c-4f44175783c9"},
		"resource":     "issue", "action": "created",
		"data": object{"issue": object{"id": "1"}},
	}
	for name, value := range changes {
		message[name] = value
	}
	return message
}

// send queues webhooks of the app.
func (a *app) send(t *testing.T, webhooks ...object) {
	t.Helper()
	messages := make([]stack.Message, len(webhooks))
	for i, w := range webhooks {
		messages[i] = stack.Message{Body: w, GroupID: a.id}
	}
	must(t, running.Send(t.Context(), "WEBHOOK_QUEUE_URL", messages...))
}

func register(t *testing.T, messages ...any) {
	t.Helper()
	must(t, running.Register(t.Context(), messages...))
}

// entries waits until the app's log of today has this many entries.
func (a *app) entries(t *testing.T, want int) []stack.Item {
	t.Helper()
	var items []stack.Item
	eventually(t, "the log of app "+a.id, func(ctx context.Context) error {
		var err error
		items, err = running.Query(ctx, "REQUESTS_TABLE", a.logKey())
		if err == nil && len(items) != want {
			return fmt.Errorf("%d entries, want %d", len(items), want)
		}
		return err
	})
	return items
}

// disabled waits until the app is disabled and its owners' notices are queued.
func (a *app) disabled(t *testing.T) stack.Item {
	t.Helper()
	var item stack.Item
	eventually(t, "app "+a.id+" is disabled", func(ctx context.Context) error {
		var err error
		item, err = running.Get(ctx, "APPS_TABLE", "id", a.id)
		if err == nil && (item.Text("disabled_at") == "" || item.Text("notified_at") == "") {
			return stack.ErrNotYet
		}
		return err
	})
	return item
}

// failDays puts days of errors into the Buffer: from days ago to yesterday.
func (a *app) failDays(t *testing.T, from int) {
	t.Helper()
	for ago := from; ago > 0; ago-- {
		a.failAgo(t, ago)
	}
}

// failAgo puts an error on each of these days into the Buffer.
func (a *app) failAgo(t *testing.T, days ...int) {
	t.Helper()
	key := a.bufferKey(t)
	for _, ago := range days {
		day := time.Now().UTC().AddDate(0, 0, -ago)
		must(t, running.Put(t.Context(), "BUFFER_TABLE", stack.Item{
			"pk": key, "day": day.Format(time.DateOnly), "error_count": int64(1), // with more, the app would count as dead
			"expires_at": day.AddDate(0, 0, 40).Unix()}))
	}
}

// diagnosed checks that an app's disabling says what its receiver answered to the one webhook
// that was sent, as the request log has it.
func (a *app) diagnosed(t *testing.T, item stack.Item, status int64) {
	t.Helper()
	d, _ := item["disabled_diagnosis"].(stack.Item)
	answers, _ := d["answers"].([]any)
	example, _ := d["example"].(stack.Item)
	if len(answers) != 1 {
		t.Fatalf("the diagnosis is %v", d)
	}
	if first, _ := answers[0].(stack.Item); first["status"] != status || first["count"] != int64(1) || first.Text("outcome") != "error" {
		t.Errorf("the answer is %v", first)
	}
	if example["status"] != status || example.Text("event_type") != "issue.created" || example.Text("at") == "" {
		t.Errorf("the example is %v", example)
	}
}

// warned waits until the app is under a warning of this level and its owners' notices are
// queued.
func (a *app) warned(t *testing.T, level string) stack.Item {
	t.Helper()
	var item stack.Item
	eventually(t, "app "+a.id+" is warned of", func(ctx context.Context) error {
		var err error
		item, err = running.Get(ctx, "APPS_TABLE", "id", a.id)
		if err == nil && (item.Text("warned_level") != level || item.Text("warned_notified_at") == "") {
			return stack.ErrNotYet
		}
		return err
	})
	return item
}

// inTurn answers with one status after another, and then always with the last.
func inTurn(statuses ...int) receiver.Answer {
	return func(w http.ResponseWriter, _ *http.Request, n int) {
		w.WriteHeader(statuses[min(n, len(statuses))-1])
	}
}

// alternately answers with two statuses in turn.
func alternately(first, second int) receiver.Answer {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		if n%2 == 1 {
			receiver.Status(first)(w, r, n)
			return
		}
		receiver.Status(second)(w, r, n)
	}
}
