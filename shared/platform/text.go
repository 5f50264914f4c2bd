package platform

import (
	"strings"
	"unicode"
)

// maxName is how many bytes of a name are kept. Mails show 200 characters.
const maxName = 512

// optionalName reads a name that a customer typed, as one line without control
// characters, cut to its limit; empty if absent, null, or of nothing that can be
// seen. Only a wrong JSON type is an error.
func (o object) optionalName(field string) string { return cleanName(o.optionalText(field)) }

func cleanName(typed string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case uncarried(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(typed, "\ufffd"))
	name = strings.TrimSpace(Cut(strings.TrimSpace(name), maxName))
	if strings.TrimFunc(name, invisible) == "" {
		return ""
	}
	return name
}

// uncarried reports whether no SQS message may have the character, other than
// control characters, which JSON escapes.
func uncarried(r rune) bool { return r == '\ufffe' || r == '\uffff' }

// invisible reports whether nothing is seen of a character that stands alone:
// spaces, controls, marks of direction and format, fillers, and what no text
// has. Characters newer than Go's tables count as seen.
func invisible(r rune) bool {
	switch {
	case unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf, unicode.Cs), unicode.IsSpace(r):
		return true
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point):
		return true
	}
	return r == '\u2800' // a Braille pattern without dots
}

// unprintable reports whether a character in the middle of a word hides what the
// word is.
func unprintable(r rune) bool { return unicode.Is(unicode.Cf, r) || uncarried(r) }
