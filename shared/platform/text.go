package platform

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How many bytes of what customers type are kept.
const (
	maxName = 512  // mails show 200 characters
	maxURL  = 2048 // a longer URL is never called
)

// name reads a required name that a customer typed, as optionalName does. If
// nothing in it is visible, fallback replaces it.
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
// characters, cut to its limit. It is empty if absent, null, or if nothing in it
// is visible. Only a wrong JSON type is an error.
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

// optionalURL reads a URL, without the white space around it; empty if absent,
// null or only white space. A URL that is too long is cut so that it is still too
// long, and never called.
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
	return strings.NewReplacer("\ufffe", "%EF%BF%BE", "\uffff", "%EF%BF%BF").Replace(url) // as in a request
}

// uncarried reports whether SQS refuses the character in a message. It does not
// report control characters, which JSON escapes.
func uncarried(r rune) bool { return r == '\ufffe' || r == '\uffff' }

// invisible reports whether a character on its own cannot be seen: spaces,
// controls, direction and format marks, fillers and noncharacters. Characters
// newer than Go's tables count as visible.
func invisible(r rune) bool {
	switch {
	case unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf, unicode.Cs), unicode.IsSpace(r):
		return true
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point):
		return true
	}
	return r == '\u2800' // a Braille pattern without dots
}

// unprintable reports whether a character inside a word can hide what the word
// is.
func unprintable(r rune) bool { return unicode.Is(unicode.Cf, r) || uncarried(r) }
