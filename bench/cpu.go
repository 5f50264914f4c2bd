package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hookwarden/bench/report"
)

// cpuPart measures what a delivered webhook costs.
type cpuPart struct {
	effort time.Duration

	sample   []request      // as deliver sent them
	requests map[string]int // to AWS, by all deliver processes, by operation
	sent     int            // webhooks, by the same
}

const (
	warmUp = 1000 // webhooks before a measurement begins
	round  = 2000 // webhooks between two looks at the clock
)

const cpuName = "CPU per delivered webhook, µs"

func (b *bench) measureCPU(ctx context.Context) (report.Section, error) {
	c := &b.cpu
	c.requests = make(map[string]int)
	f, err := b.inTurn(ctx,
		report.Figure{Name: cpuName, Format: "%.0f", Against: "bare program", Goal: report.Goal{Ratio: 2},
			Note: "docs/decisions/0013 has the profile; the SDK and the JSON of the event alone leave 2.3"},
		func(ctx context.Context) (float64, error) { return c.ofDeliver(ctx, b.now) }, c.ofBare)
	if err != nil {
		return report.Section{}, err
	}
	var operations []string
	for _, name := range slices.Sorted(maps.Keys(c.requests)) {
		operations = append(operations, fmt.Sprintf("%s %.1f", name, 1000*float64(c.requests[name])/float64(c.sent)))
	}
	return report.Section{Title: "CPU", Figures: []report.Figure{f}, Notes: []string{
		fmt.Sprintf("User + system of the whole process, warm, %v of it in each run, over plain HTTP.", c.effort),
		fmt.Sprintf("deliver: batches of %d for one internal app, bodies of %d bytes, RequestLog=all, with 256 MB, at which it sets GOMAXPROCS to 1 by itself.", batchSize, bodySize),
		fmt.Sprintf("Bare program: POSTs the same bodies with the same headers with net/http, ten at a time, with GOMAXPROCS=%d. "+
			"They come ready: it decodes, signs, logs and counts nothing.", procs),
		"AWS requests of deliver per 1,000 webhooks, its app known: " + strings.Join(operations, ", ") + ".",
	}}, nil
}

// ofDeliver is a run of a build's deliver.
func (c *cpuPart) ofDeliver(ctx context.Context, b build) (float64, error) {
	receivers, err := serveReceivers()
	if err != nil {
		return 0, err
	}
	defer receivers.close()
	aws := &standIns{appURL: func(string) string { return receivers.url }}
	if err := aws.serve(); err != nil {
		return 0, err
	}
	defer aws.close()
	d, err := startDeliver(ctx, b.program("deliver"), settings{endpoint: aws.url})
	if err != nil {
		return 0, err
	}
	used, err := c.of(d, receivers)
	c.sample = receivers.kept()
	c.sent += d.sent
	for name, n := range aws.counted() {
		c.requests[name] += n
	}
	return used, err
}

// ofBare is a run of the bare program.
func (c *cpuPart) ofBare(ctx context.Context) (float64, error) {
	receivers, err := serveReceivers()
	if err != nil {
		return 0, err
	}
	defer receivers.close()
	s, err := startBare(ctx, comparedProgram("bare"), receivers.url, c.sample)
	if err != nil {
		return 0, err
	}
	return c.of(s, receivers)
}

// of warms a subject up, measures it in microseconds per webhook, and stops it.
func (c *cpuPart) of(s subject, to *receivers) (float64, error) {
	defer s.stop()
	if err := sendAll(s, to, warmUp); err != nil {
		return 0, err
	}
	before, err := cpuTime(s.pid())
	if err != nil {
		return 0, err
	}
	for webhooks := round; ; webhooks += round {
		if err := sendAll(s, to, round); err != nil {
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
func sendAll(s subject, to *receivers, webhooks int) error {
	before := to.got()
	if err := s.send(webhooks); err != nil {
		return err
	}
	if got := to.got() - before; got != webhooks {
		return fmt.Errorf("%d webhooks were sent and %d arrived", webhooks, got)
	}
	for _, r := range to.kept() {
		if len(r.Body) != bodySize || r.Header.Get("Webhook-Signature") == "" {
			return errors.New("the webhooks are not what they should be")
		}
	}
	return nil
}
