package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hookwarden/bench/report"
)

// units of a Go benchmark that are always shown, in this order.
func benchmarkUnits() []string { return []string{"ns/op", "B/op", "allocs/op"} }

func (b *bench) measureBenchmarks(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "hookwarden's own code"}
	forgetKept()
	results, err := b.now.benchmarks(ctx, b.runs, "now")
	if err != nil {
		return s, err
	}
	if len(results) == 0 {
		s.Notes = []string{"There are no Go benchmarks in shared."}
		return s, nil
	}
	table := report.Table{Title: "Go benchmarks", Head: slices.Concat([]string{"benchmark"}, benchmarkUnits(), []string{"and"})}
	for _, name := range slices.Sorted(maps.Keys(results)) {
		row := []string{name}
		for _, unit := range benchmarkUnits() {
			row = append(row, report.Spread(results[name][unit], "%.0f"))
		}
		table.Rows = append(table.Rows, append(row, others(results[name])))
	}
	s.Tables = []report.Table{table}
	s.Notes = []string{"`go test -bench . -benchmem` in shared. Its output is kept in " + kept + "/now.txt, as benchstat reads it."}
	return s, nil
}

// others shows what a benchmark reports beside the usual units.
func others(values map[string][]float64) string {
	var all []string
	for _, unit := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(benchmarkUnits(), unit) {
			all = append(all, report.Spread(values[unit], "%.4g")+" "+unit)
		}
	}
	return strings.Join(all, ", ")
}

// benchmarked are values by benchmark and unit, one for each run.
type benchmarked map[string]map[string][]float64

// benchmarks runs the Go benchmarks of a build's packages so often, appends what
// they print to a file, and returns what it says.
func (b build) benchmarks(ctx context.Context, runs int, file string) (benchmarked, error) {
	packages, err := b.benchmarkPackages()
	if err != nil || len(packages) == 0 {
		return nil, err
	}
	arguments := append([]string{"test", "-run", "^$", "-bench", ".", "-benchmem", "-benchtime", "200ms", "-count", strconv.Itoa(runs)}, packages...)
	command := group(exec.CommandContext(ctx, "go", arguments...))
	command.Dir = b.root
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go benchmarks of %s: %w\n%s", b.name, err, out)
	}
	return parseBenchmarks(string(out)), keep(file, out)
}

// forgetKept removes what an earlier run has kept.
func forgetKept() {
	for _, name := range []string{"now", "base"} {
		_ = os.Remove(filepath.Join(kept, name+".txt"))
	}
}

// keep appends to a file of this run.
func keep(name string, text []byte) error {
	f, err := os.OpenFile(filepath.Join(kept, name+".txt"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// benchmarkPackages are those of shared that have benchmarks.
func (b build) benchmarkPackages() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(b.root, "shared", "*", "*_test.go"))
	if err != nil {
		return nil, err
	}
	found := make(map[string]bool)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(text), "\nfunc Benchmark") {
			found["./shared/"+filepath.Base(filepath.Dir(file))] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// parseBenchmarks reads what go test -bench prints. A name is that of the
// package and of the benchmark.
func parseBenchmarks(text string) benchmarked {
	all := make(benchmarked)
	in := ""
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "pkg: "); ok {
			in = filepath.Base(name)
			continue
		}
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := in + "." + strings.TrimPrefix(withoutProcs(fields[0]), "Benchmark")
		if all[name] == nil {
			all[name] = make(map[string][]float64)
		}
		for i := 2; i+1 < len(fields); i += 2 { // after the name and how often: a value and its unit, again and again
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				all[name][fields[i+1]] = append(all[name][fields[i+1]], v)
			}
		}
	}
	return all
}

// withoutProcs cuts off GOMAXPROCS, as in BenchmarkSign-2.
func withoutProcs(name string) string {
	at := strings.LastIndexByte(name, '-')
	if at < 0 {
		return name
	}
	if _, err := strconv.Atoi(name[at+1:]); err != nil {
		return name
	}
	return name[:at]
}
