// The bench measures the real, stripped programs, as they are deployed. It
// measures what a webhook costs, compared in the same run with a bare program
// that does almost nothing. It also measures what one app's receiver does to
// another app's webhooks, compared with a run without that receiver. AWS and the
// receivers are stand-ins on loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"hookwarden/bench/loopback"
	"hookwarden/bench/neighbours"
	"hookwarden/bench/report"
)

func main() {
	b := bench{begun: time.Now()}
	flag.StringVar(&b.only, "only", "", "measure only these parts, separated by commas: "+strings.Join(b.names(), ", "))
	flag.StringVar(&b.base, "base", "", "compare with this commit, branch or tag")
	flag.IntVar(&b.runs, "runs", pageRuns, "how often each figure is measured, except for neighbours")
	all := flag.Bool("all", false, "neighbours: every behaviour (10 minutes)")
	flag.StringVar(&b.named, "neighbour", neighbours.Main, "neighbours: only those whose name matches this regular expression")
	flag.Parse()
	if *all {
		b.named = "."
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := b.run(ctx) // it returns when every process that it started has ended
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// page gets the report of a whole run with pageRuns runs.
const (
	page     = "docs/benchmarks.md"
	pageRuns = 7
)

type bench struct {
	begun time.Time
	only  string // names of parts; empty: all
	base  string // a commit, branch or tag; empty: nothing is compared
	runs  int
	named string // regular expression for the names of neighbours
}

// part measures some of the figures, with gauges, which work for any build, or
// with a function of its own.
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
				"A value is the median of %d starts. bare: a Lambda function with an HTTP client, built alike.", starts)}},
		{name: "memory", title: "Memory", gauges: memoryGauges(), notes: []string{
			"VmHWM of the process, which only Linux has, in MB of 1,000,000 bytes: everything that was ever resident, including the program's own pages. " +
				"bare is invoked as often, with the same events, and sends nothing."}},
		{name: "units", measure: b.measureUnits},
		{name: "cost", measure: b.measureCost},
		{name: "month", measure: b.measureMonth},
		{name: "neighbours", measure: func(ctx context.Context) (report.Section, error) {
			named, err := regexp.Compile(b.named)
			if err != nil {
				return report.Section{}, err
			}
			return neighbours.Measure(ctx, program(".", "deliver"), named)
		}},
	}
}

func (b *bench) names() (names []string) {
	for _, p := range b.parts() {
		names = append(names, p.name)
	}
	return names
}

// chosen is the parts to measure.
func (b *bench) chosen() ([]part, error) {
	only := strings.Split(b.only, ",")
	chosen := slices.DeleteFunc(b.parts(), func(p part) bool { return b.only != "" && !slices.Contains(only, p.name) })
	if b.only != "" && len(chosen) != len(only) {
		return nil, fmt.Errorf("not all of %q are parts: there are %s", b.only, strings.Join(b.names(), ", "))
	}
	return chosen, nil
}

func (b *bench) run(ctx context.Context) error {
	parts, err := b.chosen()
	if err != nil {
		return err
	}
	if b.base != "" {
		return b.compare(ctx, parts)
	}
	var sections []report.Section
	for _, p := range parts {
		fmt.Fprintf(os.Stderr, "measuring: %s\n", p.name)
		s := report.Section{Title: p.title, Notes: p.notes}
		if p.measure != nil {
			s, err = p.measure(ctx)
		}
		for _, g := range p.gauges {
			measured := func() (float64, error) { return g.take(ctx, program(".", g.function)) }
			baseline := func() (float64, error) { return g.baseline(ctx, bareProgram) }
			err = errors.Join(err, b.inTurn(&g.Figure, measured, baseline))
			s.Figures = append(s.Figures, g.Figure)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Print(s.Markdown())
		sections = append(sections, s)
	}
	about := b.about(ctx)
	if b.only != "" || b.named != neighbours.Main && b.named != "." || b.runs < pageRuns {
		fmt.Printf("\n%s\n\n%s is as it was: only a run of all parts, %d times, writes it.\n", about[len(about)-1], page, pageRuns)
		return nil
	}
	fmt.Printf("\nThe report is in %s.\n", page)
	return os.WriteFile(page, []byte(report.Page("Benchmarks", about, sections)), 0o644)
}

// inTurn measures a figure and its baseline in turn, and starts the program again
// each time. Ratios are between the two values of a pair.
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
		f.Measured, f.Baseline = append(f.Measured, value), append(f.Baseline, against)
	}
	return nil
}

// compare measures this tree and the base in turn, and shows the differences.
func (b *bench) compare(ctx context.Context, parts []part) error {
	root, remove, err := treeOf(ctx, b.base)
	if err != nil {
		return err
	}
	defer remove()
	s := report.Section{Title: "This tree against " + b.base, Notes: b.about(ctx)[1:]}
	for _, p := range parts {
		for _, g := range p.gauges {
			fmt.Fprintf(os.Stderr, "comparing: %s\n", g.Name)
			f := report.Figure{Name: g.Name, Format: g.Format, Against: "base"}
			of := func(root string) func() (float64, error) {
				return func() (float64, error) { return g.take(ctx, program(root, g.function)) }
			}
			if err := b.inTurn(&f, of("."), of(root)); err != nil {
				return err
			}
			s.Figures = append(s.Figures, f)
		}
	}
	fmt.Print(s.Markdown())
	return nil
}

// about says how, where and when the figures were measured, and of which commit.
func (b *bench) about(ctx context.Context) []string {
	return []string{
		"For developers who change hookwarden, and for engineers who estimate its load. It answers: how much CPU, memory, time and money does it take?",
		"`make bench` has written this page. It drives the real, stripped programs through Lambda's Runtime API, " +
			"with stand-ins for DynamoDB and SQS that answer at once, and receivers, all on loopback.",
		fmt.Sprintf("A figure is the median of %d runs, with the smallest and the largest in brackets, unless its section says otherwise. "+
			"Programs that are compared are measured in turn, in the same run, and a ratio is that of each pair. A goal is met if the median is within it.", b.runs),
		fmt.Sprintf("Measured on %s: %s, %d processors, %s/%s, GOMAXPROCS=%d for the programs. %s; %s. %s. The run took %.0f minutes.",
			b.begun.UTC().Format("2006-01-02, 15:04 UTC"), first("/proc/cpuinfo", `model name\s*: (.*)`), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, loopback.Procs,
			runtime.Version(), first("go.mod", `(aws-sdk-go-v2 v\S+)`), commit(ctx), time.Since(b.begun).Minutes()),
	}
}

// first is a pattern's first match in a file.
func first(file, pattern string) string {
	text, _ := os.ReadFile(file) // a file that cannot be read has no match
	if found := regexp.MustCompile(pattern).FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return "unknown"
}
