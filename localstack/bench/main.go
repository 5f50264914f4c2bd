// The bench measures the real, stripped programs, as they are deployed: what a
// webhook costs, against what is close to the limit, side by side in one run;
// and what one app's receiver does to another app's webhooks, against the same
// run without it. AWS and the receivers are stand-ins on loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
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
	flag.StringVar(&b.only, "only", "", "measure only this part: cpu or neighbours")
	flag.IntVar(&b.cpu.runs, "runs", 7, "cpu: how often the figure is measured")
	flag.DurationVar(&b.cpu.effort, "effort", 1500*time.Millisecond, "cpu: CPU time that each measurement of it takes at least")
	flag.BoolVar(&b.neighbours.all, "all", false, "neighbours: every behaviour, and on until the backlog is through (up to 27 minutes)")
	flag.StringVar(&b.neighbours.chosen, "neighbour", "", "neighbours: only the behaviours whose name matches this expression")
	flag.StringVar(&b.neighbours.trace, "trace", "", "neighbours: append a line for each webhook to this file")
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
	out        io.Writer
	only       string // a part's name; empty: all
	deliver    string // path of the program
	cpu        cpuPart
	neighbours neighbourPart
}

func (b *bench) run(ctx context.Context) error {
	parts := map[string]func(context.Context) error{
		"cpu":        func(ctx context.Context) error { return b.cpu.run(ctx, b.deliver, b.out) },
		"neighbours": func(ctx context.Context) error { return b.neighbours.run(ctx, b.deliver, b.out) },
	}
	if b.only != "" && parts[b.only] == nil {
		return fmt.Errorf("there is no part %q", b.only)
	}
	if b.deliver == "" {
		b.deliver = filepath.Join("dist", runtime.GOARCH, "deliver", "bootstrap")
		if err := runMake(ctx, "build"); err != nil {
			return fmt.Errorf("build: %w", err)
		}
	}
	for _, name := range []string{"cpu", "neighbours"} {
		if b.only != "" && b.only != name {
			continue
		}
		if err := parts[name](ctx); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(b.out, machine())
	return err
}

// runMake makes something for this machine, with the Makefile's own flags.
func runMake(ctx context.Context, arguments ...string) error {
	arguments = append([]string{"--no-print-directory", "TARGET_OS=" + runtime.GOOS, "ARCH=" + runtime.GOARCH}, arguments...)
	command := exec.CommandContext(ctx, "make", arguments...)
	// What the make that started this was told is not meant for these.
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MAKEFLAGS=") || strings.HasPrefix(v, "MFLAGS=")
	})
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}

// machine is one line about where the figures are from.
func machine() string {
	return fmt.Sprintf("%d cores, %s/%s, %s, GOMAXPROCS=%d for what is measured",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), procs)
}
