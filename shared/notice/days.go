package notice

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"hookwarden/shared/platform"
)

// daysTable is the evidence as a table: oldest day first, a column for each kind
// of count that matters.
type daysTable struct {
	Columns []string
	Rows    []dayRow
}

type dayRow struct {
	Day     string
	Cells   []int64 // one per column
	Decided bool    // one day disabled the app, and it is this
	Bar     bar
}

// bar is one day as three parts of a hundred; Rest fills it up. The busiest day
// has no Rest.
type bar struct{ Success, Failed, Rest int }

func (c *Composer) daysTable(n platform.Notice) daysTable {
	var sum platform.Day
	var busiest float64
	for _, d := range n.Evidence {
		sum.Gone += d.Gone
		sum.Timeout += d.Timeout
		sum.Fatal += d.Fatal
		busiest = max(busiest, total(d))
	}
	columns := []struct {
		name  string
		shown bool
		value func(platform.Day) int64
	}{
		{"Succeeded", true, func(d platform.Day) int64 { return d.Success }},
		{"Errors", true, func(d platform.Day) int64 { return d.Error }},
		{"410 Gone", sum.Gone > 0, func(d platform.Day) int64 { return d.Gone }},
		{"Time-outs", sum.Timeout > 0, func(d platform.Day) int64 { return d.Timeout }},
		{"Fatal", sum.Fatal > 0, func(d platform.Day) int64 { return d.Fatal }},
	}
	decided, one := c.deciding(n), oneDayDecides(n.Reason)
	t := daysTable{Rows: make([]dayRow, len(n.Evidence))}
	for i, d := range n.Evidence {
		t.Rows[i] = dayRow{Day: shortDay(d.Day), Decided: one && d == decided, Bar: barOf(d, busiest)}
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
	return t
}

// total is in floating point, which cannot overflow.
func total(d platform.Day) float64 { return float64(d.Success) + failed(d) }

// failed leaves out Gone, which is in Error.
func failed(d platform.Day) float64 {
	return float64(d.Error) + float64(d.Timeout) + float64(d.Fatal)
}

func barOf(d platform.Day, busiest float64) bar {
	if busiest <= 0 {
		return bar{Rest: 100}
	}
	b := bar{Success: percent(float64(d.Success), busiest), Failed: percent(failed(d), busiest)}
	if over := b.Success + b.Failed - 100; over > 0 { // both were rounded up
		if b.Success > b.Failed {
			b.Success -= over
		} else {
			b.Failed -= over
		}
	}
	b.Rest = 100 - b.Success - b.Failed
	return b
}

// visible is the least part of a bar that can be seen.
const visible = 3

func percent(n, all float64) int {
	if n <= 0 {
		return 0
	}
	return min(100, max(visible, int(math.Round(100*n/all))))
}

// text writes the table in columns for a terminal, indented by two spaces.
func (t daysTable) text() string {
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
	for i, row := range t.Rows {
		if row.Decided {
			lines[i+1] += "  <"
		}
	}
	return strings.Join(lines, "\n")
}
