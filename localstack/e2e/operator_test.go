package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// operator is the operator's program, and how it is run here.
type operator struct{ path string }

func buildOperator(t *testing.T) operator {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hookwarden")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/hookwarden")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return operator{path}
}

// run runs it on the stack under test. The environment has nothing that leads to another
// stack.
func (o operator) run(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), o.path, append(args, "--env", running.env, "--debug")...)
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_ENDPOINT") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// ask runs it, decodes its answer, and checks that it made at most this many calls.
func (o operator) ask(t *testing.T, calls int, args ...string) object {
	t.Helper()
	out, errs, code := o.run(t, append(args, "--output", "json")...)
	if code != 0 {
		t.Fatalf("%s: exit code %d: %s", args, code, errs)
	}
	var answer object
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("%s: %v\n%s", args, err, out)
	}
	counted := regexp.MustCompile(`(\d+) calls;`).FindStringSubmatch(errs)
	if counted == nil {
		t.Fatalf("%s does not say what it called: %s", args, errs)
	}
	if n, _ := strconv.Atoi(counted[1]); n > calls {
		t.Errorf("%s made %d calls, not at most %d:\n%s", args, n, calls, errs)
	}
	return answer
}

// TestOperatorAnswersWhatSupportAsks runs the built program as an operator would, after a
// history: webhooks delivered, failed and skipped, then an app disabled and its owner
// mailed.
func TestOperatorAnswersWhatSupportAsks(t *testing.T) {
	t.Parallel()
	o := buildOperator(t)
	org := newOrganization(t, 1)
	a := newApp(t, org, "internal", receiver.Status(http.StatusUnauthorized))
	failing := a.webhook(nil)
	a.send(t, failing)
	a.send(t, a.webhook(object{"resource": "comment"}))
	a.entries(t, 2)

	app := o.ask(t, 20, "app", a.id)
	if app["state"] != "failing" || app["last_failure"] == nil || !strings.Contains(app["next"].(string), "it is disabled on") {
		t.Errorf("app answers %v", app)
	}
	failed := o.ask(t, 50, "apps", "--failing", "--limit", "1000")
	if !strings.Contains(text(failed), a.id) {
		t.Errorf("apps --failing answers %v", failed)
	}
	if answer := o.ask(t, 50, "why", a.id, "--webhook", failing["id"].(string)); !strings.Contains(answer["answer"].(string), "401") {
		t.Errorf("why answers %v", answer)
	}
	if answer := o.ask(t, 50, "why", a.id, "--event", "comment.created"); !strings.Contains(answer["answer"].(string), "does not subscribe") {
		t.Errorf("why answers %v", answer)
	}
	if answer := o.ask(t, 50, "why", a.id, "--webhook", "evt_nowhere"); answer["found"] != false || !strings.Contains(answer["answer"].(string), "never received") {
		t.Errorf("why answers %v", answer)
	}
	requests := o.ask(t, 51, "requests", a.id, "--failures")
	if entries, _ := requests["entries"].([]any); len(entries) != 1 {
		t.Errorf("requests --failures answers %v", requests)
	}
	opened := o.ask(t, 50, "request", a.id, failing["id"].(string))
	if opened["outcome"] != "error" || !strings.Contains(text(opened["request_headers"]), "[redacted]") || opened["request_body"] == "" {
		t.Errorf("request answers %v", opened)
	}
	if found := o.ask(t, 100, "apps", a.slug); !strings.Contains(text(found), a.id) {
		t.Errorf("apps TEXT answers %v", found)
	}

	a.send(t, object{"type": "outcomes", "id": unique("out"), "app_id": a.id, "organization_id": org.id,
		"at": platform.FormatTime(time.Now()), "counts": object{"fatal": 1}})
	a.disabled(t)
	org.mailed(t, 1)
	if disabled := o.ask(t, 50, "apps", "--disabled", "--limit", "1000"); !strings.Contains(text(disabled), a.id) {
		t.Errorf("apps --disabled answers %v", disabled)
	}
	if answer := o.ask(t, 50, "why", a.id, "--event", "issue.created"); !strings.Contains(answer["answer"].(string), "the app is disabled") {
		t.Errorf("why answers %v", answer)
	}
	if audit := o.ask(t, 10, "audit", org.id); !strings.Contains(text(audit), "internal-integration.disable") {
		t.Errorf("audit answers %v", audit)
	}
	eventually(t, "the mail is marked", func(context.Context) error {
		if notices := o.ask(t, 40, "notices", a.id); !strings.Contains(text(notices), `"state":"sent"`) {
			return stack.ErrNotYet
		}
		return nil
	})
	status := o.ask(t, 85, "status")
	if apps, _ := status["apps"].(object); apps["disabled"].(float64) < 1 {
		t.Errorf("status answers %v", status)
	}
	out, _, code := o.run(t, "app", a.id)
	if code != 0 || !strings.Contains(out, "is disabled: the platform reported a fatal outcome") || strings.Contains(out, a.secret) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if _, errs, code := o.run(t, "app", unique("none")); code != 3 || !strings.Contains(errs, "hookwarden apps TEXT") {
		t.Errorf("of an app that is not there: exit code %d, %s", code, errs)
	}
}

// text is a value as JSON.
func text(value any) string {
	encoded, _ := json.Marshal(value)
	return string(encoded)
}
