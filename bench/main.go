// The bench measures the real, stripped programs, as they are deployed: what a
// webhook costs, against what is close to the limit, in turn in one run; and what
// one app's receiver does to another app's webhooks, against the same run without
// it. AWS and the receivers are stand-ins on loopback.
package main

import (
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

	"hookwarden/bench/loopback"
	"hookwarden/bench/neighbours"
	"hookwarden/bench/report"
)

func main() {
	b := bench{begun: time.Now(), out: os.Stdout, now: build{name: "this tree", root: "."}}
	flag.StringVar(&b.only, "only", "", "measure only these parts, separated by commas: "+strings.Join(b.names(), ", "))
	flag.StringVar(&b.base, "base", "", "compare with this commit, branch or tag")
	flag.IntVar(&b.runs, "runs", pageRuns, "how often a figure is measured; not of neighbours")
	flag.BoolVar(&b.choice.All, "all", false, "neighbours: every behaviour (12 minutes)")
	flag.StringVar(&b.choice.Named, "neighbour", "", "neighbours: only the behaviours whose name matches this expression")
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
	begun  time.Time
	out    io.Writer
	only   string // names of parts; empty: all
	base   string // what git knows it by; empty: nothing is compared
	runs   int
	now    build
	choice neighbours.Choice
}

// part measures some of the figures: by gauges, which can be taken of any build,
// or by a function of its own.
type part struct {
	name    string
	title   string
	gauges  []gauge
	notes   []string
	measure func(context.Context) (report.Section, error)
}

func (b *bench) parts() []part {
	return []part{
		{name: "cpu", title: "CPU", gauges: cpuGauges(), notes: []string{
			fmt.Sprintf("User + system of the whole process from its start to its end, over plain HTTP: %d webhooks of deliver, %d of the bare program.", cpuWebhooks, bareWebhooks),
			"deliver: batches of ten for one internal app, bodies of 1,024 bytes, RequestLog=all, with 256 MB, at which it sets GOMAXPROCS to 1 by itself.",
			fmt.Sprintf("bare: a Lambda function that POSTs the same bodies with the same headers with net/http, ten at a time, with GOMAXPROCS=%d. "+
				"They come ready: it decodes, signs, logs and counts nothing.", loopback.Procs)}},
		{name: "start", title: "Start", gauges: startGauges(), notes: []string{
			fmt.Sprintf("From the start of the process until its first GET of /invocation/next: Lambda's init without the download of the zip. "+
				"A value is the median of %d starts. hello: a Lambda function built alike that does nothing.", starts)}},
		{name: "memory", title: "Memory", gauges: memoryGauges(), notes: []string{
			"VmHWM of the process, which only Linux has, in MB of 1,000,000 bytes: all that was ever resident, the program's own pages included. " +
				"hello is invoked as often, with the same events."}},
		{name: "units", measure: b.measureUnits},
		{name: "cost", measure: b.measureCost},
		{name: "month", measure: b.measureMonth},
		{name: "neighbours", measure: func(ctx context.Context) (report.Section, error) {
			return neighbours.Measure(ctx, b.now.program("deliver"), b.choice)
		}},
	}
}

func (b *bench) names() (names []string) {
	for _, p := range b.parts() {
		names = append(names, p.name)
	}
	return names
}

// chosen are the parts that are to be measured.
func (b *bench) chosen() ([]part, error) {
	if b.only == "" {
		return b.parts(), nil
	}
	only := strings.Split(b.only, ",")
	for _, name := range only {
		if !slices.Contains(b.names(), name) {
			return nil, fmt.Errorf("there is no part %q, only %s", name, strings.Join(b.names(), ", "))
		}
	}
	return slices.DeleteFunc(b.parts(), func(p part) bool { return !slices.Contains(only, p.name) }), nil
}

func (b *bench) run(ctx context.Context) error {
	parts, err := b.chosen()
	if err != nil {
		return err
	}
	if err := b.now.make(ctx, "build"); err != nil {
		return err
	}
	if b.base != "" {
		return b.compare(ctx, parts)
	}
	if err := makePrograms(ctx); err != nil {
		return err
	}
	r := report.Report{Title: "Benchmarks"}
	for _, p := range parts {
		_, _ = fmt.Fprintf(os.Stderr, "measuring: %s\n", p.name)
		section, err := b.section(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		_, _ = fmt.Fprint(b.out, section.Markdown())
		r.Sections = append(r.Sections, section)
	}
	r.About = b.about(ctx)
	if b.only != "" || b.choice.Named != "" || b.runs < pageRuns {
		_, _ = fmt.Fprintf(b.out, "\n%s\n\n%s is as it was: only a run of all parts, %d times, writes it.\n", r.About[len(r.About)-1], page, pageRuns)
		return nil
	}
	_, _ = fmt.Fprintf(b.out, "\nThe report is in %s.\n", page)
	return os.WriteFile(page, []byte(r.Markdown()), 0o644)
}

func (b *bench) section(ctx context.Context, p part) (report.Section, error) {
	if p.measure != nil {
		return p.measure(ctx)
	}
	s := report.Section{Title: p.title, Notes: p.notes}
	for _, g := range p.gauges {
		measured := func() (float64, error) { return g.take(ctx, b.now.program(g.function)) }
		baseline := func() (float64, error) { return g.baseline(ctx, comparedProgram(g.Against)) }
		if err := b.inTurn(&g.Figure, measured, baseline); err != nil {
			return s, err
		}
		s.Figures = append(s.Figures, g.Figure)
	}
	return s, nil
}

// inTurn measures a figure and what it is held against in turn, each started anew
// each time. Its ratio is that of each pair.
func (b *bench) inTurn(f *report.Figure, measured, baseline func() (float64, error)) error {
	for range b.runs {
		value, err := measured()
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		against, err := baseline()
		if err != nil {
			return fmt.Errorf("%s, %s: %w", f.Name, f.Against, err)
		}
		f.Add(value, against)
	}
	return nil
}

// compare measures this tree and the base in turn, and shows what has changed.
func (b *bench) compare(ctx context.Context, parts []part) error {
	base, remove, err := checkOut(ctx, b.base)
	if err != nil {
		return err
	}
	defer remove()
	if err := base.make(ctx, "build"); err != nil {
		return err
	}
	s := report.Section{Title: b.now.name + " against " + base.name, Notes: b.about(ctx)[1:]}
	for _, p := range parts {
		for _, g := range p.gauges {
			_, _ = fmt.Fprintf(os.Stderr, "comparing: %s\n", g.Name)
			f := report.Figure{Name: g.Name, Format: g.Format, Against: "base"}
			of := func(what build) func() (float64, error) {
				return func() (float64, error) { return g.take(ctx, what.program(g.function)) }
			}
			if err := b.inTurn(&f, of(b.now), of(base)); err != nil {
				return err
			}
			s.Figures = append(s.Figures, f)
		}
	}
	_, err = fmt.Fprint(b.out, s.Markdown())
	return err
}
