package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/shared/env"
)

type console struct {
	out, errs bytes.Buffer
}

func begin(t *testing.T, in string, change func(*session.World)) (*session.Session, *console) {
	t.Helper()
	c := &console{}
	w := session.World{In: strings.NewReader(in), Out: &c.out, Err: &c.errs, Getenv: func(string) string { return "" }, Dir: t.TempDir(),
		Zone: time.UTC, Now: func() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }}
	if change != nil {
		change(&w)
	}
	return session.New(w), c
}

// with is a program with one command.
func with(s *session.Session, run func(*cobra.Command) error) *cobra.Command {
	return s.Root(session.Group{ID: "g", Title: "G:", Commands: []*cobra.Command{{Use: "do", Short: "Do", Args: session.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd) }}}})
}

func TestConfirmAsksAPersonAndNobodyElse(t *testing.T) {
	person := func(w *session.World) { w.InTerminal = true }
	for name, c := range map[string]struct {
		in     string
		change func(*session.World)
		yes    bool
		code   fault.Code
		asked  bool
	}{
		"yes":               {"y\n", person, false, 0, true},
		"yes in full":       {"YES\n", person, false, 0, true},
		"no":                {"n\n", person, false, fault.Failed, true},
		"nothing":           {"\n", person, false, fault.Failed, true},
		"the end":           {"", person, false, fault.Failed, true},
		"nobody is there":   {"y\n", nil, false, fault.Usage, false},
		"--yes":             {"", nil, true, 0, false},
		"--yes of somebody": {"", person, true, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, console := begin(t, c.in, c.change)
			err := s.Confirm("Really?", c.yes)
			if fault.CodeOf(err) != c.code || strings.Contains(console.errs.String(), "Really?") != c.asked {
				t.Errorf("%v, said %q", err, console.errs.String())
			}
		})
	}
}

func TestRunSaysWhatWentWrongAndWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		says string
	}{
		"nothing":   {nil, 0, ""},
		"a failure": {errors.New("it broke"), 1, "hookwarden: it broke\n"},
		"with hint": {fmt.Errorf("do: %w", fault.NewNotFound("Look there.", "no x")), 3, "hookwarden: do: no x\nLook there.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s, console := begin(t, "", nil)
			code := s.Run(t.Context(), with(s, func(*cobra.Command) error { return c.err }), []string{"do"})
			if code != c.code || console.errs.String() != c.says {
				t.Errorf("exit code %d, said %q", code, console.errs.String())
			}
		})
	}
	s, console := begin(t, "", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := s.Run(ctx, with(s, func(cmd *cobra.Command) error { return cmd.Context().Err() }), []string{"do"}); code != 1 || console.errs.String() != "hookwarden: interrupted\n" {
		t.Errorf("interrupted: exit code %d, said %q", code, console.errs.String())
	}
}

func TestHelpSaysHowToFindAStackAndWhatTheCodesMean(t *testing.T) {
	s, console := begin(t, "", nil)
	if code := s.Run(t.Context(), with(s, nil), []string{"--help"}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{"--stack NAME", "--env FILE", "3 not found", "Examples:", "G:"} {
		if !strings.Contains(console.out.String(), want) {
			t.Errorf("no %q in %s", want, console.out.String())
		}
	}
}

func TestCompletionIsThereForEachShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		s, console := begin(t, "", nil)
		if code := s.Run(t.Context(), with(s, nil), []string{"completion", shell}); code != 0 || !strings.Contains(console.out.String(), "hookwarden") {
			t.Errorf("%s: exit code %d", shell, code)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue // nobody here can read it
		}
		check := exec.CommandContext(t.Context(), path, "-n") // reads it, and runs nothing
		check.Stdin = &console.out
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s does not read its script: %v\n%s", shell, err, out)
		}
	}
}

// engine is an endpoint that fails its first call and answers the others.
func engine(t *testing.T) (envFile string) {
	t.Helper()
	t.Setenv("AWS_NEW_RETRIES_2026", "true") // it waits for milliseconds before it tries again
	first := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case first:
			first = false
			w.WriteHeader(http.StatusInternalServerError)
		case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/disable-1/configuration"):
			_, _ = io.WriteString(w, `{"Environment": {"Variables": {"APPS_TABLE": "a", "ORGANIZATIONS_TABLE": "o", "AUDIT_TABLE": "u", "BUFFER_TABLE": "b",
				"WINDOW_DAYS": "3", "DISABLE_MODE": "observe"}}}`)
		case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/deliver-1/configuration"):
			_, _ = io.WriteString(w, `{"Environment": {"Variables": {"WINDOW_DAYS": "99"}}}`)
		default:
			_, _ = io.WriteString(w, `{"Attributes": {"ApproximateNumberOfMessages": "3"}}`)
		}
	}))
	t.Cleanup(server.Close)
	envFile = filepath.Join(t.TempDir(), "stack.env")
	content := "AWS_ENDPOINT_URL=" + server.URL + "\nAWS_REGION=us-east-1\nAWS_ACCESS_KEY_ID=test\nAWS_SECRET_ACCESS_KEY=test\nWEBHOOK_QUEUE_URL=" + server.URL +
		"/1/hookwarden-WebhookQueue\nDISABLE_FUNCTION=disable-1\nDELIVER_FUNCTION=deliver-1\n"
	if err := os.WriteFile(envFile, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return envFile
}

func TestDebugCountsCallsAndTriesAgainIncluded(t *testing.T) {
	file := engine(t)
	s, console := begin(t, "", nil)
	code := s.Run(t.Context(), with(s, func(cmd *cobra.Command) error {
		c, err := s.Open(cmd.Context())
		if err != nil {
			return err
		}
		url, _ := c.Name("WEBHOOK_QUEUE_URL")
		_, err = c.SQS.GetQueueAttributes(cmd.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url)})
		return err
	}), []string{"do", "--debug", "--env", file})
	if code != 0 || !strings.Contains(console.errs.String(), "2 SQS.GetQueueAttributes") || !strings.Contains(console.errs.String(), "2 calls") || console.out.Len() > 0 {
		t.Errorf("exit code %d, said %q, wrote %q", code, console.errs.String(), console.out.String())
	}
}

func TestLiveReadsAFunctionsSettingsAsItDoes(t *testing.T) {
	file := engine(t)
	s, console := begin(t, "", nil)
	var settings env.Disable
	var wrong error
	code := s.Run(t.Context(), with(s, func(cmd *cobra.Command) error {
		c, err := s.Open(cmd.Context())
		if err != nil {
			return err
		}
		_, wrong = session.Live(cmd.Context(), c, "DELIVER_FUNCTION", env.ReadDisable)
		settings, err = session.Live(cmd.Context(), c, "DISABLE_FUNCTION", env.ReadDisable)
		return err
	}), []string{"do", "--env", file})
	if code != 0 || settings.Rule.WindowDays != 3 || settings.Rule.DeadDays != 5 || settings.Mode != "observe" {
		t.Errorf("exit code %d, %s, %+v", code, console.errs.String(), settings)
	}
	if wrong == nil || !strings.Contains(wrong.Error(), "WINDOW_DAYS") {
		t.Errorf("a window of 99 days: %v", wrong)
	}
}
