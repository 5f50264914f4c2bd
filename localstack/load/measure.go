package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// commands are what is measured: of the busiest app, which fails now and then.
func commands() [][]string {
	return [][]string{
		{"status"},
		{"app", appID(0)},
		{"apps", "--failing"},
		{"why", appID(0)},
		{"why", appID(0), "--event", "issue.deleted"}, // is not there: it looks at all that it may
	}
}

type measuring struct {
	program, env, folder string
	times                int
}

// figure is what one run of a command took.
type figure struct {
	calls, milliseconds, megabytes int // milliseconds of the program itself
	engine                         int // milliseconds waiting for answers
}

// size is what was measured on a stack of a size, by command.
type size struct {
	apps, entries int
	figures       []figure
}

// measure runs each command several times, and takes the median of each figure.
func (m measuring) measure(ctx context.Context) (all []figure, err error) {
	for _, arguments := range commands() {
		var calls, milliseconds, megabytes, engine []int
		for range m.times {
			f, err := m.once(ctx, arguments)
			if err != nil {
				return nil, err
			}
			calls, milliseconds = append(calls, f.calls), append(milliseconds, f.milliseconds)
			megabytes, engine = append(megabytes, f.megabytes), append(engine, f.engine)
		}
		all = append(all, figure{median(calls), median(milliseconds), median(megabytes), median(engine)})
	}
	return all, nil
}

func median(values []int) int {
	slices.Sort(values)
	return values[len(values)/2]
}

// report is the last line that --debug makes the program say.
var report = regexp.MustCompile(`debug: +(\d+) calls; \d+ ms, of which (\d+) ms waiting for AWS`)

func (m measuring) once(ctx context.Context, arguments []string) (f figure, err error) {
	command := exec.CommandContext(ctx, m.program, append([]string{"--env", m.env, "--debug"}, arguments...)...)
	command.Dir = m.folder
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	began := time.Now()
	err = command.Run()
	took := int(time.Since(began).Milliseconds())
	found := report.FindStringSubmatch(said.String())
	if err != nil || found == nil {
		return f, fmt.Errorf("hookwarden %s: %w\n%s%s", strings.Join(arguments, " "), err, &out, &said)
	}
	f.calls, _ = strconv.Atoi(found[1])
	f.engine, _ = strconv.Atoi(found[2])
	f.milliseconds = took - f.engine
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.megabytes = int(usage.Maxrss * 1024 / 1_000_000) // of Linux, in KiB
	}
	return f, nil
}

// table is what was measured, in Markdown.
func table(sizes []size) string {
	small, large := sizes[0], sizes[len(sizes)-1]
	var b strings.Builder
	fmt.Fprintf(&b, "| command | requests, %s | requests, %s | the program itself, ms | waiting for the engine, ms | memory, MB |\n|---|---|---|---|---|---|\n",
		small, large)
	for i, arguments := range commands() {
		f := large.figures[i]
		fmt.Fprintf(&b, "| hookwarden %s | %d | %d | %d | %d | %d |\n", strings.Join(arguments, " "), small.figures[i].calls, f.calls, f.milliseconds, f.engine, f.megabytes)
	}
	return b.String()
}

func (s size) String() string { return fmt.Sprintf("%d apps, %d entries", s.apps, s.entries) }
