package webhook

import (
	"crypto/x509"
	"errors"
)

// Outcome is how a request ended. The set is closed. The log, the metrics and the counters
// use it.
type Outcome string

// The outcomes of a request.
const (
	Success         Outcome = "success"          // 2xx
	Error           Outcome = "error"            // 4xx except 410 and 429
	Throttled       Outcome = "throttled"        // 429
	Gone            Outcome = "gone"             // 410
	Redirect        Outcome = "redirect"         // 3xx; never followed
	ServerError     Outcome = "server_error"     // 5xx
	Timeout         Outcome = "timeout"          // no complete answer before the deadline
	ConnectionError Outcome = "connection_error" // no answer that could be understood
	Blocked         Outcome = "blocked"          // refused by the target check, nothing was sent
	LocalError      Outcome = "local_error"      // our own fault; says nothing about the receiver
)

// Code says more about an outcome that is not a plain HTTP status.
type Code string

// The codes. They are stable, and made from typed errors only.
const (
	CodeDNS             Code = "dns"              // no such host
	CodeDNSTemporary    Code = "dns_temporary"    // the name could not be looked up
	CodeRefused         Code = "refused"          // connection refused
	CodeReset           Code = "reset"            // connection reset
	CodeClosed          Code = "closed"           // connection closed before the answer was complete
	CodeTLS             Code = "tls"              // no TLS session
	CodeProtocol        Code = "protocol"         // not HTTP/1.1, or over-large headers
	CodeUnreachable     Code = "unreachable"      // no route
	CodeTimeoutConnect  Code = "timeout_connect"  // no connection before the deadline
	CodeTimeoutResponse Code = "timeout_response" // connected, no complete answer before the deadline
	CodeBlockedAddress  Code = "blocked_address"
	CodeBlockedPort     Code = "blocked_port"
	CodeBlockedScheme   Code = "blocked_scheme"
	CodeBlockedURL      Code = "blocked_url"
)

// MayBeOurs reports codes that may be this machine's fault or the receiver's.
// Their outcome is LocalError. A caller that knows the message's age may turn it
// into a ConnectionError once the fault has lasted.
func (c Code) MayBeOurs() bool { return c == CodeUnreachable || c == CodeDNSTemporary }

// statusOutcome is the outcome of a complete answer.
func statusOutcome(status int) Outcome {
	switch {
	case status == 410:
		return Gone
	case status == 429:
		return Throttled
	case 200 <= status && status < 300:
		return Success
	case 300 <= status && status < 400:
		return Redirect
	case 400 <= status && status < 500:
		return Error
	case 500 <= status && status < 600:
		return ServerError
	}
	return ConnectionError
}

// OfReceiver reports whether a result says anything about the receiver.
func (r Result) OfReceiver() bool { return r.Outcome != LocalError && !r.Code.MayBeOurs() }

// Retryable reports whether another attempt may have a different outcome.
func (r Result) Retryable() bool {
	switch r.Outcome {
	case Throttled, ServerError, Timeout, ConnectionError:
		return true
	case Error:
		return r.Status == 408
	}
	return false
}

// Permanent reports a failure that will not pass by itself: the receiver is gone, its
// certificate does not verify, or its URL is forbidden. The caller must confirm a 410,
// since only the caller knows whose URL it was.
func (r Result) Permanent() bool {
	switch r.Outcome {
	case Gone, Blocked:
		return true
	case ConnectionError:
		return r.Code == CodeTLS && ofCertificate(r.Err)
	}
	return false
}

// ofCertificate reports that a receiver's certificate does not verify. If this machine has
// no certificates to verify it with, the fault is ours.
func ofCertificate(err error) bool {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &invalid) || errors.As(err, &host) || errors.As(err, &unknown)
}
