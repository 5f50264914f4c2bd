package platform

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// The limits of an organization's owners. With them all owners fit into one item
// of a table, 400 KB.
const (
	maxOwners      = 400
	maxOwnerErrors = 100
	maxAddress     = 320 // bytes, as typed and in ASCII; SES's limit
	maxDomain      = 253
	maxLabel       = 63
)

// owners reads an organization's owners; none if absent or null. Customers type
// the addresses, so an invalid one is left out: faults has its index and what is
// wrong, but not its value. Only a wrong JSON type is an error.
func (o object) owners(field string) (owners []Owner, faults []string) {
	left := 0
	for i, owner := range o.objects(field) {
		address, problem := checkAddress(owner.optionalText("email"))
		name := owner.optionalName("name")
		if problem == "" && len(owners) == maxOwners {
			problem = fmt.Sprintf("is one too many, at most %d are kept", maxOwners)
		}
		switch {
		case problem == "":
			owners = append(owners, Owner{Email: address, Name: name})
		case len(faults) < maxOwnerErrors:
			faults = append(faults, fmt.Sprintf("%s[%d].email %s", field, i, problem))
		default:
			left++
		}
	}
	if left > 0 {
		faults = append(faults, fmt.Sprintf("%s: %d more are left out", field, left))
	}
	return owners, faults
}

// checkAddress accepts every mail address that may be in use, even if no
// standard allows it (two dots, a dot at the end of the local part): SES refuses
// addresses one by one. It returns the address without surrounding spaces and
// without a dot at the domain's end. The problem is empty, or a predicate that
// quotes nothing.
func checkAddress(typed string) (address, problem string) {
	address = strings.TrimFunc(typed, invisible)
	at := strings.LastIndexByte(address, '@')
	switch {
	case address == "":
		return "", "is missing"
	case strings.ContainsFunc(address, isSpaceOrControl):
		return "", "must not have spaces or control characters"
	case at < 0 || strings.Contains(address[:at], "@") && !isQuoted(address[:at]):
		return "", "must have one @"
	case at == 0 || at == len(address)-1:
		return "", "must have something on both sides of the @"
	case strings.ContainsFunc(address[:at], unprintable):
		return "", "must not have invisible characters"
	}
	local, domain := address[:at], trimDot(address[at+1:])
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !isDomain(ascii) {
		return "", "must have a domain name after the @"
	}
	address = local + "@" + domain
	if len(address) > maxAddress || len(local)+1+len(ascii) > maxAddress {
		return "", fmt.Sprintf("must have at most %d bytes", maxAddress)
	}
	return address, ""
}

func isSpaceOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// isQuoted reports whether a local part is in quotes, where it may have an @.
func isQuoted(local string) bool {
	return len(local) > 2 && local[0] == '"' && strings.IndexByte(local[1:], '"') == len(local)-2
}

// trimDot drops a dot at the end of a domain name, in any of the forms that IDNA
// knows.
func trimDot(domain string) string {
	for _, dot := range []string{".", "\u3002", "\uff0e", "\uff61"} {
		if rest, ok := strings.CutSuffix(domain, dot); ok {
			return rest
		}
	}
	return domain
}

// isDomain checks the lengths of a domain name in ASCII, which IDNA leaves to
// DNS.
func isDomain(ascii string) bool {
	if len(ascii) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	return true
}
