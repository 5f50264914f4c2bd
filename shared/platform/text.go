package platform

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How many bytes are kept of what customers type.
const (
	maxName = 512  // mails show 200 characters
	maxURL  = 2048 // what is longer is never called
)

// name reads a required name that a customer typed, as optionalName does. The
// fallback takes its place if nothing of it can be seen.
func (o object) name(field, fallback string) string {
	if !o.has(field) {
		o.wrong(field, "is required")
	}
	return nameOr(o.optionalText(field), fallback)
}

func nameOr(typed, fallback string) string {
	if name := cleanName(typed); name != "" {
		return name
	}
	return fallback
}

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

// optionalURL reads a URL, without the white space that came along when it was
// typed or pasted; empty if absent, null or nothing else. One that is too long is
// cut, and stays too long, so that it is never called.
func (o object) optionalURL(field string) string { return cleanURL(o.optionalText(field)) }

func cleanURL(typed string) string {
	url := strings.TrimSpace(typed)
	if len(url) > maxURL {
		end := maxURL + 1
		for end < len(url) && !utf8.RuneStart(url[end]) {
			end++
		}
		url = url[:end]
	}
	return strings.NewReplacer("\ufffe", "%EF%BF%BE", "\uffff", "%EF%BF%BF").Replace(url) // as they are sent
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
