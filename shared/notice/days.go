package notice

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// daysTable is the evidence as a table: oldest day first, a column for each kind
// of count that matters.
type daysTable struct {
	Columns []string
	Rows    []dayRow
	Legend  []legend
}

const succeeded = "Succeeded"

type dayRow struct {
	Day     string
	Cells   []int64 // one per column
	Decided bool    // this day alone disabled the app
	Bar     bar
}

func (c *Composer) daysTable(n platform.Notice) daysTable {
	var sum tally.Counts
	var busiest float64
	for _, d := range n.Evidence {
		sum = sum.Plus(d.Counts)
		busiest = max(busiest, total(d))
	}
	columns := []struct {
		name  string
		shown bool
		value func(tally.Day) int64
	}{
		{succeeded, true, func(d tally.Day) int64 { return d.Success }},
		{"Errors", sum.Error > 0, func(d tally.Day) int64 { return d.Error }},
		{"with 410", sum.Gone > 0, func(d tally.Day) int64 { return d.Gone }},
		{"No answer", sum.Timeout > 0, func(d tally.Day) int64 { return d.Timeout }},
		{"Fatal errors", sum.Fatal > 0, func(d tally.Day) int64 { return d.Fatal }},
		{"Other failures", sum.Other > 0, func(d tally.Day) int64 { return d.Other }},
	}
	decided, one := deciding(n), n.Kind == platform.AppDisabled && oneDayDecides(n.Reason)
	t := daysTable{Rows: make([]dayRow, len(n.Evidence))}
	for i, d := range n.Evidence {
		t.Rows[i] = dayRow{Day: shortDay(d.Date), Decided: one && d == decided, Bar: barOf(d, busiest)}
	}
	for _, column := range columns {
		if !column.shown {
			continue
		}
		t.Columns = append(t.Columns, column.name)
		for i, d := range n.Evidence {
			t.Rows[i].Cells = append(t.Rows[i].Cells, column.value(d))
		}
	}
	if sum.Failures() > 0 {
		t.Legend = append(t.Legend, legend{"failed", failedColor, failedWords(t.Columns)})
	}
	if sum.Success > 0 {
		t.Legend = append(t.Legend, legend{"success", successColor, succeeded})
	}
	return t
}

// failedWords is the columns whose counts are one part of the bars. A 410 is an
// error too.
func failedWords(columns []string) string {
	var words []string
	for _, name := range columns {
		switch {
		case name == succeeded || name == "with 410":
		case len(words) == 0:
			words = append(words, name)
		default:
			words = append(words, strings.ToLower(name))
		}
	}
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// text writes the table in columns for a terminal, indented by two spaces, as a
// paragraph; empty if there are no days.
func (t daysTable) text() string {
	if len(t.Rows) == 0 {
		return ""
	}
	lines := make([]string, len(t.Rows)+1)
	day := len("Day")
	for _, row := range t.Rows {
		day = max(day, utf8.RuneCountInString(row.Day))
	}
	lines[0] = fmt.Sprintf("  %-*s", day, "Day")
	for i, row := range t.Rows {
		lines[i+1] = fmt.Sprintf("  %-*s", day, row.Day)
	}
	for c, name := range t.Columns {
		width := len(name)
		for _, row := range t.Rows {
			width = max(width, len(count(row.Cells[c])))
		}
		lines[0] += fmt.Sprintf("  %*s", width, name)
		for i, row := range t.Rows {
			lines[i+1] += fmt.Sprintf("  %*s", width, count(row.Cells[c]))
		}
	}
	note := "  Days are in UTC."
	for i, row := range t.Rows {
		if row.Decided {
			lines[i+1] += " <"
			note = "  < This day decided. Days are in UTC."
		}
	}
	return "\n" + strings.Join(append(lines, note), "\n") + "\n"
}
