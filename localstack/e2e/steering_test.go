package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// TestOperatorSteersAStack runs the built program as an operator would. It does not run
// in parallel: while it looks at dead letters or pauses deliveries, other tests would
// miss them.
func TestOperatorSteersAStack(t *testing.T) {
	o := buildOperator(t)
	org := newOrganization(t, 1)
	a := newApp(t, org, "published", receiver.Status(http.StatusOK))
	state := func(want string) {
		t.Helper()
		if app := o.ask(t, 20, "app", a.id); app["state"] != want {
			t.Errorf("the app is %v, want %s", app["state"], want)
		}
	}
	t.Run("disable and enable", func(t *testing.T) {
		if _, errs, code := o.run(t, "disable", a.id); code != 2 || !strings.Contains(errs, "--yes") {
			t.Fatalf("nobody was asked: exit code %d, %s", code, errs)
		}
		state("ok")
		if did := o.ask(t, 200, "disable", a.id, "--yes", "--note", "It floods a customer.", "--actor-name", "Grace Hopper"); did["did"] != "disabled" || did["notified_at"] == nil {
			t.Errorf("disable did %v", did)
		}
		state("disabled")
		if tested := o.ask(t, 200, "test", a.id); tested["outcome"] != "success" { // a disabled app gets it too
			t.Errorf("test answers %v", tested)
		}
		if did := o.ask(t, 200, "enable", a.id, "--actor-email", org.emails[0]); did["did"] != "enabled" || did["reason"] != "manual" {
			t.Errorf("enable did %v", did)
		}
		state("ok")
		var said []string
		for _, entry := range auditOf(t, org, 2) {
			said = append(said, text(entry["actor"]))
		}
		if !strings.Contains(said[0], "Grace Hopper") || !strings.Contains(said[1], org.emails[0]) || !strings.Contains(said[1], `"operator"`) {
			t.Errorf("the audit has %v", said)
		}
	})
	t.Run("letters and redrive", func(t *testing.T) {
		bad, good, before := unique("bad")+".dot", a.webhook(nil), len(a.Got())
		must(t, running.Send(t.Context(), "WEBHOOK_QUEUE_URL", stack.Message{Body: object{"id": bad, "app_id": a.id}, GroupID: a.id}))
		must(t, running.Send(t.Context(), "WEBHOOK_DLQ_URL", stack.Message{Body: good,
			Attributes: map[string]string{"hookwarden.reason": "unknown_app", "hookwarden.detail": "the app is not registered", "trace": "t-1"}}))
		var letter string
		eventually(t, "both are letters", func(context.Context) error {
			listed := text(o.ask(t, 100, "letters", "webhook"))
			if !strings.Contains(listed, bad) || !strings.Contains(listed, good["id"].(string)) {
				return stack.ErrNotYet
			}
			for _, l := range o.ask(t, 100, "letters", "webhook", "--reason", "unknown_app")["queues"].([]any)[0].(object)["letters"].([]any) {
				if l.(object)["message_id"] == good["id"] {
					letter = l.(object)["id"].(string)
				}
			}
			return nil
		})
		if dry := o.ask(t, 100, "redrive", "webhook", "--letter", letter, "--dry-run"); dry["sent"] != 1.0 || len(a.Got()) != before {
			t.Errorf("a dry run answers %v; the app got %d", dry, len(a.Got()))
		}
		if sent := o.ask(t, 100, "redrive", "webhook", "--letter", letter[:8], "--yes"); sent["sent"] != 1.0 {
			t.Errorf("redrive answers %v", sent)
		}
		eventually(t, "the app gets it", func(context.Context) error {
			if got := a.Got(); len(got) != before+1 || got[before].Header.Get("Request-ID") != good["id"] {
				return stack.ErrNotYet
			}
			return nil
		})
		eventually(t, "it is no letter any more, not even a hidden one", func(context.Context) error {
			listed := text(o.ask(t, 100, "letters", "webhook"))
			if strings.Contains(listed, good["id"].(string)) || strings.Contains(listed, "hidden_before") || !strings.Contains(listed, bad) {
				return fmt.Errorf("the letters are %s", listed)
			}
			return nil
		})
		if _, errs, code := o.run(t, "redrive", "stream", "--all", "--yes"); code != 2 || !strings.Contains(errs, "sweep") {
			t.Errorf("of the stream: exit code %d, %s", code, errs)
		}
	})
	t.Run("pause and resume", func(t *testing.T) {
		if paused := o.ask(t, 100, "pause", "deliveries", "--yes"); paused["on"] != false {
			t.Errorf("pause answers %v", paused)
		}
		before := len(a.Got())
		a.send(t, a.webhook(nil))
		waits := time.Now()
		eventually(t, "the webhook waits", func(ctx context.Context) error {
			if time.Since(waits) < 3*time.Second {
				return stack.ErrNotYet
			}
			return nil
		})
		if len(a.Got()) != before {
			t.Error("it was delivered")
		}
		if resumed := o.ask(t, 100, "resume", "deliveries"); resumed["on"] != true {
			t.Errorf("resume answers %v", resumed)
		}
		eventually(t, "it is delivered", func(context.Context) error {
			if len(a.Got()) != before+1 {
				return stack.ErrNotYet
			}
			return nil
		})
		for _, command := range []string{"pause", "resume"} {
			if answer := o.ask(t, 100, command, "disablings", "--dry-run"); answer["on"] != true {
				t.Errorf("%s --dry-run answers %v", command, answer)
			}
		}
	})
	t.Run("simulate", func(t *testing.T) {
		b := newApp(t, org, "internal", receiver.Status(http.StatusOK))
		b.send(t, object{"type": "outcomes", "id": unique("out"), "app_id": b.id, "organization_id": org.id,
			"at": platform.FormatTime(time.Now()), "counts": object{"timeout": 2}}) // below the threshold of every test
		eventually(t, "another rule would disable it", func(context.Context) error {
			for _, j := range o.ask(t, 2000, "simulate", "--timeout-threshold", "2")["apps"].([]any) {
				if j.(object)["app_id"] == b.id && j.(object)["effect"] == "disable" {
					return nil
				}
			}
			return stack.ErrNotYet
		})
	})
	t.Run("open-brake and delete-organization", func(t *testing.T) {
		if opened := o.ask(t, 200, "open-brake", "--brake", "warning", "--hours", "1", "--yes"); opened["open_until"] == nil {
			t.Errorf("open-brake answers %v", opened)
		}
		if _, errs, code := o.run(t, "delete-organization", org.id, "--version", "1", "--yes"); code != 2 || !strings.Contains(errs, "version 1") {
			t.Errorf("with an old version: exit code %d, %s", code, errs)
		}
		if erased := o.ask(t, 500, "delete-organization", org.id, "--version", "2", "--yes"); erased["apps"] != 2.0 || erased["apps_left"] != 0.0 {
			t.Errorf("delete-organization answers %v", erased)
		}
		if _, errs, code := o.run(t, "enable", a.id); code != 3 || !strings.Contains(errs, "deleted") {
			t.Errorf("of an app that is deleted: exit code %d, %s", code, errs)
		}
	})
}
