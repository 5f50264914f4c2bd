package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"hookwarden/bench/report"
)

// gauge takes one value of a build.
type gauge struct {
	part, name, format string
	take               func(context.Context, build) (float64, error)
}

func (b *bench) gauges() []gauge {
	all := []gauge{
		{"cpu", cpuName, "%.0f", b.cpu.ofDeliver},
		{"batches", batchName, "%.1f", batchTime},
	}
	if runtime.GOOS == "linux" {
		all = append(all, gauge{"memory", memoryName, "%.1f", func(ctx context.Context, of build) (float64, error) {
			_, many, err := peaks(ctx, of.program("deliver"))
			return many, err
		}})
	}
	for _, function := range functions() {
		all = append(all, gauge{"start", fmt.Sprintf(startName, function), "%.1f", func(ctx context.Context, of build) (float64, error) {
			return startTime(ctx, of.program(function))
		}})
	}
	return all
}

// compare measures this tree and the base in turn, and shows what has changed.
func (b *bench) compare(ctx context.Context) error {
	base, remove, err := checkOut(ctx, b.base)
	if err != nil {
		return err
	}
	defer remove()
	if err := base.make(ctx, "build"); err != nil {
		return err
	}
	b.cpu.requests = make(map[string]int)
	s := report.Section{Title: b.now.name + " against " + base.name}
	if err := b.compareGauges(ctx, base, &s); err != nil {
		return err
	}
	if b.wants("zips") {
		if err := b.compareZips(ctx, base, &s); err != nil {
			return err
		}
	}
	if b.wants("go") {
		if err := b.compareBenchmarks(ctx, base, &s); err != nil {
			return err
		}
	}
	s.Notes = append(s.Notes, b.about()[1:]...)
	return s.Text(b.out)
}

func (b *bench) compareGauges(ctx context.Context, base build, s *report.Section) error {
	for _, g := range b.gauges() {
		if !b.wants(g.part) {
			continue
		}
		_, _ = fmt.Fprintf(os.Stderr, "comparing: %s\n", g.name)
		of := func(what build) take {
			return func(ctx context.Context) (float64, error) { return g.take(ctx, what) }
		}
		f, err := b.inTurn(ctx, report.Figure{Name: g.name, Format: g.format, Against: "base"}, of(b.now), of(base))
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		s.Figures = append(s.Figures, f)
	}
	return nil
}

func (b *bench) compareZips(ctx context.Context, base build, s *report.Section) error {
	for _, function := range functions() {
		now, err := b.now.zipSize(ctx, function)
		if err != nil {
			return err
		}
		was, err := base.zipSize(ctx, function)
		if err != nil {
			return err
		}
		f := report.Figure{Name: fmt.Sprintf(zipName, function), Format: "%.2f", Against: "base"}
		f.Add(now, was)
		s.Figures = append(s.Figures, f)
	}
	return nil
}

func (b *bench) compareBenchmarks(ctx context.Context, base build, s *report.Section) error {
	forgetKept()
	now, was := make(benchmarked), make(benchmarked)
	for range b.runs {
		for _, side := range []struct {
			build build
			file  string
			into  benchmarked
		}{{b.now, "now", now}, {base, "base", was}} {
			got, err := side.build.benchmarks(ctx, 1, side.file)
			if err != nil {
				return err
			}
			side.into.add(got)
		}
	}
	s.Tables = append(s.Tables, differences(now, was))
	s.Notes = append(s.Notes, fmt.Sprintf("What the Go benchmarks have printed is kept: benchstat %[1]s/base.txt %[1]s/now.txt", kept))
	return nil
}

func (all benchmarked) add(more benchmarked) {
	for name, units := range more {
		if all[name] == nil {
			all[name] = make(map[string][]float64)
		}
		for unit, values := range units {
			all[name][unit] = append(all[name][unit], values...)
		}
	}
}

// differences are those of the Go benchmarks that either side has.
func differences(now, was benchmarked) report.Table {
	t := report.Table{Title: "Go benchmarks", Head: []string{"benchmark", "unit", "base", "now", "now / base"}}
	names := maps.Clone(now)
	maps.Copy(names, was)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		for _, unit := range benchmarkUnits() {
			before, after := was[name][unit], now[name][unit]
			change := "–"
			if m := report.Median(before); len(after) > 0 && m > 0 {
				change = fmt.Sprintf("%.2f", report.Median(after)/m)
			}
			t.Rows = append(t.Rows, []string{name, unit, report.Spread(before, "%.0f"), report.Spread(after, "%.0f"), change})
		}
	}
	if len(t.Rows) == 0 {
		t.Rows = [][]string{{"none"}}
	}
	return t
}

// checkOut puts what git knows by a name into a folder of its own. remove takes
// it away again, also when ctx has ended.
func checkOut(ctx context.Context, ref string) (base build, remove func(), err error) {
	id, err := git(ctx, "rev-parse", "--short", "--verify", ref+"^{commit}")
	if err != nil {
		return build{}, nil, err
	}
	folder, err := os.MkdirTemp("", "hookwarden-base-")
	if err != nil {
		return build{}, nil, err
	}
	remove = func() {
		_ = os.RemoveAll(folder)
		_, _ = git(context.WithoutCancel(ctx), "worktree", "prune") // forgets those whose folder is gone
	}
	if _, err := git(ctx, "worktree", "add", "--quiet", "--detach", folder, id); err != nil {
		remove()
		return build{}, nil, err
	}
	return build{name: ref + " (" + id + ")", root: folder}, remove, nil
}

func git(ctx context.Context, arguments ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", arguments...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", arguments[0], err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
