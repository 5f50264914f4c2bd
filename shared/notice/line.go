package notice

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes one line of at most limit characters from a text that anyone may
// have written. It removes control characters, which must not reach a header,
// and directional ones, which would reverse the text next to it.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case '\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
}

// isolate keeps a right-to-left text from changing the order of the words around
// it, as <bdi> does in HTML. Other texts stay as they are, since not every
// terminal knows these characters.
func isolate(s string) string {
	rightToLeft := func(r rune) bool {
		return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam)
	}
	if !strings.ContainsFunc(s, rightToLeft) {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// textWidth is how wide lines may be without being broken by a terminal.
const textWidth = 72

// wrap breaks lines between words. It does not break lines that begin with a
// space, which are tables, or words longer than a line, which are links. A line
// that begins with "1. " is continued under its text.
func wrap(s string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if strings.HasPrefix(line, " ") || utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) <= width {
			b.WriteString(line)
			continue
		}
		indent := ""
		if len(line) > 3 && unicode.IsDigit(rune(line[0])) && line[1:3] == ". " {
			indent = "   "
		}
		column := 0
		for i, word := range strings.Fields(line) {
			length := utf8.RuneCountInString(word)
			switch {
			case i > 0 && column+1+length > width:
				b.WriteString("\n" + indent)
				column = len(indent)
			case i > 0:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += length
		}
		b.WriteByte('\n')
	}
	return b.String()
}
