package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// bar shows how far something is: a bar on a terminal, elsewhere a line for each
// quarter.
type bar struct {
	*page
	total    int
	what     string
	shown    int
	quarters int // shown as lines
}

func (p *page) bar(total int, what string) *bar { return &bar{page: p, total: total, what: what} }

func (b *bar) show(n int) {
	b.shown = n
	if b.live {
		b.redraw(b.drawn())
		return
	}
	if quarters := 4 * n / b.total; quarters > b.quarters {
		b.quarters = quarters
		b.line("%s", b.figures())
	}
}

// end leaves the bar as it is.
func (b *bar) end() {
	if b.live {
		b.line("%s", b.drawn())
	}
	b.line("")
}

func (b *bar) drawn() string {
	const long = 50
	full := long * b.shown / b.total
	return b.green(strings.Repeat("█", full)) + b.dim(strings.Repeat("░", long-full)) + " " + b.figures()
}

func (b *bar) figures() string {
	return fmt.Sprintf("%*d of %d %s", len(fmt.Sprint(b.total)), b.shown, b.total, b.what)
}

// startLines makes the page's lines of what stack.py says: "deploying …" while it
// lasts, then "deploying: 6.6 s". Whatever else it says is shown as it is.
type startLines struct {
	page *page
	mu   sync.Mutex
	rest []byte
}

func (s *startLines) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, b...)
	for {
		line, rest, ok := bytes.Cut(s.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		s.rest = rest
		s.show(string(line))
	}
}

func (s *startLines) show(line string) {
	if what, ok := strings.CutSuffix(line, " …"); ok {
		s.page.waiting(what)
		return
	}
	if strings.HasPrefix(line, "the stack answers at ") {
		return // the page says it in its own words
	}
	if what, took, ok := strings.Cut(line, ": "); ok && strings.HasSuffix(took, " s") {
		s.page.line("%-24s %7s", what, took)
		return
	}
	s.page.line("%s", line)
}
