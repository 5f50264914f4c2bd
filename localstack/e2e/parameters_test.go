package e2e

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// TestParametersReachTheFunctions redeploys the stack once, for everything that needs other
// parameters. It runs last.
func TestParametersReachTheFunctions(t *testing.T) {
	if running.Names["HOOKWARDEN_ENGINE"] == "aws" {
		t.Skip("a stack in an account is not redeployed from here")
	}
	redeploy(t, "TimeoutThreshold=3")
	t.Cleanup(func() {
		if running.held == nil { // somebody else's stack
			redeploy(t, "")
		}
	})
	t.Run("the commands of the tour work", tour)
	t.Run("a receiver that hangs is disabled after the third time-out", hanging)
	t.Run("the sweep finds what the stream never announced", swept)
	t.Run("Lambda's own filter keeps every line and all metrics, whatever LogLevel is", pipeline)
	t.Run("who only observes disables nobody", observed)
}

// tour takes a stack that knows nothing of app 17.
func tour(t *testing.T) {
	if running.held == nil {
		t.Skip("the stack is someone's own, and may know an app 17")
	}
	env, err := filepath.Abs(running.env)
	must(t, err)
	// The sample events have already registered the page's organization and mailed its owner.
	runPage(t, "docs/tour.md", `go run ./cmd/hookwarden "$@"`, `go run ./cmd/hookwarden --env '`+env+`' "$@"`, "8080", freePort(t), `"42"`, `"`+unique("org")+`"`, "ada@acme.example", unique("ada")+"@acme.example")
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(t, err)
	return port
}

func redeploy(t *testing.T, overrides string) {
	t.Helper()
	endpoint, err := url.Parse(running.Names["AWS_ENDPOINT_URL"])
	must(t, err)
	must(t, stack.Up(context.WithoutCancel(t.Context()), root, endpoint.Port(), overrides, os.Stderr))
}

func hanging(t *testing.T) {
	a := newApp(t, newOrganization(t, 1), "internal", receiver.Hang)
	for sent := 1; sent <= 3; sent++ {
		if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != "" {
			t.Fatalf("disabled after %d time-outs: %v", sent-1, err)
		}
		a.send(t, a.webhook(nil))
		a.entries(t, sent)
		if sent < 3 {
			time.Sleep(2 * time.Second) // until the stream has handed out the counts
		}
	}
	if item := a.disabled(t); item.Text("disabled_reason") != "timeout" {
		t.Errorf("the app is %v", item)
	}
	if got := attempts(a.entries(t, 3)); !slices.Equal(got, []string{"1 timeout 0", "1 timeout 0", "1 timeout 0"}) {
		t.Errorf("the log has %q", got)
	}
	eventually(t, "hookwarden closes the connections", func(context.Context) error {
		if a.ClosedBySender() != 3 {
			return stack.ErrNotYet
		}
		return nil
	})
}

func swept(t *testing.T) {
	a := newApp(t, newOrganization(t, 2), "internal", receiver.Status(400))
	switchStream(t, false)
	a.send(t, a.webhook(nil))
	a.entries(t, 1)
	day := time.Now().UTC().Format(time.DateOnly)
	must(t, running.Put(t.Context(), "BUFFER_TABLE", stack.Item{"pk": a.bufferKey(t), "day": day, "error_count": int64(3), "gone_count": int64(3),
		"failing_day": day + "#7"}))
	time.Sleep(3 * time.Second)
	if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != "" {
		t.Fatalf("the stream announced the item though its mapping is off: %v", err)
	}
	if _, err := running.Invoke(t.Context(), "SWEEP_FUNCTION", object{}); err != nil {
		t.Fatal(err)
	}
	item := a.disabled(t)
	if item.Text("disabled_reason") != "gone" {
		t.Errorf("the app is %v", item)
	}
	a.diagnosed(t, item, 400)
	a.mailsTo(t, a.org.emails, platform.AppDisabled, item.Text("disabled_at"), "Action required: Fix your App "+a.slug+" integration")
}

func observed(t *testing.T) {
	for _, function := range []string{"DISABLE_FUNCTION", "SWEEP_FUNCTION"} {
		setVariable(t, function, "DISABLE_MODE", "observe")
	}
	day := time.Now().UTC().Format(time.DateOnly)
	broken := func() *app {
		a := newApp(t, newOrganization(t, 1), "internal", receiver.Status(400))
		must(t, running.Put(t.Context(), "BUFFER_TABLE", stack.Item{"pk": a.bufferKey(t), "day": day, "fatal_count": int64(1), "failing_day": day + "#7"}))
		return a
	}
	wouldBe := func(a *app) {
		eventually(t, "would-disable is audited", func(ctx context.Context) error {
			entries, err := running.Query(ctx, "AUDIT_TABLE", a.org.id)
			if err == nil && len(entries) == 0 {
				return stack.ErrNotYet
			}
			return err
		})
		if e := auditOf(t, a.org, 1)[0]; e.Text("event") != "internal-integration.would-disable" || e.Text("app_id") != a.id {
			t.Errorf("the audit entry is %v", e)
		}
		if item, err := running.Get(t.Context(), "APPS_TABLE", "id", a.id); err != nil || item.Text("disabled_at") != "" {
			t.Errorf("the app is %v, %v", item, err)
		}
	}
	wouldBe(broken())
	switchStream(t, false)
	a := broken()
	if _, err := running.Invoke(t.Context(), "SWEEP_FUNCTION", object{}); err != nil {
		t.Fatal(err)
	}
	wouldBe(a)
}

// switchStream turns the stream's mapping to the disable function on or off.
func switchStream(t *testing.T, on bool) {
	t.Helper()
	mappings, err := running.Lambda.ListEventSourceMappings(t.Context(),
		&lambda.ListEventSourceMappingsInput{FunctionName: aws.String(running.Names["DISABLE_FUNCTION"])})
	must(t, err)
	if len(mappings.EventSourceMappings) != 1 {
		t.Fatalf("%d mappings", len(mappings.EventSourceMappings))
	}
	_, err = running.Lambda.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{
		UUID: mappings.EventSourceMappings[0].UUID, Enabled: &on})
	must(t, err)
	if !on {
		ctx := context.WithoutCancel(t.Context())
		t.Cleanup(func() {
			_, _ = running.Lambda.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{
				UUID: mappings.EventSourceMappings[0].UUID, Enabled: aws.Bool(true)})
		})
	}
}
