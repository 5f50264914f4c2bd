package e2e

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

const platformPage = "docs/platform.md"

// TestPlatformOfItsOwn runs a stack with the parameters from the page for platforms. Its
// platform is not the model, and has other names.
func TestPlatformOfItsOwn(t *testing.T) {
	if running.held == nil {
		t.Skip("a second stack is for the engine that the tests start themselves")
	}
	named := regexp.MustCompile(`make up OVERRIDES="([^"]+)"`).FindStringSubmatch(readPlatformPage(t))
	if named == nil {
		t.Fatalf("%s does not say how to start a stack", platformPage)
	}
	source, err := filepath.Abs(root)
	must(t, err)
	held, err := stack.HoldSource(root, source, strings.ReplaceAll(named[1], "\\\n", " "), os.Stderr)
	must(t, err)
	others, env := running.Stack, running.env // no other test runs: parallel tests begin after this one
	t.Cleanup(func() {
		running.Stack, running.env = others, env
		must(t, held.Release())
	})
	running.env = held.Env
	running.Stack, err = stack.Open(t.Context(), held.Env)
	must(t, err)
	t.Cleanup(func() { // as the page's end does
		for _, file := range []string{"billbird.py", "billbird.db", "invoices.py", "hear.py", "received.txt"} {
			must(t, os.RemoveAll(filepath.Join(root, ".local", file)))
		}
	})
	t.Run("the commands of its page work", func(t *testing.T) { runPage(t, platformPage, "8080", freePort(t)) })
	t.Run("nobody gets to see the model's name", unnamed)
}

func readPlatformPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, platformPage))
	must(t, err)
	return string(text)
}

// unnamed makes hookwarden write everything that it writes to receivers, owners and the
// platform, and looks for the model's name in it.
func unnamed(t *testing.T) {
	org := newOrganization(t, 2)
	a := billbirdsApp(t, org, nil)
	tool := billbirdsApp(t, org, object{"kind": "integration", "settings_url": "https://app.billbird.example/tool"})
	a.send(t, a.webhook(object{"resource": "invoice"}), a.webhook(object{"resource": "installation"}))
	a.entries(t, 2)
	verifiesEverywhere(t, a)

	mails := 0
	for _, broken := range []*app{a, tool} {
		broken.send(t, object{"type": "outcomes", "id": unique("out"), "app_id": broken.id, "organization_id": org.id,
			"at": platform.FormatTime(time.Now()), "counts": object{"fatal": 1}})
		broken.disabled(t)
		mails = org.mailed(t, mails+2) // before the next step, which would outdate them
		register(t, object{"type": "app.test", "app_id": broken.id, "id": unique("tst"), "resource": "test", "action": "ping", "data": object{}})
		enable(t, broken, time.Now(), org.emails[0])
		mails = org.mailed(t, mails+1)
		register(t, object{"type": "app.disable", "app_id": broken.id, "at": platform.FormatTime(time.Now()),
			"actor": object{"type": "user", "id": 9, "name": "Grace Hopper"}, "note": "It floods a customer."})
		broken.disabled(t)
		mails = org.mailed(t, mails+2)
	}
	register(t, object{"type": "organization.delete", "organization_id": org.id, "version": 2})
	eventually(t, "the organization is erased", func(ctx context.Context) error {
		item, err := running.Get(ctx, "ORGANIZATIONS_TABLE", "id", org.id)
		if err == nil && item["deleted"] != true {
			return stack.ErrNotYet
		}
		return err
	})
	all, err := running.Mails(t.Context())
	must(t, err)
	for _, m := range all {
		silent(t, "a mail", m.Subject, m.Text, m.HTML)
	}
	for _, receives := range []*app{a, tool} {
		if len(receives.Got()) == 0 {
			t.Error("an app got nothing")
		}
		for _, got := range receives.Got() {
			silent(t, "a body", string(got.Body))
			for name, values := range got.Header {
				silent(t, "a header", name, strings.Join(values, " "))
			}
			mac := hmac.New(sha256.New, []byte(receives.secret))
			mac.Write(got.Body)
			if got.Header.Get("Billbird-Signature") != hex.EncodeToString(mac.Sum(nil)) {
				t.Errorf("the headers are %v", got.Header)
			}
		}
	}
	var events []stack.Letter
	eventually(t, "all events have come", func(ctx context.Context) error {
		some, err := running.Receive(ctx, "EVENTS_QUEUE_URL")
		if events = append(events, some...); err == nil && len(events) < 2*4 {
			return stack.ErrNotYet
		}
		return err
	})
	for _, e := range events {
		// Only the platform gets these. The kind is the word with which it registered
		// the app.
		silent(t, "an event", strings.ReplaceAll(e.Body, `"kind":"sentry-app"`, ""))
	}
}

// mailed waits until at least want mails have come to the owners, and returns how many.
func (o organization) mailed(t *testing.T, want int) int {
	t.Helper()
	eventually(t, "the mails have come", func(ctx context.Context) error {
		mails, err := running.Mails(ctx)
		came := 0
		for _, m := range mails {
			if strings.Contains(strings.Join(m.To, " "), o.id) {
				came++
			}
		}
		if err == nil && came < want {
			return fmt.Errorf("%d, want %d", came, want)
		}
		return err
	})
	return want
}

// billbirdsApp is newApp for a stack with a header prefix other than the model's.
func billbirdsApp(t *testing.T, org organization, changes object) *app {
	t.Helper()
	a := &app{id: unique("ep"), slug: unique("slug"), secret: unique("secret"), org: org}
	var err error
	a.Receiver, err = receiver.Start(a.secret, receiver.Status(http.StatusOK))
	must(t, err)
	t.Cleanup(a.Close)
	a.settings = object{"id": a.id, "uuid": a.id, "slug": a.slug, "name": "Books", "status": "internal", "organization_id": org.id,
		"webhook_url": a.URL, "secrets": []string{a.secret, previousSecret}, "events": []string{"invoice"}}
	for name, value := range changes {
		a.settings[name] = value
	}
	a.put(t, 1)
	return a
}

// silent fails the test if a text has the model's name in it.
func silent(t *testing.T, what string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if at := strings.Index(strings.ToLower(text), "sentry"); at >= 0 {
			t.Errorf("%s has the model's name: …%s", what, text[max(0, at-60):min(len(text), at+60)])
		}
	}
	if strings.TrimSpace(cmp.Or(texts...)) == "" {
		t.Errorf("%s is empty", what)
	}
}
