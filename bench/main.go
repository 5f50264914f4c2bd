// The bench measures the real, stripped programs, as they are deployed: what a
// webhook costs, against what is close to the limit, side by side in one run;
// and what one app's receiver does to another app's webhooks, against the same
// run without it. AWS and the receivers are stand-ins on loopback, but for the
// mails, which are measured on the local stack.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"hookwarden/bench/report"
)

func main() {
	b := bench{begun: time.Now(), out: os.Stdout, now: build{name: "this tree", root: "."}}
	flag.StringVar(&b.only, "only", "", "measure only these parts, parted by commas: "+strings.Join(b.names(), ", "))
	flag.StringVar(&b.base, "base", "", "compare with this commit, branch or tag")
	flag.IntVar(&b.runs, "runs", pageRuns, "how often a figure is measured; not of neighbours, verdicts' reads and mails")
	flag.DurationVar(&b.cpu.effort, "effort", 1500*time.Millisecond, "cpu: CPU time that each measurement of it takes at least")
	flag.BoolVar(&b.neighbours.all, "all", false, "neighbours: every behaviour, and on until the backlog is through (17 minutes with all parts, more if it takes long)")
	flag.StringVar(&b.neighbours.chosen, "neighbour", "", "neighbours: only the behaviours whose name matches this expression")
	flag.StringVar(&b.neighbours.trace, "trace", "", "neighbours: append a line for each webhook to this file")
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

// page is where the report of a whole run is kept, if it has so many runs.
const (
	page     = "docs/benchmarks.md"
	pageRuns = 7
)

type bench struct {
	begun      time.Time
	commit     string // of this tree
	out        io.Writer
	only       string // names of parts; empty: all
	base       string // what git knows it by; empty: nothing is compared
	runs       int
	now        build
	cpu        cpuPart
	neighbours neighbourPart
}

// part measures some of the figures.
type part struct {
	name    string
	measure func(context.Context) (report.Section, error)
}

func (b *bench) parts() []part {
	return []part{
		{"cpu", b.measureCPU},
		{"batches", b.measureBatches},
		{"start", b.measureStart},
		{"memory", b.measureMemory},
		{"go", b.measureBenchmarks},
		{"zips", b.measureZips},
		{"units", b.measureUnits},
		{"cost", b.measureCost},
		{"neighbours", b.measureNeighbours},
		{"verdicts", b.measureVerdicts},
		{"mails", b.measureMails},
	}
}

func (b *bench) names() (names []string) {
	for _, p := range b.parts() {
		names = append(names, p.name)
	}
	return names
}

// wants reports whether a part is to be measured.
func (b *bench) wants(name string) bool {
	return b.only == "" || slices.Contains(strings.Split(b.only, ","), name)
}

func (b *bench) check() error {
	for name := range strings.SplitSeq(b.only, ",") {
		if name != "" && !slices.Contains(b.names(), name) {
			return fmt.Errorf("there is no part %q, only %s", name, strings.Join(b.names(), ", "))
		}
	}
	return nil
}

func (b *bench) run(ctx context.Context) error {
	if err := b.check(); err != nil {
		return err
	}
	b.commit = commit(ctx)
	if err := b.now.make(ctx, "build"); err != nil {
		return err
	}
	if b.base != "" {
		return b.compare(ctx)
	}
	if err := makePrograms(ctx); err != nil {
		return err
	}
	r := report.Report{Title: "Benchmarks"}
	for _, p := range b.parts() {
		if !b.wants(p.name) {
			continue
		}
		_, _ = fmt.Fprintf(os.Stderr, "measuring: %s\n", p.name)
		section, err := p.measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := section.Text(b.out); err != nil {
			return err
		}
		r.Sections = append(r.Sections, section)
	}
	r.About = b.about()
	return b.close(r)
}

// close prints all figures, and writes the page if they are of a whole run.
func (b *bench) close(r report.Report) error {
	all := report.Section{Title: "All", Notes: r.About[1:]}
	for _, s := range r.Sections {
		all.Figures = append(all.Figures, s.Figures...)
	}
	if err := all.Text(b.out); err != nil {
		return err
	}
	if b.only != "" || b.neighbours.chosen != "" || b.runs < pageRuns {
		_, err := fmt.Fprintf(b.out, "\n%s is as it was: only a run of all parts, %d times, writes it.\n", page, pageRuns)
		return err
	}
	var markdown bytes.Buffer
	if err := r.Markdown(&markdown); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(b.out, "\nThe report is in %s.\n", page)
	return os.WriteFile(page, markdown.Bytes(), 0o644)
}

// take measures one value. What is measured is started anew each time.
type take func(context.Context) (float64, error)

// inTurn measures a figure and what it is held against in turn. Its ratio is
// that of each pair.
func (b *bench) inTurn(ctx context.Context, f report.Figure, measured, baseline take) (report.Figure, error) {
	for range b.runs {
		value, err := measured(ctx)
		if err != nil {
			return f, err
		}
		against, err := baseline(ctx)
		if err != nil {
			return f, err
		}
		f.Add(value, against)
	}
	return f, nil
}

// always is a baseline that needs no measuring.
func always(value float64) take {
	return func(context.Context) (float64, error) { return value, nil }
}
