package webhook

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// asciiName is a host name in the form in which it is looked up, in lower case.
// As in browsers and net/http, that is IDNA's profile for look-ups. It maps the
// dots, digits and letters of other scripts to plain ones, so every check of a
// name is of this form.
func asciiName(name string) (string, error) {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return strings.ToLower(name), nil
	}
	if !utf8.ValidString(name) { // idna would take it for U+FFFD
		return "", errors.New("not UTF-8")
	}
	// The look-up profile, but an _ is allowed, as it is in ASCII names.
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false)).ToASCII(name)
}
