package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// cpuPart measures what a delivered webhook costs.
type cpuPart struct {
	runs   int
	effort time.Duration

	deliver, bare string // paths of the programs
	receivers     *receivers
	aws           *standIns
	delivered     int // webhooks, by all deliver processes
}

func (c *cpuPart) run(ctx context.Context, deliver string, out io.Writer) (err error) {
	c.deliver, c.bare = deliver, filepath.Join(".local", "bench", "bare")
	if err := runMake(ctx, "OUT="+c.bare, "-f", "Makefile", "-f", "localstack/bench/programs.mk", "bare"); err != nil {
		return fmt.Errorf("build the bare program: %w", err)
	}
	if c.receivers, err = serveReceivers(); err != nil {
		return err
	}
	defer c.receivers.close()
	c.aws = &standIns{appURL: func(string) string { return c.receivers.url }}
	if err = c.aws.serve(); err != nil {
		return err
	}
	defer c.aws.close()

	cpu, err := c.cpuPerWebhook(ctx)
	if err != nil {
		return err
	}
	return c.print(out, []row{cpu})
}

const (
	warmUp = 1000 // webhooks before a measurement begins
	round  = 2000 // webhooks between two looks at the clock
)

// cpuPerWebhook measures deliver and the bare program in turn. Each time both
// are started anew; the ratio is that of the pair.
func (c *cpuPart) cpuPerWebhook(ctx context.Context) (row, error) {
	r := row{figure: "CPU per delivered webhook, µs", against: "bare program", goal: "≤ 2"}
	for range c.runs {
		ours, err := startDeliver(ctx, c.deliver, c.aws.url)
		if err != nil {
			return row{}, err
		}
		measured, err := c.cpuOf(ours)
		if err != nil {
			return row{}, err
		}
		c.delivered += ours.sent
		theirs, err := startBare(ctx, c.bare, c.receivers.url, c.receivers.kept())
		if err != nil {
			return row{}, err
		}
		baseline, err := c.cpuOf(theirs)
		if err != nil {
			return row{}, err
		}
		r.add(measured, baseline)
	}
	return r, nil
}

// cpuOf warms a subject up, measures it in microseconds per webhook, and stops
// it.
func (c *cpuPart) cpuOf(s subject) (float64, error) {
	defer s.stop()
	if err := c.sendAll(s, warmUp); err != nil {
		return 0, err
	}
	before, err := cpuTime(s.pid())
	if err != nil {
		return 0, err
	}
	for webhooks := round; ; webhooks += round {
		if err := c.sendAll(s, round); err != nil {
			return 0, err
		}
		after, err := cpuTime(s.pid())
		if err != nil {
			return 0, err
		}
		if used := after - before; used >= c.effort {
			return float64(used) / float64(webhooks) / float64(time.Microsecond), nil
		}
	}
}

// sendAll sends and looks whether all has arrived.
func (c *cpuPart) sendAll(s subject, webhooks int) error {
	before := c.receivers.got()
	if err := s.send(webhooks); err != nil {
		return err
	}
	if got := c.receivers.got() - before; got != webhooks {
		return fmt.Errorf("%d webhooks were sent and %d arrived", webhooks, got)
	}
	for _, r := range c.receivers.kept() {
		if len(r.Body) != bodySize || r.Header.Get("Webhook-Signature") == "" {
			return errors.New("the webhooks are not what they should be")
		}
	}
	return nil
}

func (c *cpuPart) print(out io.Writer, rows []row) error {
	if err := printTable(out, rows); err != nil {
		return err
	}
	requests := c.aws.counted()
	var operations []string
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		operations = append(operations, fmt.Sprintf("%s %.1f", name, 1000*float64(requests[name])/float64(c.delivered)))
	}
	_, err := fmt.Fprintf(out, `
Medians of %d runs, in brackets the smallest and the largest. User + system of the whole process, warm, %s of it in each run.
deliver: batches of %d for one internal app, bodies of %d bytes, RequestLog=all.
bare program: POSTs the same bodies with the same headers, ten at a time; they come ready, it signs nothing.
AWS requests of deliver per 1,000 webhooks: %s.

`, c.runs, c.effort, batchSize, bodySize, strings.Join(operations, ", "))
	return err
}
