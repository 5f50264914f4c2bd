package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// environment is one of Lambda's execution environments: the real deliver
// program, behind a Runtime API of its own.
type environment struct {
	process *process
	api     *runtimeAPI
	said    *tail
}

// procs is the GOMAXPROCS of what is measured: a Lambda function of up to 3 GB
// sees two processors, whatever this machine has.
const procs = 2

// settings are what differs between the parts of the bench.
type settings struct {
	endpoint string              // of the stand-ins for AWS
	timeout  time.Duration       // of one webhook
	read     func(logged []byte) // takes each line that deliver logs; nil: nobody reads them
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
	command.Env = deliverEnvironment(api.address, s)
	command.Stdout, command.Stderr = log, log
	if e.process, err = start(ctx, command); err != nil {
		api.close()
		return nil, err
	}
	return e, nil
}

// deliverEnvironment is what Lambda and the template set, and nothing of this
// program's own.
func deliverEnvironment(runtimeAPI string, s settings) []string {
	return []string{
		"GOMAXPROCS=" + strconv.Itoa(procs), "TZ=:UTC",
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=deliver", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023", "_HANDLER=bootstrap",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL=" + s.endpoint,
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_SESSION_TOKEN=" + strings.Repeat("t", 700),
		"AWS_CONFIG_FILE=/var/empty/config", "AWS_SHARED_CREDENTIALS_FILE=/var/empty/credentials",
		"LOG_LEVEL=INFO", "AWS_NEW_RETRIES_2026=true",
		"APPS_TABLE=" + appsTable, "SECRETS_TABLE=" + secretsTable, "BUFFER_TABLE=buffer", "REQUESTS_TABLE=" + requestsTable,
		"RETRY_QUEUE_URL=" + s.endpoint + "/" + account + "/" + retryQueue, "WEBHOOK_DLQ_URL=" + s.endpoint + "/" + account + "/" + deadQueue,
		fmt.Sprintf("WEBHOOK_TIMEOUT_SECONDS=%g", s.timeout.Seconds()), "RETRY_DELAYS=300,300,300", "REQUEST_LOG=all",
		"ALLOW_PRIVATE_TARGETS=true", "ALLOW_HTTP_TARGETS=true",
	}
}

// invoke hands an event to the program and returns its answer. After an error
// the environment is of no more use.
func (e *environment) invoke(event []byte) ([]byte, error) {
	got, err := e.api.invoke(e.process.alive, event)
	if err != nil {
		e.stop()
		return nil, fmt.Errorf("deliver: %w\n%s", err, e.said.kept)
	}
	return got, nil
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
