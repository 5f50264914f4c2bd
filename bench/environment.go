package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// environment is one of Lambda's execution environments: a function's real
// program, behind a Runtime API of its own.
type environment struct {
	process *process
	api     *runtimeAPI
	said    *tail
	begun   time.Time // just before the process was started
}

// procs is the GOMAXPROCS of what is measured: a Lambda function of up to 3 GB
// sees two processors, whatever this machine has.
const procs = 2

// settings are what differs between the parts of the bench.
type settings struct {
	endpoint   string              // of the stand-ins for AWS
	timeout    time.Duration       // of one webhook; 0: the default
	requestLog string              // empty: the default
	read       func(logged []byte) // takes each line that the function logs; nil: nobody reads them
}

func startEnvironment(ctx context.Context, program string, s settings) (*environment, error) {
	api, err := serveRuntimeAPI()
	if err != nil {
		return nil, err
	}
	e := &environment{api: api, said: &tail{}}
	var log io.Writer = e.said
	if s.read != nil {
		log = io.MultiWriter(e.said, &lines{each: s.read})
	}
	command := exec.CommandContext(ctx, program)
	command.Env = functionEnvironment(api.address, s)
	command.Stdout, command.Stderr = log, log
	e.begun = time.Now()
	if e.process, err = start(ctx, command); err != nil {
		api.close()
		return nil, err
	}
	return e, nil
}

// functionEnvironment is what Lambda and the template set, for all functions at
// once, and nothing of this program's own.
func functionEnvironment(runtimeAPI string, s settings) []string {
	queueURL := func(name string) string { return s.endpoint + "/" + account + "/" + name }
	return []string{
		"GOMAXPROCS=" + strconv.Itoa(procs), "TZ=:UTC",
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=deliver", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023", "_HANDLER=bootstrap",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL=" + s.endpoint,
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_SESSION_TOKEN=" + strings.Repeat("t", 700),
		"AWS_CONFIG_FILE=/var/empty/config", "AWS_SHARED_CREDENTIALS_FILE=/var/empty/credentials",
		"LOG_LEVEL=INFO", "AWS_NEW_RETRIES_2026=true",
		"APPS_TABLE=" + appsTable, "SECRETS_TABLE=" + secretsTable, "SLOW_APPS_TABLE=" + slowAppsTable, "BUFFER_TABLE=" + bufferTable, "REQUESTS_TABLE=" + requestsTable,
		"ORGANIZATIONS_TABLE=organizations", "AUDIT_TABLE=audit", "NOTICES_TABLE=notices",
		"RETRY_QUEUE_URL=" + queueURL(retryQueue), "WEBHOOK_DLQ_URL=" + queueURL(deadQueue), "REGISTRY_DLQ_URL=" + queueURL(deadQueue),
		"REGISTRY_QUEUE_URL=" + queueURL("registry"), "NOTIFICATION_QUEUE_URL=" + queueURL("notification"), "NOTIFICATION_DLQ_URL=" + queueURL(deadQueue),
		fmt.Sprintf("WEBHOOK_TIMEOUT_SECONDS=%g", cmp.Or(s.timeout, time.Second).Seconds()), "RETRY_DELAYS=300,300,300",
		"REQUEST_LOG=" + cmp.Or(s.requestLog, "all"), "ALLOW_PRIVATE_TARGETS=true", "ALLOW_HTTP_TARGETS=true",
		"PLATFORM_URL=http://platform.example", "MAIL_FROM=hookwarden@platform.example", "CONFIGURATION_SET=hookwarden", "FUNCTION_TIMEOUT_SECONDS=30",
	}
}

// invoke hands an event to the program and returns its answer. After an error
// the environment is of no more use.
func (e *environment) invoke(event []byte) ([]byte, error) {
	got, err := e.api.invoke(e.process.alive, event)
	if err != nil {
		e.stop()
		return nil, fmt.Errorf("the function: %w\n%s", err, e.said.kept)
	}
	return got, nil
}

// ready waits until the process has first asked for work, and returns how long
// after its start that was.
func (e *environment) ready() (time.Duration, error) {
	select {
	case at := <-e.api.asked:
		return at.Sub(e.begun), nil
	case <-e.process.alive.Done():
		return 0, fmt.Errorf("the function: %w\n%s", context.Cause(e.process.alive), e.said.kept)
	}
}

func (e *environment) stop() {
	e.process.stop()
	e.api.close()
}

// lines hands on what is written to it, line by line.
type lines struct {
	each func(line []byte)
	rest []byte
}

// Write never fails.
func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.each(line)
		l.rest = rest
	}
}
