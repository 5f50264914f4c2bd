package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
)

// progress is how far a request got. Its trace is called from the transport's
// goroutines, also after the request has been given up.
type progress struct {
	resolved  atomic.Bool // a name was looked up, or was not needed
	dialled   atomic.Bool // TCP is connected
	connected atomic.Bool // a connection is there to be used, TLS included
	reused    atomic.Bool // it was kept alive since an earlier request
	answered  atomic.Bool // the first byte of an answer came
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { // also when a request is replayed
			p.connected.Store(false)
			p.reused.Store(false)
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
		},
		GotFirstResponseByte: func() { p.answered.Store(true) },
	}
}

// stale reports whether a failed request met a kept-alive connection that the
// receiver was about to close. net/http replays such a request itself, unless it
// had begun to write a body that does not fit the socket's buffer.
func (p *progress) stale() bool { return p.reused.Load() && !p.answered.Load() }

// failed says what a request without a complete answer ended as. It looks at
// the types of errors and at how far the request got, never at texts.
func failed(err error, p *progress) Result {
	outcome, code := classify(err, p)
	return Result{Outcome: outcome, Code: code, Err: err}
}

func classify(err error, p *progress) (Outcome, Code) {
	var blocked *BlockedError
	if errors.As(err, &blocked) {
		return Blocked, blocked.Code
	}
	if isOurs(err) {
		return LocalError, ""
	}
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		switch {
		case lookup.IsNotFound:
			return ConnectionError, CodeDNS
		case noDescriptorLeft():
			return LocalError, ""
		}
		return ConnectionError, CodeDNSTemporary
	}
	if isTimeout(err) {
		switch {
		case !p.resolved.Load():
			return ConnectionError, CodeDNSTemporary
		case !p.connected.Load():
			return Timeout, CodeTimeoutConnect
		}
		return Timeout, CodeTimeoutResponse
	}
	switch {
	case isUnreachable(err):
		return LocalError, CodeUnreachable // until it has lasted: the caller knows the message's age
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectionError, CodeRefused
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
		return ConnectionError, CodeReset
	case isAlert(err), p.dialled.Load() && !p.connected.Load(): // so it was the handshake
		return ConnectionError, CodeTLS
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed):
		return ConnectionError, CodeClosed
	}
	return ConnectionError, CodeProtocol
}

// isOurs reports faults of this machine: no file descriptor or memory left, or
// a security policy.
func isOurs(err error) bool {
	return isOneOf(err, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EPERM, syscall.EACCES)
}

// isUnreachable reports that there is no route, which includes that this machine
// does not speak IPv6 or has no port left.
func isUnreachable(err error) bool {
	return isOneOf(err, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT)
}

func isOneOf(err error, errnos ...syscall.Errno) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains(errnos, errno)
}

// noDescriptorLeft tries, since net keeps only the text of what a name look-up
// failed for.
func noDescriptorLeft() bool {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return isOurs(err)
	}
	_ = f.Close()
	return false
}

// isAlert reports that the receiver ended a TLS session for a cause. In TLS 1.3
// the want of a client certificate is told only after the handshake.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) {
		return true
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
