package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

func TestDelivery(t *testing.T) {
	t.Run("each of 200 webhooks over five apps arrives once, signed, counted and logged", allArrive)
	t.Run("a 503 is tried again under the same ids", retried)
	t.Run("a published app that always answers 500 is tried four times", givenUp)
	t.Run("a malformed message is a dead letter and disturbs nobody", malformed)
	t.Run("a message for an app that is registered later is delivered", overtaken)
	t.Run("attributes of ours on WebhookQueue are not believed", forged)
	t.Run("a URL is called as it was registered", asRegistered)
}

func allArrive(t *testing.T) {
	t.Parallel()
	org := newOrganization(t, 1)
	var apps []*app
	for _, status := range []string{"published", "unpublished", "internal", "internal", "internal"} {
		apps = append(apps, newApp(t, org, status, receiver.Status(http.StatusOK)))
	}
	apps[3].Answer(receiver.Status(http.StatusBadRequest))
	apps[4].Answer(alternately(400, 200))

	const each = 40
	want := make(map[string]map[string]string) // bodies by app and webhook
	for _, a := range apps {
		want[a.id] = make(map[string]string)
		var webhooks []stack.Message
		for i := range each {
			id := unique("evt")
			data := fmt.Sprintf(`{"b": 9007199254740993, "a":%d,"s":"\u00e9 é <&>","n":[%s, null]}`, i, largeNumber())
			webhooks = append(webhooks, stack.Message{GroupID: a.id, Body: fmt.Sprintf(
				`{"id":%q,"app_id":%q,"organization_id":%q,"installation":{"uuid":"u-%d"},"resource":"issue","action":"created","data": %s }`,
				id, a.id, org.id, i, data)})
			want[a.id][id] = fmt.Sprintf(`{"action":"created","installation":{"uuid":"u-%d"},"data":%s,"actor":{"type":"application","id":"sentry","name":"Sentry"}}`, i, data)
		}
		must(t, running.Send(t.Context(), "WEBHOOK_QUEUE_URL", webhooks...))
	}
	for _, a := range apps {
		eventually(t, "all webhooks arrive", func(context.Context) error {
			if n := len(a.Got()); n < each {
				return fmt.Errorf("%d of %d", n, each)
			}
			return nil
		})
		entries := a.entries(t, each)
		got := make(map[string]string)
		for _, g := range a.Got() {
			id := g.Header.Get("Request-ID")
			if got[id] != "" {
				t.Errorf("%s arrived twice", id)
			}
			got[id] = string(g.Body)
			if g.Header.Get("webhook-id") != id || g.Header.Get("Sentry-Hook-Resource") != "issue" ||
				g.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(g.Header.Get("User-Agent"), "hookwarden/") {
				t.Errorf("headers of %s: %v", id, g.Header)
			}
		}
		if diff := cmp.Diff(asKept(want[a.id]), asKept(got)); diff != "" {
			t.Errorf("bodies of app %s (-want +got):\n%s", a.id, diff)
		}
		var logged []string
		for _, e := range entries {
			logged = append(logged, strings.Split(e.Text("sk"), "#")[1])
		}
		sort.Strings(logged)
		var ids []string
		for id := range want[a.id] {
			ids = append(ids, id)
		}
		sort.Strings(ids)
		if diff := cmp.Diff(ids, logged); diff != "" {
			t.Errorf("log of app %s (-want +got):\n%s", a.id, diff)
		}
	}
	for i, want := range []map[string]int64{nil, nil, {"success_count": each}, {"error_count": each},
		{"success_count": each / 2, "error_count": each / 2}} {
		days, err := running.Query(t.Context(), "BUFFER_TABLE", apps[i].bufferKey(t))
		must(t, err)
		got := make(map[string]int64)
		for _, day := range days {
			for _, name := range []string{"success_count", "error_count", "timeout_count", "gone_count", "fatal_count"} {
				if n, ok := day[name]; ok {
					got[name] += n.(int64)
				}
			}
		}
		if len(want)+len(got) > 0 && !cmp.Equal(want, got) {
			t.Errorf("counts of app %d: %v, want %v", i, got, want)
		}
	}
}

func retried(t *testing.T) {
	t.Parallel()
	a := newApp(t, newOrganization(t, 1), "published", inTurn(http.StatusServiceUnavailable, http.StatusOK))
	w := a.webhook(nil)
	a.send(t, w)
	entries := a.entries(t, 2)
	if got := attempts(entries); !slices.Equal(got, []string{"1 server_error 503", "2 success 200"}) {
		t.Errorf("the log has %q", got)
	}
	got := a.Got()
	if len(got) != 2 {
		t.Fatalf("%d requests", len(got))
	}
	for _, name := range []string{"Request-ID", "webhook-id"} {
		if got[0].Header.Get(name) != w["id"] || got[1].Header.Get(name) != w["id"] {
			t.Errorf("%s is %q, then %q, want %q", name, got[0].Header.Get(name), got[1].Header.Get(name), w["id"])
		}
	}
	if got[0].Header.Get("webhook-timestamp") == got[1].Header.Get("webhook-timestamp") {
		t.Error("both attempts have the same timestamp")
	}
}

func attempts(entries []stack.Item) []string {
	var list []string
	for _, e := range entries {
		list = append(list, fmt.Sprintf("%d %s %d", e.Int("attempt"), e.Text("outcome"), e.Int("response_code")))
	}
	return list
}

func givenUp(t *testing.T) {
	t.Parallel()
	a := newApp(t, newOrganization(t, 1), "published", receiver.Status(http.StatusInternalServerError))
	w := a.webhook(nil)
	a.send(t, w)
	got := attempts(a.entries(t, 4))
	if want := []string{"1 server_error 500", "2 server_error 500", "3 server_error 500", "4 server_error 500"}; !slices.Equal(got, want) {
		t.Errorf("the log has %q", got)
	}
	time.Sleep(3 * time.Second) // longer than the next delay would be
	if n := len(a.Got()); n != 4 {
		t.Errorf("%d requests", n)
	}
	if letter := deadLetter(t, "WEBHOOK_DLQ_URL", w["id"].(string), time.Second); letter != nil {
		t.Errorf("a receiver's failure became a dead letter: %v", letter)
	}
}

func malformed(t *testing.T) {
	t.Parallel()
	a := newApp(t, newOrganization(t, 1), "published", receiver.Status(http.StatusNoContent))
	var messages []stack.Message
	for range 9 {
		messages = append(messages, stack.Message{Body: a.webhook(nil), GroupID: a.id})
	}
	bad := a.webhook(object{"data": "not an object"})
	messages = append(messages, stack.Message{Body: bad, Attributes: map[string]string{"trace": "t-1"}})
	must(t, running.Send(t.Context(), "WEBHOOK_QUEUE_URL", messages...))

	letter := deadLetter(t, "WEBHOOK_DLQ_URL", bad["id"].(string), patience())
	if letter == nil {
		t.Fatal("the malformed message is not in the dead-letter queue")
	}
	want := map[string]string{"hookwarden.reason": "invalid_message", "hookwarden.detail": "data must be an object", "trace": "t-1"}
	if diff := cmp.Diff(want, letter.Attributes); diff != "" {
		t.Errorf("attributes of the dead letter (-want +got):\n%s", diff)
	}
	a.entries(t, 9)
	if n := len(a.Got()); n != 9 {
		t.Errorf("%d requests", n)
	}
}

func asRegistered(t *testing.T) {
	t.Parallel()
	lines := make(chan string, 10)
	a := newApp(t, newOrganization(t, 1), "published", func(w http.ResponseWriter, r *http.Request, _ int) {
		lines <- r.RequestURI
		w.WriteHeader(http.StatusNoContent)
	})
	url := a.URL + "s/{prod}/acme%2Fci-bot?team=Jörg&tags=a|b"
	a.settings["webhook_url"] = " " + url + "\n"
	a.put(t, 2)
	a.send(t, a.webhook(nil))
	item := a.entries(t, 1)[0]
	if got, want := <-lines, "/hooks/%7Bprod%7D/acme%2Fci-bot?team=J%C3%B6rg&tags=a%7Cb"; got != want {
		t.Errorf("called as %s, want %s", got, want)
	}
	if item.Text("url") != url || item["repeated"] != nil {
		t.Errorf("logged as %v", item)
	}
	a.send(t, a.webhook(object{"url": "\t" + a.URL + "/100% "}))
	a.entries(t, 2)
	if got := <-lines; got != "/hook/100%25" {
		t.Errorf("a webhook's own URL is called as %s", got)
	}
}

// letters keeps the dead letters that were found while looking for another.
var letters stack.Letters //nolint:gochecknoglobals // the queues are shared by parallel tests

// deadLetter looks for a dead letter whose body has the text; nil if none
// comes in time.
func deadLetter(t *testing.T, queue, text string, atMost time.Duration) *stack.Letter {
	t.Helper()
	receive := func(ctx context.Context) ([]stack.Letter, error) { return running.Receive(ctx, queue) }
	letter, err := letters.Find(t.Context(), receive, text, atMost)
	must(t, err)
	return letter
}

func overtaken(t *testing.T) {
	t.Parallel()
	org := newOrganization(t, 1)
	late := &app{id: unique("app"), org: org}
	late.send(t, late.webhook(object{"app_id": late.id}))
	a := newApp(t, org, "published", receiver.Status(http.StatusOK))
	a.settings["id"], a.id = late.id, late.id
	time.Sleep(3 * time.Second) // until the webhook is read and deferred
	a.put(t, 1)
	got := attempts(a.entries(t, 1))
	if !slices.Equal(got, []string{"1 success 200"}) {
		t.Errorf("the log has %q", got)
	}
}

func forged(t *testing.T) {
	t.Parallel()
	a := newApp(t, newOrganization(t, 1), "published", receiver.Status(http.StatusInternalServerError))
	must(t, running.Send(t.Context(), "WEBHOOK_QUEUE_URL", stack.Message{Body: a.webhook(nil), GroupID: a.id,
		Attributes: map[string]string{"hookwarden.attempts": "3", "hookwarden.kind": "counts", "hookwarden.hops": "399"}}))
	if got := attempts(a.entries(t, 4)); len(got) != 4 || got[0] != "1 server_error 500" {
		t.Errorf("the log has %q", got)
	}
}
