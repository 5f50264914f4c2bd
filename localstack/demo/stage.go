package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

// stage is the stack that the story is told on: one that runs already, one that
// lives as long as this program, or with KEEP=1 one that stays.
type stage struct {
	*stack.Stack
	settings settings
	port     string
	keep     bool
	found    bool
	held     *stack.Held
}

// open uses the stack that runs on the port, or starts one.
func (st *stage) open(ctx context.Context, p *page) error {
	p.title("The local stack")
	err := st.find(ctx)
	if err != nil {
		return err
	}
	if st.found {
		p.line("the one that runs on port %s, as it is; it stays up", st.port)
		return st.settings.fit(st.hanging())
	}
	err = st.start(ctx, p)
	if err == nil {
		err = st.meet(ctx)
	}
	if err == nil {
		p.line("%s", p.dim("template.yaml, deployed by the SAM CLI to "+st.Names["AWS_ENDPOINT_URL"]+": no AWS account"+st.without()))
		err = st.settings.fit(st.hanging())
	}
	if err != nil {
		_ = st.close(ctx, p) // it has nothing to add to what went wrong
	}
	return err
}

// without is what else the stack does without.
func (st *stage) without() string {
	if st.Names["HOOKWARDEN_ENGINE"] == "ministack" {
		return ", no Docker"
	}
	return ""
}

// envFile is where a stack's names are.
func envFile(port string) string { return filepath.Join(root, ".local", port, "stack.env") }

// find looks for a stack of ours on the port. One that is there and does not
// answer is left alone: starting it again would take it down in the end.
func (st *stage) find(ctx context.Context) error {
	if _, err := os.Stat(envFile(st.port)); err != nil {
		return nil // there is none
	}
	connection, err := net.Dial("tcp", "127.0.0.1:"+st.port)
	if err != nil {
		return nil // there was one
	}
	_ = connection.Close()
	ctx, cancel := context.WithTimeout(ctx, st.patience())
	defer cancel()
	if err := st.meet(ctx); err != nil {
		return fmt.Errorf("the stack on port %s does not answer; take it down with make down PORT=%s: %w", st.port, st.port, err)
	}
	st.found = true
	return nil
}

func (st *stage) meet(ctx context.Context) (err error) {
	if st.Stack, err = stack.Open(ctx, envFile(st.port)); err != nil {
		return err
	}
	receiver.Lend(st.Names)
	st.settings, err = readSettings(ctx, st.Stack)
	return err
}

func (st *stage) start(ctx context.Context, p *page) error {
	progress := &startLines{page: p}
	if st.keep {
		return stack.Up(ctx, root, st.port, os.Getenv("OVERRIDES"), progress)
	}
	var err error
	if st.held, err = stack.Begin(root, st.port, progress); err != nil {
		return err
	}
	ready := make(chan error, 1)
	go func() { ready <- st.held.Ready() }()
	select {
	case err = <-ready:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stays reports whether the stack outlives this program.
func (st *stage) stays() bool { return st.found || st.keep }

// close takes down what is not to stay. An interruption takes down everything
// that this program has started.
func (st *stage) close(ctx context.Context, p *page) error {
	if ctx.Err() != nil {
		p.line("interrupted")
	}
	if st.found || st.keep && ctx.Err() == nil {
		return nil
	}
	p.waiting("taking the stack down")
	defer p.flush()
	if err := st.down(p); err != nil && ctx.Err() == nil {
		return err
	}
	p.line("The stack is taken down.")
	return nil
}

func (st *stage) down(p *page) error {
	if st.held == nil {
		return stack.Down(root, st.port, &startLines{page: p})
	}
	return st.held.Release()
}

// settings is what the running functions were deployed with.
type settings map[string]string

func readSettings(ctx context.Context, s *stack.Stack) (settings, error) {
	read := make(settings)
	for _, function := range []string{"DELIVER_FUNCTION", "DISABLE_FUNCTION"} {
		out, err := s.Lambda.GetFunctionConfiguration(ctx,
			&lambda.GetFunctionConfigurationInput{FunctionName: aws.String(s.Names[function])})
		if err != nil {
			return nil, fmt.Errorf("read the settings of %s: %w", function, err)
		}
		if out.Environment == nil {
			continue
		}
		for name, value := range out.Environment.Variables {
			read[name] = value
		}
	}
	return read, nil
}

// fit says whether the story can come true with these settings, and as many
// requests that hang. They differ from
// the local stack's own only if someone gave OVERRIDES.
func (s settings) fit(hanging int) error {
	for _, need := range []struct{ name, parameter, value string }{
		{"DISABLE_MODE", "DisableMode", "enforce"},
		{"WINDOW_DAYS", "WindowDays", strconv.Itoa(windowDays)},
		{"REQUEST_LOG", "RequestLog", "all"},
		{"WARN_AFTER_DAYS", "WarnAfterDays", "3,5"},
		{"HEADER_PREFIX", "HeaderPrefix", "Sentry-Hook-"},
	} {
		if got := s[need.name]; got != need.value {
			return fmt.Errorf("the story needs a stack with %s=%s, and this one has %q: run it without these OVERRIDES",
				need.parameter, need.value, got)
		}
	}
	if s.timeoutThreshold() < hanging {
		return fmt.Errorf("the story needs a stack with a TimeoutThreshold of %d or more, and this one has %q: run it without these OVERRIDES",
			hanging, s["TIMEOUT_THRESHOLD"])
	}
	return nil
}

func (s settings) timeoutThreshold() int {
	n, _ := strconv.Atoi(s["TIMEOUT_THRESHOLD"])
	return n
}

// firstRetry is how long a webhook waits for its second attempt.
func (s settings) firstRetry() string {
	first, _, _ := strings.Cut(s["RETRY_DELAYS"], ",")
	return first + " s"
}
