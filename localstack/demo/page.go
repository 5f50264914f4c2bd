package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"unicode/utf8"
)

// page writes to a terminal, or plain lines to anything else.
type page struct {
	out    *os.File
	live   bool // lines may be overwritten
	colour bool
	acts   int

	mu      sync.Mutex // the start of the stack writes beside the story
	pending bool       // the last line is to be overwritten
}

func newPage(out *os.File) *page {
	p := &page{out: out}
	if info, err := out.Stat(); err == nil {
		p.live = info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	p.colour = p.live && os.Getenv("NO_COLOR") == ""
	return p
}

const (
	width  = 96
	indent = "   "
)

// line writes a line of its own.
func (p *page) line(format string, arguments ...any) {
	text := fmt.Sprintf(format, arguments...)
	if text != "" {
		text = indent + text
	}
	p.write(text+"\n", "")
}

// waiting says on a terminal what is going on, until the next line.
func (p *page) waiting(what string) { p.redraw(p.dim(what + " …")) }

// redraw writes a line that the next one replaces; only a terminal shows it.
func (p *page) redraw(text string) {
	if p.live {
		p.write("", indent+text)
	}
}

// flush takes away what redraw wrote.
func (p *page) flush() { p.write("", "") }

// write replaces what is pending. text stays, and pending until the next time.
func (p *page) write(text, pending string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending {
		text = "\r\x1b[K" + text
	}
	_, _ = fmt.Fprint(p.out, text+pending)
	p.pending = pending != ""
}

// banner opens the page.
func (p *page) banner() {
	p.line("")
	p.line("%s", p.bold("hookwarden")+p.dim(" · webhooks delivered, broken receivers disabled, their owners told"))
}

// title opens an act; the first is the stage and has no number.
func (p *page) title(format string, arguments ...any) {
	number := "   "
	if p.acts > 0 {
		number = fmt.Sprintf("%d  ", p.acts)
	}
	p.acts++
	p.write("\n"+number+p.bold(fmt.Sprintf(format, arguments...))+"\n\n", "")
}

// paragraph writes text in lines that fit.
func (p *page) paragraph(format string, arguments ...any) {
	for _, line := range wrap(fmt.Sprintf(format, arguments...), width-len(indent)) {
		p.line("%s", line)
	}
}

func wrap(text string, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > most {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// table writes rows in columns, the first row as their names. Columns whose name
// begins with > are aligned to the right.
func (p *page) table(rows [][]string) {
	right := make([]bool, len(rows[0]))
	for i, name := range rows[0] {
		rows[0][i], right[i] = strings.CutPrefix(name, ">")
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		line := ""
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if right[i] {
				line += space + cell + "  "
				continue
			}
			line += cell + space + "  "
		}
		line = strings.TrimRight(line, " ")
		if n == 0 {
			line = p.dim(line)
		}
		p.line("%s", line)
	}
}

func (p *page) bold(text string) string  { return p.paint("1", text) }
func (p *page) dim(text string) string   { return p.paint("2", text) }
func (p *page) red(text string) string   { return p.paint("31", text) }
func (p *page) green(text string) string { return p.paint("32", text) }

func (p *page) paint(code, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
