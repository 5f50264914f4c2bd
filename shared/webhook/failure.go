package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"syscall"
)

// progress is how far a request got. Its trace is called from the transport's
// goroutines, also after the request has been given up.
type progress struct {
	resolved  atomic.Bool // a name was looked up, or was not needed
	connected atomic.Bool // a connection was made, TLS included
	tlsFailed atomic.Bool
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		ConnectStart: func(string, string) { p.resolved.Store(true) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err != nil {
				p.tlsFailed.Store(true)
			}
		},
		GotConn: func(httptrace.GotConnInfo) {
			p.resolved.Store(true)
			p.connected.Store(true)
		},
	}
}

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
		if lookup.IsNotFound {
			return ConnectionError, CodeDNS
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
	case errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH):
		return LocalError, CodeUnreachable // until it has lasted: the caller knows the message's age
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectionError, CodeRefused
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
		return ConnectionError, CodeReset
	case p.tlsFailed.Load():
		return ConnectionError, CodeTLS
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed):
		return ConnectionError, CodeClosed
	}
	return ConnectionError, CodeProtocol
}

// isOurs reports faults of this machine: no file descriptor, memory or port
// left.
func isOurs(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.EADDRNOTAVAIL} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) {
		return true
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
