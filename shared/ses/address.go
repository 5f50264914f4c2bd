package ses

import (
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// addressLimit is the longest address, with its name, that SES accepts.
const addressLimit = 320

// address writes a recipient as SES wants it: the name encoded by RFC 2047, the
// local part in quotes if its dots require that, the domain in ASCII. A name that
// makes it too long is cut. An address that is invalid or too long is left for
// SES to refuse.
func address(name, email string) string {
	bare := email
	if parsed, err := mail.ParseAddress(email); err == nil {
		bare = parsed.Address
	}
	at := strings.LastIndexByte(bare, '@')
	if at < 0 || len(email) > addressLimit {
		return email
	}
	bare = bare[:at+1] + asciiDomain(bare[at+1:])
	runes := []rune(name)
	for ; len(runes) > 0; runes = runes[:len(runes)-1] {
		full := (&mail.Address{Name: strings.TrimSpace(string(runes)), Address: bare}).String()
		if len(full) <= addressLimit {
			return full
		}
	}
	return strings.Trim((&mail.Address{Address: bare}).String(), "<>")
}

// isASCII reports whether a header can hold the text as it is. SES accepts only
// ASCII in a local part.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// asciiDomain writes an internationalized domain as SES wants it, in Punycode; a
// domain that has no such form is left for SES to refuse.
func asciiDomain(domain string) string {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return domain
	}
	return ascii
}
