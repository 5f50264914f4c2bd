package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// FuzzReadResponse serves any bytes as an answer.
func FuzzReadResponse(f *testing.F) {
	answered := []Outcome{Success, Error, Throttled, Gone, Redirect, ServerError, ConnectionError}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := NewSender(Config{Timeout: patient, HeaderPrefix: "Sentry-Hook-", Now: time.Now,
			Targets: TargetPolicy{AllowHTTP: true}})
		var receiving sync.WaitGroup
		s.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			receiving.Go(func() { servePipe(theirs, raw) })
			return &line{Conn: brokenPipe{ours}}, nil // as the dialer gives it
		}
		got := s.Send(context.Background(), request("http://receiver.example"))
		s.transport.CloseIdleConnections()
		receiving.Wait()
		if !slices.Contains(answered, got.Outcome) {
			t.Errorf("ended as %q, code %q (%v)", got.Outcome, got.Code, got.Err)
		}
		if (got.Outcome == ConnectionError) != (got.Code != "") {
			t.Errorf("ended as %s with code %q", got.Outcome, got.Code)
		}
		if got.Status != 0 && got.Outcome != statusOutcome(got.Status) {
			t.Errorf("status %d ended as %s", got.Status, got.Outcome)
		}
		if len(got.Body) > 16<<10 {
			t.Errorf("took in %d bytes of body", len(got.Body))
		}
		if got.RetryAfter < 0 || got.RetryAfter > time.Hour {
			t.Errorf("Retry-After of %v", got.RetryAfter)
		}
	})
}

// brokenPipe is a pipe whose closed other end gives the error that a
// connection's would.
type brokenPipe struct{ net.Conn }

func (p brokenPipe) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	if errors.Is(err, io.ErrClosedPipe) {
		err = syscall.EPIPE
	}
	return n, err
}

// servePipe writes the bytes once a request begins, and closes when the sender
// has read them or is gone.
func servePipe(c net.Conn, raw []byte) {
	_, _ = c.Read(make([]byte, 1))
	var draining sync.WaitGroup
	draining.Go(func() { drain(c) })
	_, _ = c.Write(raw)
	_ = c.Close()
	draining.Wait()
}
