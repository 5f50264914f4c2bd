package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
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
)

// deliver is one environment of the function deliver, or of a program that takes
// its events, that is handed one batch after another.
type deliver struct {
	*environment
	sent int
}

func startDeliver(ctx context.Context, program string, s settings) (*deliver, error) {
	e, err := startEnvironment(ctx, program, s)
	return &deliver{environment: e}, err
}

func (d *deliver) pid() int { return d.process.pid }

func (d *deliver) send(webhooks int) error {
	batches := make([][]byte, webhooks/batchSize) // made before, so that none is waited for
	for i := range batches {
		var err error
		if batches[i], err = d.batch("17"); err != nil {
			return err
		}
	}
	for _, b := range batches {
		if _, err := d.hand(b); err != nil {
			return err
		}
	}
	return nil
}

// hand hands a batch over and returns how long it took, none of which may fail.
func (d *deliver) hand(batch []byte) (time.Duration, error) {
	start := time.Now()
	got, err := d.invoke(batch)
	took := time.Since(start)
	if err == nil && string(got) != `{"batchItemFailures":[]}` {
		err = fmt.Errorf("the function answered %s", got)
	}
	return took, err
}

// batch is an event of ten webhooks: for an app each, or all for the only one.
func (d *deliver) batch(apps ...string) ([]byte, error) {
	var e events.SQSEvent
	for i := range batchSize {
		d.sent++
		app := apps[i%len(apps)]
		e.Records = append(e.Records, record(webhookQueue, &queued{
			id:       fmt.Sprintf("%08x-1278-4e51-a3c2-7a1e5e4fbb11", d.sent),
			group:    app,
			body:     platformMessage(fmt.Sprintf("evt_%026d", d.sent), app),
			sent:     time.Now(),
			receives: 1,
		}))
	}
	return json.Marshal(e)
}

// platformMessage is one of WebhookQueue whose webhook has a body of bodySize bytes.
func platformMessage(id, app string) string {
	const (
		installation = `{"uuid":"7a485448-a9e2-4c85-8a3c-4f44175783c9"}`
		actor        = `{"type":"user","id":7,"name":"Ada"}`
		issue        = `{"issue":{"id":"1170820242","shortId":"CI-BOT-1","level":"error","status":"unresolved","platform":"go","count":"17",` +
			`"project":{"id":"1","name":"ci","slug":"ci"},"metadata":{"type":"panic","filename":"main.go"},"title":"`
		frame = `{"action":"created","installation":` + installation + `,"data":` + issue + `"}},"actor":` + actor + `}`
	)
	title := strings.Repeat("panic: a value is nil; ", bodySize)[:bodySize-len(frame)]
	return `{"id":"` + id + `","app_id":"` + app + `","organization_id":"42","installation":` + installation +
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
