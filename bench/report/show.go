package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// Text writes a section for a terminal.
func (s Section) Text(out io.Writer) error {
	var b strings.Builder
	b.WriteString("\n== " + s.Title + "\n")
	if len(s.Figures) > 0 {
		b.WriteString("\n" + Main([]Section{s}).Text())
	}
	for _, t := range s.Tables {
		b.WriteString("\n" + t.Text())
	}
	if s.Verbatim != "" {
		b.WriteString("\n" + s.Verbatim)
	}
	b.WriteString(paragraphs(s.Notes))
	_, err := io.WriteString(out, b.String())
	return err
}

// Text is the table for a terminal.
func (t Table) Text() string {
	var b strings.Builder
	if t.Title != "" {
		b.WriteString(t.Title + "\n")
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		_, _ = fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	_ = w.Flush() // a Builder takes everything
	return b.String()
}

// Markdown writes the report as a page.
func (r Report) Markdown(out io.Writer) error {
	var b strings.Builder
	b.WriteString("# " + r.Title + "\n")
	b.WriteString(paragraphs(r.About))
	b.WriteString("\n" + Main(r.Sections).Markdown())
	for _, s := range r.Sections {
		b.WriteString("\n## " + s.Title + "\n")
		for _, t := range s.Tables {
			if t.Title != "" {
				b.WriteString("\n" + t.Title + ":\n")
			}
			b.WriteString("\n" + t.Markdown())
		}
		if s.Verbatim != "" {
			b.WriteString("\n```\n" + strings.TrimSpace(s.Verbatim) + "\n```\n")
		}
		b.WriteString(paragraphs(s.Notes))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// Markdown is the table in Markdown.
func (t Table) Markdown() string {
	var b strings.Builder
	line := func(cells []string) {
		b.WriteString("|")
		for _, c := range cells {
			b.WriteString(" " + strings.ReplaceAll(c, "|", `\|`) + " |")
		}
		b.WriteString("\n")
	}
	line(t.Head)
	b.WriteString(strings.Repeat("|---", len(t.Head)) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
	return b.String()
}

// paragraphs are each wrapped, with an empty line before it.
func paragraphs(texts []string) string {
	var b strings.Builder
	for _, t := range texts {
		b.WriteString("\n" + wrap(t, 120) + "\n")
	}
	return b.String()
}

// wrap breaks a paragraph into lines of at most so many characters, unless a
// word is longer.
func wrap(paragraph string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(paragraph) {
		length := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+length > width:
			b.WriteString("\n")
			column = 0
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += length
	}
	return b.String()
}
