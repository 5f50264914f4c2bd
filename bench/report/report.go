// Package report has the bench's results, as data and as Markdown.
package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Section is the results of one part of the bench.
type Section struct {
	Title   string
	Figures []Figure
	Tables  []Table
	Notes   []string // the method and remarks on the figures, a paragraph each
}

// Table is a separate table.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

// Figure is a row of the main table: a measured value and its baseline.
type Figure struct {
	Name    string // includes the unit
	Format  string // of one value, such as "%.1f"
	Against string // what was measured for Baseline; empty: there is no baseline
	Goal    Goal
	Note    string // why the goal is missed, if that is known

	Measured, Baseline []float64 // one value of each for each run
}

// Goal is limits that must not be exceeded. A zero field is no limit.
type Goal struct {
	Ratio float64 // measured value to baseline, run by run
	Value float64 // measured value
}

func (f Figure) ratios() (all []float64) {
	for i, baseline := range f.Baseline {
		all = append(all, f.Measured[i]/baseline)
	}
	return all
}

// met says whether the medians are within the goal: "met" or "missed", and why
// if that is known. Without a goal it is empty.
func (f Figure) met() string {
	if f.Goal == (Goal{}) {
		return ""
	}
	if (f.Goal.Ratio == 0 || Median(f.ratios()) <= f.Goal.Ratio) && (f.Goal.Value == 0 || Median(f.Measured) <= f.Goal.Value) {
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
	}
	return ""
}

func (f Figure) row() []string {
	against, ratio := "", ""
	if f.Against != "" {
		against = f.Against + ": " + Spread(f.Baseline, f.Format)
		ratio = Spread(f.ratios(), "%.2f")
	}
	return []string{f.Name, Spread(f.Measured, f.Format), against, ratio, f.goal(), f.met()}
}

// Spread is the median, followed in brackets by the smallest and the largest
// value if they differ.
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

// Median is the middle value, or the mean of the middle two; 0 if there are
// none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	return (sorted[middle] + sorted[(len(sorted)-1)/2]) / 2
}

// Page is a whole report: what it is about, all figures in one table, and then
// the sections.
func Page(title string, about []string, sections []Section) string {
	var figures []Figure
	text := ""
	for _, s := range sections {
		figures = append(figures, s.Figures...)
		s.Figures = nil
		text += s.Markdown()
	}
	return "# " + title + "\n" + Section{Notes: about}.Markdown() + Section{Figures: figures}.Markdown() + text
}

// Markdown is the section with its figures.
func (s Section) Markdown() string {
	text := ""
	if s.Title != "" {
		text += "\n## " + s.Title + "\n"
	}
	if len(s.Figures) > 0 {
		all := Table{Head: []string{"figure", "measured", "against", "ratio", "goal", ""}}
		for _, f := range s.Figures {
			all.Rows = append(all.Rows, f.row())
		}
		text += all.markdown()
	}
	for _, t := range s.Tables {
		text += t.markdown()
	}
	for _, note := range s.Notes {
		text += "\n" + note + "\n"
	}
	return text
}

// markdown is the table with aligned columns, so that it can be read in a
// terminal too.
func (t Table) markdown() string {
	text := "\n"
	if t.Title != "" {
		text += t.Title + ":\n\n"
	}
	widths := make([]int, len(t.Head))
	for _, row := range append(t.Rows, t.Head) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(cells []string, fill string) {
		for i, cell := range cells {
			text += "| " + cell + strings.Repeat(fill, widths[i]-utf8.RuneCountInString(cell)) + " "
		}
		text += "|\n"
	}
	line(t.Head, " ")
	line(make([]string, len(t.Head)), "-")
	for _, row := range t.Rows {
		line(row, " ")
	}
	return text
}
