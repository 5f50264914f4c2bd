package webhook

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hookwarden/shared/platform"
)

// detail is a sentence for the app's owner about why an attempt failed, if its outcome and
// code do not say everything; empty otherwise. It is made from the types of errors, never from
// their texts, and reveals nothing about this network. target is nil for a URL that could not
// be parsed.
func (s *Sender) detail(r Result, target *url.URL, p *progress, at time.Time) string {
	sentence := ""
	switch {
	case r.Outcome == Blocked:
		sentence = ofBlocked(r.Err, target)
	case r.Outcome == Redirect:
		sentence = ofRedirect(r.Header.Get("Location"), target)
	case r.Outcome == Timeout:
		sentence = s.ofTimeout(r.Code, target, p)
	case r.Code == CodeDNS:
		sentence = "The name " + target.Hostname() + " cannot be found: there is no address for it."
	case r.Code == CodeDNSTemporary:
		sentence = "The name " + target.Hostname() + " could not be looked up: its name servers failed, or did not answer in time."
	case r.Code == CodeTLS:
		sentence = ofTLS(r.Err, at)
	}
	return platform.Inert(sentence, platform.MaxDetail)
}

// ofBlocked says why a target may not be called. An address in the URL itself is blocked before
// there is a target. If a name leads to a blocked address, the sentence does not say which.
func ofBlocked(err error, target *url.URL) string {
	var blocked *BlockedError
	switch {
	case !errors.As(err, &blocked):
		return ""
	case blocked.Code == CodeBlockedAddress && target != nil:
		return "The name " + target.Hostname() + " leads to a private address, or to one that is not public for another reason."
	case blocked.Code == CodeBlockedAddress:
		return "The address is private, or not public for another reason."
	}
	return strings.ToUpper(blocked.Detail[:1]) + blocked.Detail[1:] + "."
}

// ofRedirect is where an answer leads, as an address without what may be a secret: no user, and
// of a query no more than that there is one.
func ofRedirect(location string, target *url.URL) string {
	if location == "" {
		return ""
	}
	to, err := target.Parse(location)
	if err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
		return "The redirect leads to what is no address of a web server."
	}
	query := to.RawQuery != "" || to.ForceQuery
	to.User, to.RawQuery, to.ForceQuery, to.Fragment, to.RawFragment = nil, "", false, "", ""
	where := to.String()
	const leads, left = "The redirect leads to ", "…"
	const room = platform.MaxDetail - len(leads+"?"+left)
	switch {
	case len(where) > room:
		where = platform.Cut(where, room) + left
	case query:
		where += "?" + left
	}
	return leads + where // no full stop: it would be taken for a part of the address
}

// ofTimeout says how far an attempt got before its deadline.
func (s *Sender) ofTimeout(code Code, target *url.URL, p *progress) string {
	within := " within " + strconv.FormatFloat(s.config.Timeout.Seconds(), 'f', -1, 64) + " s."
	switch {
	case code == CodeTimeoutConnect && p.dialled.Load() && target.Scheme == "https":
		return "There was a connection, but no TLS session" + within
	case code == CodeTimeoutConnect:
		return "There was no connection" + within
	case p.answered.Load():
		return "The answer began, but was not complete" + within
	}
	return "There was a connection, but no answer began" + within
}

// ofTLS says what is wrong with the certificate or with the session, if that is known.
func ofTLS(err error, at time.Time) string {
	var unverified *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &invalid):
		return ofInvalid(invalid, at)
	case errors.As(err, &host):
		return ofNames(host)
	case errors.As(err, &unknown):
		if errors.As(err, &unverified) && len(unverified.UnverifiedCertificates) > 0 {
			return ofAuthority(unverified.UnverifiedCertificates[0])
		}
		return "The certificate was issued by an unknown authority."
	case errors.As(err, &record):
		return "The server does not speak TLS there."
	case isAlert(err):
		return "The server ended the TLS handshake."
	}
	return ""
}

func ofInvalid(e x509.CertificateInvalidError, at time.Time) string {
	switch {
	case e.Reason == x509.Expired && e.Cert != nil && at.Before(e.Cert.NotBefore):
		return "The certificate is not valid before " + day(e.Cert.NotBefore) + "."
	case e.Reason == x509.Expired && e.Cert != nil:
		return "The certificate expired on " + day(e.Cert.NotAfter) + "."
	case e.Reason == x509.IncompatibleUsage:
		return "The certificate may not be used for servers."
	}
	return "The certificate, or one that it depends on, is not valid."
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// ofNames says which names a certificate is for.
func ofNames(e x509.HostnameError) string {
	const shown = 3
	var names []string
	if e.Certificate != nil {
		names = append(names, e.Certificate.DNSNames...)
		for _, address := range e.Certificate.IPAddresses {
			names = append(names, net.IP.String(address))
		}
	}
	if len(names) == 0 {
		return "The certificate has no name. It must be for " + e.Host + "."
	}
	more := ""
	if len(names) > shown {
		more = fmt.Sprintf(" and %d more", len(names)-shown)
	}
	list := platform.Cut(strings.Join(names[:min(len(names), shown)], ", "), 120)
	return "The certificate is for " + list + more + ", and not for " + platform.Cut(e.Host, 80) + "."
}

// ofAuthority says who issued a certificate, if that authority is unknown.
func ofAuthority(c *x509.Certificate) string {
	if bytes.Equal(c.RawIssuer, c.RawSubject) {
		return "The certificate is self-signed."
	}
	issuer := platform.Inert(cmp.Or(c.Issuer.CommonName, strings.Join(c.Issuer.Organization, ", ")), 80)
	if issuer == "" {
		issuer = "an authority without a name"
	}
	return "The certificate was issued by " + issuer + ", which is unknown. The server may have to send an intermediate certificate too."
}
