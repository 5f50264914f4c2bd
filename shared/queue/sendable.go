package queue

import (
	"strings"
	"unicode/utf8"
)

// sendable is the text as SQS takes it. What SQS refuses in bodies and
// attributes (most control characters, U+FFFE, U+FFFF, bytes that are not UTF-8)
// becomes U+FFFD.
func sendable(text string) string {
	if isSendable(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if !isSendableRune(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

func isSendable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !isSendableRune(r) }) < 0
}

func isSendableRune(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r != 0xFFFE && r != 0xFFFF
}
