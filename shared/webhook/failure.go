package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"syscall"
)

// progress is how far a request got. The transport's goroutines call its trace,
// even after the request has been given up.
type progress struct {
	address   bool        // the host is an address, not a name
	resolved  atomic.Bool // a name was looked up, or was not needed
	dialled   atomic.Bool // TCP is connected
	connected atomic.Bool // a connection is ready, TLS included
	reused    atomic.Bool // the connection was kept alive from an earlier request
	answered  atomic.Bool // the first byte of an answer came

	over atomic.Pointer[line] // the connection that is used; nil without one
}

func newProgress(address bool) *progress {
	p := &progress{address: address}
	p.resolved.Store(address)
	return p
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { // again, when nothing could be written on the last connection
			p.resolved.Store(p.address)
			p.connected.Store(false)
			p.reused.Store(false)
			p.over.Store(nil)
		},
		ConnectStart: func(string, string) { p.resolved.Store(true) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				p.dialled.Store(true)
			}
		},
		GotConn: func(info httptrace.GotConnInfo) {
			p.resolved.Store(true)
			p.connected.Store(true)
			p.reused.Store(info.Reused)
			if l, ok := info.Conn.(*line); ok {
				if info.Reused {
					l.heard.Store(false)
				}
				p.over.Store(l)
			}
		},
		GotFirstResponseByte: func() { p.answered.Store(true) },
	}
}

// stale reports whether a request failed together with a kept-alive connection.
// The receiver may already have been closing it when the request came.
func (p *progress) stale() bool { return p.reused.Load() && !p.answered.Load() }

// cause is the connection's first error; nil if it has none or there is no
// connection.
func (p *progress) cause() error {
	if l := p.over.Load(); l != nil {
		return l.cause()
	}
	return nil
}

// heard reports whether the receiver said anything over the connection.
func (p *progress) heard() bool {
	l := p.over.Load()
	return l != nil && l.heard.Load()
}

// failed is the result of a request without a complete answer. It looks at the
// types of errors and at how far the request got, never at texts. What is not
// listed as the receiver's fault is ours.
func failed(err error, p *progress) Result {
	outcome, code := classify(err, p)
	return Result{Outcome: outcome, Code: code, Err: err}
}

func classify(err error, p *progress) (Outcome, Code) {
	var blocked *BlockedError
	if errors.As(err, &blocked) {
		return Blocked, blocked.Code
	}
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		return ofLookUp(lookup)
	}
	cause := p.cause()
	for _, e := range []error{cause, err} {
		var errno syscall.Errno
		if errors.As(e, &errno) {
			return ofErrno(errno, e, p)
		}
	}
	if isTimeout(err) {
		return timedOut(p)
	}
	switch {
	case isAlert(err), p.dialled.Load() && !p.connected.Load(): // the handshake failed
		return ConnectionError, CodeTLS
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return ConnectionError, CodeClosed
	case p.answered.Load():
		return ConnectionError, CodeProtocol // the answer could not be understood
	case errors.Is(cause, io.EOF):
		return ConnectionError, CodeClosed
	case p.heard():
		return ConnectionError, CodeProtocol // the receiver spoke before the request
	}
	return LocalError, "" // the cause is unknown, so nobody is blamed
}

// ofLookUp blames the receiver only for a name that does not exist. If this
// machine could not talk to a name server, the fault is ours. For all else, only
// time can tell whose fault it is.
func ofLookUp(lookup *net.DNSError) (Outcome, Code) {
	var errno syscall.Errno
	switch {
	case lookup.IsNotFound:
		return ConnectionError, CodeDNS
	case errors.As(lookup, &errno) && !isUnreachable(errno) && errno != syscall.ETIMEDOUT:
		return LocalError, ""
	}
	return LocalError, CodeDNSTemporary // the caller knows the message's age, and so whether this has lasted
}

// ofErrno lists the errors that only the other end of a connection can cause.
// Every other error is this machine's.
func ofErrno(errno syscall.Errno, err error, p *progress) (Outcome, Code) {
	switch errno {
	case syscall.ECONNREFUSED:
		return ConnectionError, CodeRefused
	case syscall.ECONNRESET, syscall.EPIPE:
		return ConnectionError, CodeReset
	case syscall.ETIMEDOUT:
		return timedOut(p)
	}
	if isUnreachable(errno) || lacksIPv6(errno, err) {
		return LocalError, CodeUnreachable // only time can tell, as for a look-up
	}
	return LocalError, ""
}

func isUnreachable(errno syscall.Errno) bool {
	return errno == syscall.ENETUNREACH || errno == syscall.EHOSTUNREACH
}

// lacksIPv6 reports that this machine has no IPv6, which is the same as no
// route. For an IPv4 address the same errors mean that no port is left.
func lacksIPv6(errno syscall.Errno, err error) bool {
	var op *net.OpError
	if errno != syscall.EADDRNOTAVAIL && errno != syscall.EAFNOSUPPORT || !errors.As(err, &op) {
		return false
	}
	address, ok := op.Addr.(*net.TCPAddr)
	return ok && address.IP.To4() == nil
}

func timedOut(p *progress) (Outcome, Code) {
	switch {
	case !p.resolved.Load():
		return LocalError, CodeDNSTemporary
	case !p.connected.Load():
		return Timeout, CodeTimeoutConnect
	}
	return Timeout, CodeTimeoutResponse
}

// isAlert reports that the receiver ended a TLS session with an alert. In TLS
// 1.3 the alert for a missing client certificate comes only after the
// handshake.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
