// Load fills a local stack of its own with many apps and a long log, and measures on it
// what the operator's program asks of AWS, and how long it takes and how large it grows
// by itself. It prints a table for docs/operator.md.
//
//	go run ./localstack/load [-apps 10000] [-entries 1000000] [-times 5]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"hookwarden/localstack/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	root := flag.String("root", ".", "the project's folder")
	apps := flag.Int("apps", 10_000, "apps to load")
	entries := flag.Int("entries", 1_000_000, "log entries to load, a tenth of them of one app")
	times := flag.Int("times", 5, "how often each command is measured")
	flag.Parse()

	folder, err := os.MkdirTemp("", "hookwarden-load-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	program := filepath.Join(folder, "hookwarden")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/hookwarden")
	build.Dir, build.Stderr = *root, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the program: %w", err)
	}
	held, err := stack.Hold(*root, "0", os.Stderr)
	if err != nil {
		return err
	}
	defer func() {
		if released := held.Release(); err == nil {
			err = released
		}
	}()
	s, err := stack.Open(ctx, held.Env)
	if err != nil {
		return err
	}

	// First a small stack, then the large one: what is bounded costs the same on both.
	m := measuring{program: program, env: held.Env, folder: folder, times: *times}
	var sizes []size
	for _, share := range []int{100, 1} {
		l := loader{s: s, apps: *apps / share, entries: *entries / share, now: time.Now().UTC()}
		began := time.Now()
		if err := l.load(ctx); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d apps and %d entries are there after %.0f s\n", l.apps, l.entries, time.Since(began).Seconds())
		found, err := m.measure(ctx)
		if err != nil {
			return err
		}
		sizes = append(sizes, size{l.apps, l.entries, found})
	}
	fmt.Print(table(sizes))
	return nil
}
