package platform

import (
	"strings"
	"unicode"
)

// Inert makes what a receiver says one line that can stand in a log, a mail and a queue's
// message: at most limit bytes, white space and control characters as single spaces, without
// marks of direction and other characters that cannot be seen.
func Inert(said string, limit int) string {
	const spare = 4 // spaces that fall together, and what is left out, make room
	said = strings.ToValidUTF8(Cut(said, spare*limit), "\ufffd")
	line := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		case unprintable(r), invisible(r):
			return -1
		}
		return r
	}, said)
	return strings.TrimSpace(Cut(strings.Join(strings.Fields(line), " "), limit))
}
