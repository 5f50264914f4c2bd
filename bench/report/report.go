// Package report is what the bench has found, as data, and as it is shown: as
// text for a terminal, and as Markdown.
package report

import (
	"fmt"
	"slices"
	"strings"
)

// Report is the result of a whole run.
type Report struct {
	Title    string
	About    []string // how, where and when it was measured, a paragraph each
	Sections []Section
}

// Section is what one part of the bench has found.
type Section struct {
	Title    string
	Figures  []Figure
	Tables   []Table
	Verbatim string   // tables that are shown as they are; empty: none
	Notes    []string // method and what is known of the figures, a paragraph each
}

// Table is a table of its own.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

// Figure is a row of the main table: what was measured, beside what it is held
// against.
type Figure struct {
	Name    string // with its unit
	Format  string // of one value, as in "%.1f"
	Against string // what Baseline is of; empty: there is none
	Goal    Goal
	Note    string // why the goal is missed, where that is known

	Measured, Baseline []float64 // one of each per run
}

// Goal is what is not to be exceeded. Zero fields: there is no goal.
type Goal struct {
	Ratio float64 // of the measured value to its baseline, run by run
	Value float64 // of the measured value
}

// Add takes in the values of one run. Of a figure that is held against nothing,
// baseline is 0.
func (f *Figure) Add(measured, baseline float64) {
	f.Measured = append(f.Measured, measured)
	if f.Against != "" {
		f.Baseline = append(f.Baseline, baseline)
	}
}

// Ratios are those of each run.
func (f Figure) Ratios() []float64 {
	var ratios []float64
	for i, baseline := range f.Baseline {
		ratios = append(ratios, f.Measured[i]/baseline)
	}
	return ratios
}

// Met says whether the medians are within the goal: "met" or "missed", and why
// if that is known. It is empty without a goal.
func (f Figure) Met() string {
	var within bool
	switch {
	case f.Goal.Ratio > 0:
		within = Median(f.Ratios()) <= f.Goal.Ratio
	case f.Goal.Value > 0:
		within = Median(f.Measured) <= f.Goal.Value
	default:
		return ""
	}
	if within {
		return "met"
	}
	return strings.TrimSuffix("missed: "+f.Note, ": ")
}

func (f Figure) goal() string {
	switch {
	case f.Goal.Ratio > 0:
		return fmt.Sprintf("≤ %g ×", f.Goal.Ratio)
	case f.Goal.Value > 0:
		return "≤ " + fmt.Sprintf(f.Format, f.Goal.Value)
	case f.Against != "":
		return ""
	}
	return "reported"
}

// Main is the main table: all figures, in the order of the sections.
func Main(sections []Section) Table {
	t := Table{Head: []string{"figure", "measured", "against", "ratio", "goal", ""}}
	for _, s := range sections {
		for _, f := range s.Figures {
			t.Rows = append(t.Rows, f.row())
		}
	}
	return t
}

func (f Figure) row() []string {
	against, ratio := "", ""
	if f.Against != "" {
		against = f.Against + ": " + Spread(f.Baseline, f.Format)
		ratio = Spread(f.Ratios(), "%.2f")
	}
	return []string{f.Name, Spread(f.Measured, f.Format), against, ratio, f.goal(), f.Met()}
}

// Spread is the median, and in brackets the smallest and the largest if they
// differ.
func Spread(values []float64, format string) string {
	if len(values) == 0 {
		return "–"
	}
	show := func(v float64) string { return fmt.Sprintf(format, v) }
	middle, least, most := show(Median(values)), show(slices.Min(values)), show(slices.Max(values))
	if least == most {
		return middle
	}
	return middle + " (" + least + "–" + most + ")"
}

// Median is the middle one, or the mean of the middle two; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
