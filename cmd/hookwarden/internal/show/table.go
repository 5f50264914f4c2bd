package show

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Column is a column of a table.
type Column struct {
	Head  string
	Right bool // numbers
	Cut   bool // may be cut to fit the terminal: never a thing that people copy, such as an id
}

const gap = "  "

// Table writes rows under heads. On a terminal that is too narrow it cuts the columns
// that may be cut, the widest first. Below a row comes its text, if there is one, wrapped.
func (p *Page) Table(columns []Column, rows [][]Cell, below ...string) {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = uniseg.StringWidth(c.Head)
		for _, row := range rows {
			widths[i] = max(widths[i], uniseg.StringWidth(Clean(row[i].Text)))
		}
	}
	if p.Width > 0 {
		fit(columns, widths, p.Width)
	}
	heads := make([]Cell, len(columns))
	for i, c := range columns {
		heads[i] = Cell{c.Head, Dim}
	}
	p.row(columns, widths, heads)
	for i, row := range rows {
		p.row(columns, widths, row)
		if i < len(below) && below[i] != "" {
			p.wrapped("    ", Text("%s", below[i]))
		}
	}
}

const narrowest = 8

// fit makes the widest column that may be cut one narrower until all fit, or none can
// be any more.
func fit(columns []Column, widths []int, room int) {
	total := len(gap) * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > room; total-- {
		widest := -1
		for i, c := range columns {
			if c.Cut && widths[i] > narrowest && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

func (p *Page) row(columns []Column, widths []int, cells []Cell) {
	var b strings.Builder
	for i, c := range cells {
		text := p.Cut(Clean(c.Text), widths[i])
		space := strings.Repeat(" ", widths[i]-uniseg.StringWidth(text))
		if i > 0 {
			b.WriteString(gap)
		}
		switch {
		case columns[i].Right:
			b.WriteString(space + p.paint(text, c.Style))
		case i == len(cells)-1:
			b.WriteString(p.paint(text, c.Style))
		default:
			b.WriteString(p.paint(text, c.Style) + space)
		}
	}
	p.write(strings.TrimRight(b.String(), " ") + "\n")
}

// Cut shortens a text to a width, and marks that it did.
func (p *Page) Cut(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	mark := "…"
	if p.ASCII {
		mark = "..."
	}
	var b strings.Builder
	left := width - uniseg.StringWidth(mark)
	for g := uniseg.NewGraphemes(text); g.Next() && left >= g.Width(); left -= g.Width() {
		b.WriteString(g.Str())
	}
	return b.String() + mark
}
