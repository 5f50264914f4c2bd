// Package upgrade deploys an older version, uses it, and then deploys this one
// over it. Nothing that was on its way or in the tables may be lost.
package upgrade

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

const (
	root = "../.."

	// before is the older version: the last one whose mappings called aliases.
	// Change it when a version is released.
	before = "4ca4397ae23b"

	// pending is how long a retry waits, in seconds: longer than the upgrade
	// takes.
	pending  = 25
	patience = time.Minute
)

type object = map[string]any

// platform sends messages to a stack.
type platform struct {
	*stack.Stack
	t          *testing.T
	generation string // the end of the Buffer's keys; the older version had none
}

func TestUpgradeLosesNothingThatWasOnItsWayOrInTheTables(t *testing.T) {
	source := checkout(t)
	held, err := stack.HoldSource(root, source, fmt.Sprintf("RetryDelays=%d", pending), os.Stderr)
	must(t, err)
	t.Cleanup(func() { must(t, held.Release()) })
	p := open(t, held.Env)

	p.register(object{"type": "organization.put", "version": 1, "organization": object{"id": "42", "slug": "acme", "name": "Acme",
		"owners": []object{{"email": "ada@acme.example", "name": "Ada"}}}})
	retried := p.app("17", "published", func(w http.ResponseWriter, _ *http.Request, n int) {
		if n == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	broken := p.app("18", "internal", receiver.Status(http.StatusBadRequest))
	failing := p.app("19", "internal", receiver.Status(http.StatusBadRequest))
	p.webhook("17", "evt_retried")
	p.until("the first attempt is over", func(context.Context) error { return when(len(retried.Got()) == 1) })
	p.fatal("18")
	disabled := p.disabled("18")
	p.webhook("19", "evt_before")
	p.until("the failure is counted", func(ctx context.Context) error { return p.errors(ctx, "19", 1) })

	endpoint, err := url.Parse(p.Names["AWS_ENDPOINT_URL"])
	must(t, err)
	must(t, stack.Up(t.Context(), root, endpoint.Port(), fmt.Sprintf("RetryDelays=%d", pending), os.Stderr))
	old := p.Names
	p = open(t, held.Env)
	p.generation = "#1"
	for name, value := range old {
		if strings.HasSuffix(name, "_TABLE") || strings.HasSuffix(name, "_URL") {
			if p.Names[name] != value {
				t.Errorf("%s is %s, and was %s", name, p.Names[name], value)
			}
		}
	}

	p.until("the retry of the version before is made", func(context.Context) error { return when(len(retried.Got()) == 2) })
	if got := retried.Got(); got[0].Header.Get("Request-ID") != "evt_retried" || got[1].Header.Get("Request-ID") != "evt_retried" {
		t.Errorf("the receiver got %v", got)
	}
	p.webhook("19", "evt_after")
	p.until("it is the first of a fresh window", func(ctx context.Context) error { return p.errors(ctx, "19", 1) })
	p.generation = ""
	must(t, p.errors(t.Context(), "19", 1)) // as it was
	p.fatal("19")                           // the older version would disable the app for it
	p.generation = "#1"
	if item := p.disabled("18"); item.Text("disabled_at") != disabled.Text("disabled_at") {
		t.Errorf("the disabling is %v, and was %v", item, disabled)
	}
	p.register(object{"type": "app.enable", "app_id": "18"})
	p.until("the app is enabled", func(ctx context.Context) error {
		item, err := p.Get(ctx, "APPS_TABLE", "id", "18")
		return errors.Join(err, when(item.Text("disabled_at") == "" && item.Int("generation") == 2))
	})
	p.webhook("18", "evt_enabled")
	p.until("its webhooks flow", func(context.Context) error { return when(len(broken.Got()) == 1) })
	if item, err := p.Get(t.Context(), "APPS_TABLE", "id", "19"); err != nil || item.Text("disabled_at") != "" {
		t.Errorf("app 19 is %v, %v", item, err)
	}
	p.fatal("19")
	p.disabled("19")
	if got := len(failing.Got()); got != 2 {
		t.Errorf("app 19 got %d requests", got)
	}
}

// checkout checks out the older version into a folder.
func checkout(t *testing.T) string {
	t.Helper()
	revision := before
	if other := os.Getenv("UPGRADE_FROM"); other != "" {
		revision = other
	}
	if err := exec.Command("git", "-C", root, "cat-file", "-e", revision+"^{commit}").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("this clone has no commit %s to upgrade from: fetch the history", revision)
		}
		t.Skipf("this clone has no commit %s to upgrade from", revision)
	}
	folder, err := filepath.Abs(filepath.Join(t.TempDir(), "before"))
	must(t, err)
	for _, arguments := range [][]string{{"init", "--quiet", folder}, {"-C", folder, "fetch", "--quiet", "--depth", "1", absolute(t, root), revisionOf(t, revision)},
		{"-C", folder, "checkout", "--quiet", "FETCH_HEAD"}} {
		if output, err := exec.CommandContext(t.Context(), "git", arguments...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", arguments, err, output)
		}
	}
	return folder
}

func revisionOf(t *testing.T, revision string) string {
	t.Helper()
	full, err := exec.Command("git", "-C", root, "rev-parse", revision+"^{commit}").Output()
	must(t, err)
	return strings.TrimSpace(string(full))
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	must(t, err)
	return full
}

func open(t *testing.T, env string) platform {
	t.Helper()
	opened, err := stack.Open(t.Context(), filepath.Join(root, strings.TrimPrefix(env, absolute(t, root))))
	must(t, err)
	return platform{Stack: opened, t: t}
}

func (p platform) register(message object) {
	p.t.Helper()
	must(p.t, p.Register(p.t.Context(), message))
}

// app registers an app of organization 42, with a receiver that gives this
// answer.
func (p platform) app(id, status string, answer receiver.Answer) *receiver.Receiver {
	p.t.Helper()
	r, err := receiver.Start("secret", answer)
	must(p.t, err)
	p.t.Cleanup(func() { r.Close() })
	p.register(object{"type": "app.put", "version": 1, "app": object{"id": id, "uuid": "u" + id, "slug": "bot-" + id, "name": "Bot " + id,
		"status": status, "organization_id": "42", "webhook_url": r.URL, "secrets": []string{"secret"}, "events": []string{"issue"}}})
	p.until("app "+id+" is registered", func(ctx context.Context) error {
		item, err := p.Get(ctx, "APPS_TABLE", "id", id)
		return errors.Join(err, when(item != nil))
	})
	return r
}

func (p platform) webhook(app, id string) {
	p.t.Helper()
	must(p.t, p.Send(p.t.Context(), "WEBHOOK_QUEUE_URL", stack.Message{GroupID: app, Body: object{"id": id, "app_id": app, "organization_id": "42",
		"installation": object{"uuid": "7a485448"}, "resource": "issue", "action": "created", "data": object{}}}))
}

// fatal writes a day with a fatal count into the Buffer.
func (p platform) fatal(app string) {
	p.t.Helper()
	must(p.t, p.Put(p.t.Context(), "BUFFER_TABLE", stack.Item{"pk": app + "#42" + p.generation, "day": today(), "fatal_count": int64(1)}))
}

// disabled waits until the app is disabled and its owner's notice is queued.
func (p platform) disabled(app string) (item stack.Item) {
	p.t.Helper()
	p.until("app "+app+" is disabled", func(ctx context.Context) (err error) {
		item, err = p.Get(ctx, "APPS_TABLE", "id", app)
		return errors.Join(err, when(item.Text("notified_at") != ""))
	})
	return item
}

// errors fails unless this many of today's errors are counted.
func (p platform) errors(ctx context.Context, app string, want int64) error {
	days, err := p.Query(ctx, "BUFFER_TABLE", app+"#42"+p.generation)
	var sum int64
	for _, day := range days {
		sum += day.Int("error_count")
	}
	return errors.Join(err, when(sum == want))
}

func (p platform) until(what string, condition func(context.Context) error) {
	p.t.Helper()
	if err := stack.Until(p.t.Context(), patience, condition); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

func when(holds bool) error {
	if holds {
		return nil
	}
	return stack.ErrNotYet
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
