package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// row is one figure: what was measured beside what it is held against.
type row struct {
	figure  string
	against string
	goal    string // of the ratio

	measured, baseline, ratios []float64 // one of each per run
}

func (r *row) add(measured, baseline float64) {
	r.measured = append(r.measured, measured)
	r.baseline = append(r.baseline, baseline)
	r.ratios = append(r.ratios, measured/baseline)
}

func printTable(out io.Writer, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "figure\tmeasured\tagainst\tratio\tgoal")
	for _, r := range rows {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%s\n",
			r.figure, spread(r.measured, "%.0f"), r.against, spread(r.baseline, "%.0f"), spread(r.ratios, "%.2f"), r.goal)
	}
	return w.Flush()
}

// spread is the median, and in brackets the smallest and the largest.
func spread(values []float64, format string) string {
	sorted := slices.Sorted(slices.Values(values))
	return fmt.Sprintf(format+" ("+format+"–"+format+")", median(sorted), sorted[0], sorted[len(sorted)-1])
}

func median(sorted []float64) float64 {
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
