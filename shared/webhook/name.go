package webhook

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// asciiName is a host name in the form in which it is looked up, in lower case:
// as browsers and net/http have it, by IDNA's profile for look-ups. A name in
// ASCII already is in it. What other scripts have for dots, digits and letters
// becomes plain, so whatever is to be known of a name is asked of this form.
func asciiName(name string) (string, error) {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return strings.ToLower(name), nil
	}
	if !utf8.ValidString(name) { // which idna takes, for U+FFFD
		return "", errors.New("not UTF-8")
	}
	// The profile, but with the _ that other names may have too.
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false)).ToASCII(name)
}
