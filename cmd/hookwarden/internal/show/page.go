// Package show writes what commands found: tables and sentences for people, JSON for
// programs. What it is given may come from anybody on the internet, so nothing of it
// reaches a terminal as a control character.
package show

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rivo/uniseg"
)

// Page is a command's output for people. Its zone is the zone of all times on it.
type Page struct {
	Out     io.Writer
	Width   int  // columns of the terminal; 0: as wide as it gets, nothing is cut or wrapped
	Colours bool // ANSI colours
	ASCII   bool // no characters but ASCII from us; what others wrote stays
	Zone    *time.Location
	Now     time.Time // what ages are counted from
	err     error
}

// Style is how a text looks on a terminal with colours.
type Style int

// The styles.
const (
	Plain Style = iota
	Bold
	Dim
	Good
	Warn
	Bad
)

func (s Style) code() string {
	return [...]string{"", "1", "2", "32", "33", "31"}[s]
}

// Cell is a text with a style.
type Cell struct {
	Text  string
	Style Style
}

// Text is a plain Cell.
func Text(format string, args ...any) Cell { return Cell{Text: sprintf(format, args)} }

// Styled is a Cell.
func Styled(style Style, format string, args ...any) Cell {
	return Cell{sprintf(format, args), style}
}

// sprintf leaves a text without arguments alone, per cents and all.
func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Err is the first error of writing.
func (p *Page) Err() error { return p.err }

func (p *Page) write(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.Out, s)
	}
}

// paint is a clean text in its style.
func (p *Page) paint(text string, style Style) string {
	if !p.Colours || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + style.code() + "m" + text + "\x1b[0m"
}

// Line writes texts after one another, uncut.
func (p *Page) Line(cells ...Cell) {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(p.paint(Clean(c.Text), c.Style))
	}
	p.write(b.String() + "\n")
}

// Heading begins a part of the page.
func (p *Page) Heading(format string, args ...any) {
	p.write("\n")
	p.Line(Styled(Bold, format, args...))
}

// Say writes sentences, wrapped to the width.
func (p *Page) Say(format string, args ...any) { p.wrapped("", Text(format, args...)) }

// SayIn is Say in a style.
func (p *Page) SayIn(style Style, format string, args ...any) {
	p.wrapped("", Styled(style, format, args...))
}

// Item is Say as an entry of a list.
func (p *Page) Item(format string, args ...any) { p.wrapped("- ", Text(format, args...)) }

// Field writes a name and what it is; nothing if that is empty.
func (p *Page) Field(name string, value Cell) {
	if value.Text == "" {
		return
	}
	p.wrapped(pad(name+":", fieldWidth)+" ", value)
}

const fieldWidth = 14

// wrapped writes a text whose further lines are as far in as the first.
func (p *Page) wrapped(lead string, c Cell) {
	indent := strings.Repeat(" ", uniseg.StringWidth(lead))
	for i, line := range p.wrap(Clean(c.Text), len(indent)) {
		if i > 0 {
			lead = indent
		}
		p.write(lead + p.paint(line, c.Style) + "\n")
	}
}

// wrap breaks a text at spaces. Words that are too long stay whole.
func (p *Page) wrap(text string, indent int) []string {
	room := p.Width - indent
	if p.Width == 0 || room < 20 {
		return []string{text}
	}
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		switch {
		case line == "":
			line = word
		case uniseg.StringWidth(line)+1+uniseg.StringWidth(word) > room:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// Block writes a text as it is, line by line, indented: a body or headers.
func (p *Page) Block(text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		p.write("  " + Clean(strings.TrimSuffix(line, "\r")) + "\n")
	}
}

// Clean makes what others wrote safe for a terminal: control characters, and those that
// change the direction of a text or are not seen, are shown as escapes.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if !strings.ContainsFunc(s, unsafe) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n', r == '\t', r == '\r':
			b.WriteByte(' ')
		case !unsafe(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func unsafe(r rune) bool {
	switch {
	case r < 0x20, 0x7f <= r && r < 0xa0:
		return true
	case 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069, r == 0xfeff, r == 0x061c:
		return true
	}
	return false
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-uniseg.StringWidth(s)))
}

// Step writes a mark, what it is about and a text, the text wrapped.
func (p *Page) Step(mark string, style Style, name, text string) {
	lead := pad(mark, 4) + pad(name, fieldWidth) + " "
	indent := strings.Repeat(" ", uniseg.StringWidth(lead))
	for i, line := range p.wrap(Clean(text), len(indent)) {
		if i == 0 {
			line = p.paint(pad(mark, 4), style) + pad(name, fieldWidth) + " " + line
		} else {
			line = indent + line
		}
		p.write(line + "\n")
	}
}
