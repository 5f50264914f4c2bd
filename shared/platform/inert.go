package platform

import (
	"strings"
	"unicode"
)

// Inert turns a receiver's text into one line that is safe in a log, a mail and a queue's
// message. It has at most limit bytes. White space and control characters become single
// spaces. Direction marks and other invisible characters are removed.
func Inert(said string, limit int) string {
	const spare = 4 // room for spaces that are merged and characters that are removed
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
