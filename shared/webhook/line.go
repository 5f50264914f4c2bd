package webhook

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
)

// line is a connection to a receiver. It remembers whether anything came over it
// and its first error: net/http turns some errors into text without a type, for
// example when a receiver closes or speaks before the request.
type line struct {
	net.Conn
	heard  atomic.Bool // bytes came since the last request over it began
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

// fail keeps the first error. It ignores that we closed the connection, or that
// its deadline passed: net/http causes both after a failure.
func (l *line) fail(err error) {
	if !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
		l.failed.CompareAndSwap(nil, &err)
	}
}

// cause is the first error; nil if there is none.
func (l *line) cause() error {
	if err := l.failed.Load(); err != nil {
		return *err
	}
	return nil
}
