package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// subject is a running program that sends webhooks on demand.
type subject interface {
	send(webhooks int) error // a multiple of batchSize
	pid() int
	stop()
}

var (
	_ subject = (*deliver)(nil)
	_ subject = (*bare)(nil)
)

const (
	batchSize = 10
	bodySize  = 1024 // what is POSTed, in bytes

	// procs is the GOMAXPROCS of what is measured: a Lambda function of up to
	// 3 GB sees two processors, whatever this machine has.
	procs = 2
)

// deliver is the real program, behind a Runtime API of its own.
type deliver struct {
	process *process
	api     *runtimeAPI
	said    *tail
	sent    int
}

func startDeliver(ctx context.Context, program, endpoint string) (*deliver, error) {
	api, err := serveRuntimeAPI()
	if err != nil {
		return nil, err
	}
	d := &deliver{api: api, said: &tail{}}
	command := exec.CommandContext(ctx, program)
	command.Env = deliverEnvironment(api.address, endpoint)
	command.Stdout, command.Stderr = d.said, d.said
	if d.process, err = start(ctx, command); err != nil {
		api.close()
		return nil, err
	}
	return d, nil
}

// deliverEnvironment is what Lambda and the template set, and nothing of this
// program's own.
func deliverEnvironment(runtimeAPI, endpoint string) []string {
	return []string{
		"GOMAXPROCS=" + strconv.Itoa(procs), "TZ=:UTC",
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=deliver", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023", "_HANDLER=bootstrap",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL=" + endpoint,
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_SESSION_TOKEN=" + strings.Repeat("t", 700),
		"AWS_CONFIG_FILE=/var/empty/config", "AWS_SHARED_CREDENTIALS_FILE=/var/empty/credentials",
		"LOG_LEVEL=INFO", "AWS_NEW_RETRIES_2026=true",
		"APPS_TABLE=" + appsTable, "SECRETS_TABLE=" + secretsTable, "BUFFER_TABLE=buffer", "REQUESTS_TABLE=requests",
		"RETRY_QUEUE_URL=" + endpoint + "/000000000000/retry", "WEBHOOK_DLQ_URL=" + endpoint + "/000000000000/dead",
		"WEBHOOK_TIMEOUT_SECONDS=1.0", "RETRY_DELAYS=300,300,300", "REQUEST_LOG=all",
		"ALLOW_PRIVATE_TARGETS=true", "ALLOW_HTTP_TARGETS=true",
	}
}

func (d *deliver) pid() int { return d.process.pid }

func (d *deliver) stop() {
	d.process.stop()
	d.api.close()
}

func (d *deliver) send(webhooks int) error {
	batches := make([][]byte, webhooks/batchSize) // made before, so that none is waited for
	for i := range batches {
		var err error
		if batches[i], err = json.Marshal(d.batch()); err != nil {
			return err
		}
	}
	for _, event := range batches {
		got, err := d.api.invoke(d.process.alive, event)
		if err == nil && string(got) != `{"batchItemFailures":[]}` {
			err = fmt.Errorf("answered %s", got)
		}
		if err != nil {
			d.stop()
			return fmt.Errorf("deliver: %w\n%s", err, d.said.kept)
		}
	}
	return nil
}

// batch is an event of ten webhooks for one app.
func (d *deliver) batch() events.SQSEvent {
	var e events.SQSEvent
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	for range batchSize {
		d.sent++
		e.Records = append(e.Records, events.SQSMessage{
			MessageId:     fmt.Sprintf("%08x-1278-4e51-a3c2-7a1e5e4fbb11", d.sent),
			ReceiptHandle: strings.Repeat("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy", 6),
			Body:          message(fmt.Sprintf("evt_%026d", d.sent)),
			Md5OfBody:     "7b270e59b47ff90a553787216d55d91d",
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": now,
				"ApproximateFirstReceiveTimestamp": now, "SenderId": "AIDAIENQZJOLO23YVJ4VO", "MessageGroupId": "17"},
			EventSource:    "aws:sqs",
			EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:webhook",
			AWSRegion:      "us-east-1",
		})
	}
	return e
}

// message is one of WebhookQueue whose webhook has a body of bodySize bytes.
func message(id string) string {
	const (
		installation = `{"uuid":"7a485448-a9e2-4c85-8a3c-4f44175783c9"}`
		actor        = `{"type":"user","id":7,"name":"Ada"}`
		issue        = `{"issue":{"id":"1170820242","shortId":"CI-BOT-1","level":"error","status":"unresolved","platform":"go","count":"17",` +
			`"project":{"id":"1","name":"ci","slug":"ci"},"metadata":{"type":"panic","filename":"main.go"},"title":"`
		frame = `{"action":"created","installation":` + installation + `,"data":` + issue + `"}},"actor":` + actor + `}`
	)
	title := strings.Repeat("panic: a value is nil; ", bodySize)[:bodySize-len(frame)]
	return `{"id":"` + id + `","app_id":"17","organization_id":"42","installation":` + installation +
		`,"resource":"issue","action":"created","data":` + issue + title + `"}},"actor":` + actor + `}`
}

// bare is the program that sends ready requests.
type bare struct {
	process *process
	orders  *json.Encoder
	answers *bufio.Scanner
}

func startBare(ctx context.Context, program, url string, requests []request) (*bare, error) {
	if len(requests) == 0 {
		return nil, errors.New("there is nothing to send")
	}
	command := exec.CommandContext(ctx, program)
	command.Env = []string{"GOMAXPROCS=" + strconv.Itoa(procs)}
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, output := io.Pipe()
	command.Stdout, command.Stderr = output, output
	b := &bare{orders: json.NewEncoder(input), answers: bufio.NewScanner(answers)}
	if b.process, err = start(ctx, command); err != nil {
		return nil, err
	}
	context.AfterFunc(b.process.alive, func() { _ = output.CloseWithError(io.EOF) })
	if err := b.orders.Encode(struct {
		URL      string
		Requests []request
	}{url, requests}); err != nil {
		b.stop()
		return nil, fmt.Errorf("tell the bare program what to send: %w", err)
	}
	return b, nil
}

func (b *bare) pid() int { return b.process.pid }

func (b *bare) stop() { b.process.stop() }

func (b *bare) send(webhooks int) error {
	if err := b.orders.Encode(webhooks); err != nil {
		return fmt.Errorf("the bare program: %w", err)
	}
	b.answers.Scan()
	if got := b.answers.Text(); got != strconv.Itoa(webhooks) {
		return fmt.Errorf("the bare program said %q: %w", got, context.Cause(b.process.alive))
	}
	return nil
}

// machine is one line about where the figures are from.
func machine() string {
	return fmt.Sprintf("%d cores, %s/%s, %s, GOMAXPROCS=%d for what is measured",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), procs)
}
