// Package loopback runs the functions' real programs as Lambda does. Everything
// that they talk to is on loopback: Lambda's Runtime API, stand-ins for
// DynamoDB and SQS that answer at once, and receivers of webhooks.
package loopback

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Environment is a Lambda execution environment: a program with its own Runtime
// API.
type Environment struct {
	command *exec.Cmd
	begun   time.Time       // just before the process was started
	alive   context.Context // ends with the process; its cause says how
	ended   chan struct{}
	api     *runtimeAPI
	Said    bytes.Buffer // what the program has logged, after it is stopped
	batches int          // batches that Deliver has handed over
}

// Procs is the programs' GOMAXPROCS: a Lambda function of up to 3 GB sees two
// processors.
const Procs = 2

// Settings is what differs between environments.
type Settings struct {
	Endpoint   string                                               // the AWS stand-ins' URL; Run sets it
	Timeout    time.Duration                                        // of one webhook; 0: a second
	RequestLog string                                               // empty: all
	Charge     func(operation string, request, answer []byte) error // for Run, see AWS
}

// Driven is an environment whose program takes deliver's events, with everything
// that it talks to. Every app has the same receiver.
type Driven struct {
	*Environment
	Receiver *Receiver
	AWS      *AWS
}

// Run starts a program with everything that it talks to, calls use, and ends
// everything. cpu is the user and system time of the process from its start to
// its end.
func Run(ctx context.Context, program string, behave Behaviour, s Settings, use func(Driven) error) (cpu time.Duration, err error) {
	r, err := Receive(behave, nil)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	aws := &AWS{AppURL: func(app string) string { return r.URL + app }, Charge: s.Charge}
	if err := aws.Serve(); err != nil {
		return 0, err
	}
	defer aws.Close()
	s.Endpoint = aws.URL
	e, err := Start(ctx, program, s)
	if err != nil {
		return 0, err
	}
	defer e.Stop()
	if err := use(Driven{e, r, aws}); err != nil {
		return 0, err
	}
	e.Stop()
	_, err = aws.Counted()
	return e.command.ProcessState.UserTime() + e.command.ProcessState.SystemTime(), err
}

// Start starts a program. It ends when ctx does, at the latest.
func Start(ctx context.Context, program string, s Settings) (*Environment, error) {
	api, err := serveRuntimeAPI()
	if err != nil {
		return nil, err
	}
	e := &Environment{command: exec.CommandContext(ctx, program), api: api, ended: make(chan struct{})}
	e.command.Env = environment(api.address, s)
	e.command.Stdout, e.command.Stderr = &e.Said, &e.Said
	e.begun = time.Now()
	if err := e.command.Start(); err != nil {
		api.close()
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	alive, end := context.WithCancelCause(ctx)
	e.alive = alive
	go func() {
		defer close(e.ended)
		_ = e.command.Wait() // the process state says more
		end(fmt.Errorf("%s ended by itself: %s", filepath.Base(program), e.command.ProcessState))
	}()
	return e, nil
}

// environment is the variables that Lambda and the template set, for all
// functions together. It has none of this program's own.
func environment(runtimeAPI string, s Settings) []string {
	queueURL := func(name string) string { return s.Endpoint + "/" + account + "/" + name }
	return []string{
		"GOMAXPROCS=" + strconv.Itoa(Procs), "TZ=:UTC",
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=deliver", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023", "_HANDLER=bootstrap",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL=" + s.Endpoint,
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_SESSION_TOKEN=" + strings.Repeat("t", 700),
		"AWS_CONFIG_FILE=/var/empty/config", "AWS_SHARED_CREDENTIALS_FILE=/var/empty/credentials",
		"LOG_LEVEL=INFO", "AWS_NEW_RETRIES_2026=true",
		"APPS_TABLE=" + AppsTable, "SECRETS_TABLE=" + SecretsTable, "SLOW_APPS_TABLE=" + SlowAppsTable, "BUFFER_TABLE=" + BufferTable, "REQUESTS_TABLE=" + RequestsTable,
		"ORGANIZATIONS_TABLE=organizations", "AUDIT_TABLE=audit", "NOTICES_TABLE=notices",
		"RETRY_QUEUE_URL=" + queueURL(RetryQueue), "WEBHOOK_DLQ_URL=" + queueURL("dead"), "REGISTRY_DLQ_URL=" + queueURL("dead"),
		"REGISTRY_QUEUE_URL=" + queueURL("registry"), "NOTIFICATION_QUEUE_URL=" + queueURL("notification"), "NOTIFICATION_DLQ_URL=" + queueURL("dead"),
		fmt.Sprintf("WEBHOOK_TIMEOUT_SECONDS=%g", cmp.Or(s.Timeout, time.Second).Seconds()), "RETRY_DELAYS=300,300,300",
		"REQUEST_LOG=" + cmp.Or(s.RequestLog, "all"), "ALLOW_PRIVATE_TARGETS=true", "ALLOW_HTTP_TARGETS=true",
		"PLATFORM_ID=platform", "PLATFORM_NAME=Platform", "HEADER_PREFIX=Platform-", "SUBSCRIBABLE_RESOURCES=issue", "PLATFORM_URL=http://platform.example", "MAIL_FROM=hookwarden@platform.example", "CONFIGURATION_SET=hookwarden", "FUNCTION_TIMEOUT_SECONDS=30",
	}
}

// Ready waits until the process first asks for work, and returns how long that
// took from its start.
func (e *Environment) Ready() (time.Duration, error) {
	select {
	case at := <-e.api.asked:
		return at.Sub(e.begun), nil
	case <-e.alive.Done():
		return 0, e.failed(context.Cause(e.alive))
	}
}

// Invoke hands over an event and returns the answer. After an error the
// environment is over.
func (e *Environment) Invoke(event any) (answer []byte, took time.Duration, err error) {
	text, err := json.Marshal(event)
	if err != nil {
		return nil, 0, err
	}
	start := time.Now()
	if answer, err = e.api.invoke(e.alive, text); err != nil {
		return nil, 0, e.failed(err)
	}
	return answer, time.Since(start), nil
}

// Deliver hands over a batch of webhooks, one for each app, or all for the only
// one, and returns how long it took. It fails if any is returned.
func (e *Environment) Deliver(apps ...string) (time.Duration, error) {
	e.batches++
	got, took, err := e.Invoke(batch(e.batches, apps))
	if err == nil && string(got) != `{"batchItemFailures":[]}` {
		err = fmt.Errorf("the function answered %s", got)
	}
	return took, err
}

func (e *Environment) failed(err error) error {
	e.Stop()
	said := e.Said.Bytes()
	return fmt.Errorf("the function: %w\n%s", err, said[max(0, len(said)-4096):])
}

// PID is the process id.
func (e *Environment) PID() int { return e.command.Process.Pid }

// Stop kills the process and waits for its end. A second time does nothing.
func (e *Environment) Stop() {
	_ = e.command.Process.Kill()
	<-e.ended
	e.api.close()
}
