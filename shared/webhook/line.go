package webhook

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
)

// line is a connection to a receiver. It remembers whether anything came over it
// and what it failed with first: net/http puts some of that into a text without
// a type, as when a receiver closes or talks before it was asked.
type line struct {
	net.Conn
	heard  atomic.Bool // bytes came, since the last request over it began
	failed atomic.Pointer[error]
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if n > 0 {
		l.heard.Store(true)
	}
	if err != nil {
		l.fail(err)
	}
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	if err != nil {
		l.fail(err)
	}
	return n, err
}

// fail keeps the first error. That we closed the connection ourselves, or that
// its time is over, is no cause: net/http does so after a failure.
func (l *line) fail(err error) {
	if !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
		l.failed.CompareAndSwap(nil, &err)
	}
}

// cause is what the connection failed with first; nil if it did not.
func (l *line) cause() error {
	if err := l.failed.Load(); err != nil {
		return *err
	}
	return nil
}
