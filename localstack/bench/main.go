// The bench measures the real, stripped programs, as they are deployed, against
// what is close to the limit: side by side, in one run. AWS and the receivers
// are stand-ins that answer at once on loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	b := bench{out: os.Stdout}
	flag.IntVar(&b.runs, "runs", 7, "how often each figure is measured")
	flag.DurationVar(&b.effort, "effort", 1500*time.Millisecond, "CPU time that each measurement of it takes at least")
	flag.StringVar(&b.deliver, "deliver", "", "measure this program, instead of what make build makes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := b.run(ctx) // returns when every process that it started has ended
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	out           io.Writer
	runs          int
	effort        time.Duration
	deliver, bare string // paths of the programs

	receivers *receivers
	aws       *standIns
	delivered int // webhooks, by all deliver processes
}

func (b *bench) run(ctx context.Context) (err error) {
	if err := b.build(ctx); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	if b.receivers, err = serveReceivers(); err != nil {
		return err
	}
	defer b.receivers.close()
	if b.aws, err = serveStandIns(b.receivers.url); err != nil {
		return err
	}
	defer b.aws.close()

	cpu, err := b.cpuPerWebhook(ctx)
	if err != nil {
		return err
	}
	return b.print([]row{cpu})
}

// build makes deliver and the bare program with the Makefile's own flags.
func (b *bench) build(ctx context.Context) error {
	system := []string{"TARGET_OS=" + runtime.GOOS, "ARCH=" + runtime.GOARCH}
	if b.deliver == "" {
		b.deliver = filepath.Join("dist", runtime.GOARCH, "deliver", "bootstrap")
		if err := runMake(ctx, append(system, "build")); err != nil {
			return err
		}
	}
	b.bare = filepath.Join(".local", "bench", "bare")
	return runMake(ctx, append(system, "OUT="+b.bare, "-f", "Makefile", "-f", "localstack/bench/programs.mk", "bare"))
}

func runMake(ctx context.Context, arguments []string) error {
	command := exec.CommandContext(ctx, "make", append([]string{"--no-print-directory"}, arguments...)...)
	// What the make that started this was told is not meant for these.
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MAKEFLAGS=") || strings.HasPrefix(v, "MFLAGS=")
	})
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}

const (
	warmUp = 1000 // webhooks before a measurement begins
	round  = 2000 // webhooks between two looks at the clock
)

// cpuPerWebhook measures deliver and the bare program in turn. Each time both
// are started anew; the ratio is that of the pair.
func (b *bench) cpuPerWebhook(ctx context.Context) (row, error) {
	r := row{figure: "CPU per delivered webhook, µs", against: "bare program", goal: "≤ 2"}
	for range b.runs {
		ours, err := startDeliver(ctx, b.deliver, b.aws.url)
		if err != nil {
			return row{}, err
		}
		measured, err := b.cpuOf(ours)
		if err != nil {
			return row{}, err
		}
		b.delivered += ours.sent
		theirs, err := startBare(ctx, b.bare, b.receivers.url, b.receivers.kept())
		if err != nil {
			return row{}, err
		}
		baseline, err := b.cpuOf(theirs)
		if err != nil {
			return row{}, err
		}
		r.add(measured, baseline)
	}
	return r, nil
}

// cpuOf warms a subject up, measures it in microseconds per webhook, and stops
// it.
func (b *bench) cpuOf(s subject) (float64, error) {
	defer s.stop()
	if err := b.sendAll(s, warmUp); err != nil {
		return 0, err
	}
	before, err := cpuTime(s.pid())
	if err != nil {
		return 0, err
	}
	for webhooks := round; ; webhooks += round {
		if err := b.sendAll(s, round); err != nil {
			return 0, err
		}
		after, err := cpuTime(s.pid())
		if err != nil {
			return 0, err
		}
		if used := after - before; used >= b.effort {
			return float64(used) / float64(webhooks) / float64(time.Microsecond), nil
		}
	}
}

// sendAll sends and looks whether all has arrived.
func (b *bench) sendAll(s subject, webhooks int) error {
	before := b.receivers.got()
	if err := s.send(webhooks); err != nil {
		return err
	}
	if got := b.receivers.got() - before; got != webhooks {
		return fmt.Errorf("%d webhooks were sent and %d arrived", webhooks, got)
	}
	for _, r := range b.receivers.kept() {
		if len(r.Body) != bodySize || r.Header.Get("Webhook-Signature") == "" {
			return errors.New("the webhooks are not what they should be")
		}
	}
	return nil
}

func (b *bench) print(rows []row) error {
	if err := printTable(b.out, rows); err != nil {
		return err
	}
	requests := b.aws.counted()
	var operations []string
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		operations = append(operations, fmt.Sprintf("%s %.1f", name, 1000*float64(requests[name])/float64(b.delivered)))
	}
	_, err := fmt.Fprintf(b.out, `
Medians of %d runs, in brackets the smallest and the largest. User + system of the whole process, warm, %s of it in each run.
deliver: batches of %d for one internal app, bodies of %d bytes, RequestLog=all.
bare program: POSTs the same bodies with the same headers, ten at a time; they come ready, it signs nothing.
AWS requests of deliver per 1,000 webhooks: %s.
%s
`, b.runs, b.effort, batchSize, bodySize, strings.Join(operations, ", "), machine())
	return err
}
