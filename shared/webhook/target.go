package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// TargetPolicy says which URLs may be called. The zero value is the strict policy
// for production: https to public unicast addresses on ports 80 and 443.
type TargetPolicy struct {
	AllowPrivate bool // any address and any port
	AllowHTTP    bool // http as well as https
}

// BlockedError says why a target may not be called.
type BlockedError struct {
	Code   Code
	Detail string // a sentence for the app's owner
}

func (e *BlockedError) Error() string { return e.Detail }

// Check looks at a URL's form alone: no name is looked up. The error is a
// *BlockedError.
func (p TargetPolicy) Check(raw string) error {
	_, err := p.parse(raw)
	return err
}

// parse checks a URL and turns it into what goes over the wire: its RequestURI is
// the request line's, and its Host is the Host header, without a default port.
// Net/http adds nothing to either. The error is a *BlockedError.
func (p TargetPolicy) parse(raw string) (*url.URL, error) {
	blocked := func(code Code, detail string) (*url.URL, error) { return nil, &BlockedError{code, detail} }
	raw = strings.TrimSpace(raw)
	if len(raw) > 2048 {
		return blocked(CodeBlockedURL, "the URL is longer than 2048 bytes")
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return blocked(CodeBlockedURL, "the URL has a control character")
	}
	u, err := url.Parse(escapeIllegal(raw))
	if err != nil {
		return blocked(CodeBlockedURL, "the URL cannot be parsed")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return blocked(CodeBlockedScheme, "the URL must start with https://")
	case u.Scheme == "http" && !p.AllowHTTP:
		return blocked(CodeBlockedScheme, "the URL must start with https://, http:// is not allowed")
	case u.Opaque != "" || u.Hostname() == "":
		return blocked(CodeBlockedURL, "the URL has no host")
	case u.User != nil:
		return blocked(CodeBlockedURL, "the URL must not hold a user name or password")
	case strings.Contains(raw, "#"):
		return blocked(CodeBlockedURL, "the URL must not have a fragment")
	}
	host, err := p.hostOf(u)
	if err != nil {
		return nil, err
	}
	port, err := p.portOf(u)
	if err != nil {
		return nil, err
	}
	u.Host = host + port
	return u, nil
}

// portOf is a URL's port for the Host header, such as ":8443"; empty if it is the
// scheme's default.
func (p TargetPolicy) portOf(u *url.URL) (string, error) {
	if u.Port() == "" {
		return "", nil
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || n == 0 {
		return "", &BlockedError{CodeBlockedPort, "the port must be a number from 1 to 65535"}
	}
	if n != 443 && n != 80 && !p.AllowPrivate {
		return "", &BlockedError{CodeBlockedPort, "the port must be 443 or 80"}
	}
	if n == 443 && u.Scheme == "https" || n == 80 && u.Scheme == "http" {
		return "", nil
	}
	return ":" + strconv.FormatUint(n, 10), nil
}

// hostOf is a URL's host in the one form that is looked up, verified and sent.
func (p TargetPolicy) hostOf(u *url.URL) (string, error) {
	if address, err := netip.ParseAddr(u.Hostname()); err == nil {
		if address.Zone() != "" {
			return "", &BlockedError{CodeBlockedURL, "the address must not have a zone"}
		}
		host := strings.ToLower(u.Hostname())
		if address.Is6() {
			host = "[" + host + "]"
		}
		return host, p.checkAddress(netip.AddrPortFrom(address, 443))
	}
	name, err := asciiName(u.Hostname())
	if err != nil {
		return "", &BlockedError{CodeBlockedURL, "the host name is not a valid international name"}
	}
	return name, checkName(strings.TrimSuffix(name, "."))
}

// checkName checks a name in the form in which it is looked up, so all of it is
// ASCII.
func checkName(name string) error {
	if len(name) > 253 {
		return &BlockedError{CodeBlockedURL, "the host name is longer than 253 characters"}
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return &BlockedError{CodeBlockedURL, "a part of the host name is empty or longer than 63 characters"}
		}
		if strings.ContainsFunc(label, func(r rune) bool { return !isHostRune(r) }) {
			return &BlockedError{CodeBlockedURL, "the host name may only have letters, digits, - and _"}
		}
	}
	if isNumber(labels[len(labels)-1]) {
		return &BlockedError{CodeBlockedURL, "an address must be written as four decimal numbers or as IPv6 in brackets"}
	}
	return nil
}

func isHostRune(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}

// isNumber reports whether resolvers may read a last label as an IPv4 address:
// 2130706433, 0x7f000001, 017700000001.
func isNumber(label string) bool {
	digits := "0123456789"
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		label, digits = hex, "0123456789abcdef"
	}
	return strings.Trim(label, digits) == ""
}

// control is a net.Dialer's Control. It sees the address that is about to be
// dialled, after the name look-up, so rebinding a name cannot get past it.
func (p TargetPolicy) control() func(network, address string, _ syscall.RawConn) error {
	if p.AllowPrivate {
		return nil
	}
	guard := ssrf.New()
	return func(network, address string, c syscall.RawConn) error {
		return blockedBy(guard.Safe(network, address, c))
	}
}

func (p TargetPolicy) checkAddress(address netip.AddrPort) error {
	if p.AllowPrivate {
		return nil
	}
	network := "tcp6"
	if address.Addr().Is4() {
		network = "tcp4"
	}
	return blockedBy(ssrf.New().Safe(network, address.String(), nil))
}

func blockedBy(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ssrf.ErrProhibitedPort):
		return &BlockedError{CodeBlockedPort, "the port must be 443 or 80"}
	case errors.Is(err, ssrf.ErrProhibitedIP):
		return &BlockedError{CodeBlockedAddress, "the address is not public"}
	}
	return &BlockedError{CodeBlockedAddress, fmt.Sprintf("the address is not allowed: %v", err)}
}
