package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
)

// lastErrno is above every error number that Linux has.
const lastErrno = 200

// receivers is the complete list of errors that only the other end of a
// connection, or the route to it, can cause.
func receivers(timeout Code) map[syscall.Errno]Result {
	return map[syscall.Errno]Result{
		syscall.ECONNREFUSED: {Outcome: ConnectionError, Code: CodeRefused},
		syscall.ECONNRESET:   {Outcome: ConnectionError, Code: CodeReset},
		syscall.EPIPE:        {Outcome: ConnectionError, Code: CodeReset},
		syscall.ETIMEDOUT:    {Outcome: Timeout, Code: timeout},
		syscall.ENETUNREACH:  {Outcome: LocalError, Code: CodeUnreachable},
		syscall.EHOSTUNREACH: {Outcome: LocalError, Code: CodeUnreachable},
	}
}

func TestErrnoIsTheReceiversOnlyIfItIsListed(t *testing.T) {
	t.Parallel()
	r := receive(t, func(c net.Conn, _ int64) { drain(c) })
	over := func(fault func(net.Conn, error) net.Conn) func(*Sender, error) {
		return func(s *Sender, err error) {
			s.transport.DialContext = withinAttempt(func(ctx context.Context, network, address string) (net.Conn, error) {
				c, dialErr := s.dialer.DialContext(ctx, network, address)
				return fault(c, err), dialErr
			})
		}
	}
	for name, c := range map[string]struct {
		url     string
		timeout Code
		fault   func(s *Sender, err error)
	}{
		"dial": {"http://" + r.address(), CodeTimeoutConnect, func(s *Sender, err error) {
			s.dialer.Control = func(string, string, syscall.RawConn) error { return err }
		}},
		"handshake": {"https://" + r.address(), CodeTimeoutConnect, func(s *Sender, err error) {
			s.transport.DialTLSContext = withinAttempt(func(ctx context.Context, network, address string) (net.Conn, error) {
				c, dialErr := s.dialer.DialContext(ctx, network, address)
				if dialErr != nil {
					return nil, dialErr
				}
				session := tls.Client(writing(c, err), &tls.Config{ServerName: "receiver.example"})
				return session, session.HandshakeContext(ctx)
			})
		}},
		"write":                        {"http://" + r.address(), CodeTimeoutResponse, over(writing)},
		"read":                         {"http://" + r.address(), CodeTimeoutResponse, over(readingLater)},
		"read before there is a write": {"http://" + r.address(), CodeTimeoutResponse, over(reading)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for errno := syscall.Errno(1); errno <= lastErrno; errno++ {
				want, listed := receivers(c.timeout)[errno]
				if !listed {
					want = Result{Outcome: LocalError}
				}
				s := newSender(t)
				c.fault(s, os.NewSyscallError("connect", errno))
				got := s.Send(context.Background(), request(c.url))
				if got.Outcome != want.Outcome || got.Code != want.Code {
					t.Errorf("%d (%v): got %s %q (%v), want %s %q", errno, errno, got.Outcome, got.Code, got.Err, want.Outcome, want.Code)
				}
			}
		})
	}
}

// faulty is a connection that fails in a way of its own.
type faulty struct {
	net.Conn
	read, write func([]byte) (int, error)
}

func (c *faulty) Read(b []byte) (int, error)  { return c.read(b) }
func (c *faulty) Write(b []byte) (int, error) { return c.write(b) }

func failing(op string, err error) func([]byte) (int, error) {
	return func([]byte) (int, error) { return 0, &net.OpError{Op: op, Net: "tcp", Err: err} }
}

func writing(c net.Conn, err error) net.Conn {
	return &faulty{c, c.Read, failing("write", err)}
}

func reading(c net.Conn, err error) net.Conn {
	return &faulty{c, failing("read", err), taking}
}

// readingLater fails once something was written.
func readingLater(c net.Conn, err error) net.Conn {
	written := make(chan struct{})
	var once sync.Once
	return &faulty{c, func(b []byte) (int, error) {
		<-written
		return failing("read", err)(b)
	}, func(b []byte) (int, error) {
		defer once.Do(func() { close(written) })
		return taking(b)
	}}
}

func taking(b []byte) (int, error) { return len(b), nil }

func TestErrorThatNobodyKnowsIsOurs(t *testing.T) {
	t.Parallel()
	unknown := errors.New("never heard of")
	t.Run("dial", func(t *testing.T) {
		s := newSender(t)
		s.dialer.Control = func(string, string, syscall.RawConn) error { return unknown }
		if got := s.Send(context.Background(), request("http://127.0.0.1:1")); got.Outcome != LocalError || got.Code != "" {
			t.Errorf("got %s %q (%v)", got.Outcome, got.Code, got.Err)
		}
	})
	t.Run("a header that cannot be sent", func(t *testing.T) {
		q := request("http://127.0.0.1:1")
		q.ID = "a\nb"
		if got := newSender(t).Send(context.Background(), q); got.Outcome != LocalError || got.Code != "" {
			t.Errorf("got %s %q (%v)", got.Outcome, got.Code, got.Err)
		}
	})
	r := receive(t, func(c net.Conn, _ int64) { drain(c) })
	for name, fault := range map[string]func(net.Conn, error) net.Conn{"write": writing, "read": readingLater, "read before there is a write": reading} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			s.transport.DialContext = withinAttempt(func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := s.dialer.DialContext(ctx, network, address)
				return fault(c, unknown), err
			})
			if got := s.Send(context.Background(), request("http://"+r.address())); got.Outcome != LocalError || got.Code != "" {
				t.Errorf("got %s %q (%v)", got.Outcome, got.Code, got.Err)
			}
		})
	}
}

func TestIPv6AddressIsUnreachableWithoutIPv6(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT} {
		for url, want := range map[string]Code{"http://[::1]:1": CodeUnreachable, "http://127.0.0.1:1": ""} { // for IPv4: no port is left
			s := newSender(t)
			s.dialer.Control = func(string, string, syscall.RawConn) error { return os.NewSyscallError("connect", errno) }
			if got := s.Send(context.Background(), request(url)); got.Outcome != LocalError || got.Code != want {
				t.Errorf("%v of %s: got %s %q", errno, url, got.Outcome, got.Code)
			}
		}
	}
}

// TestLookUpThatFoundNoResolverIsOurs starts many look-ups of one name
// together, since net merges them into one.
func TestLookUpThatFoundNoResolverIsOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(net.Conn, error) net.Conn // nil: of the dial
		err   error
		code  Code
	}{
		"no socket":       {nil, os.NewSyscallError("socket", syscall.EMFILE), ""},
		"no memory":       {nil, os.NewSyscallError("socket", syscall.ENOBUFS), ""},
		"not allowed":     {nil, os.NewSyscallError("connect", syscall.EPERM), ""},
		"no one there":    {reading, os.NewSyscallError("read", syscall.ECONNREFUSED), ""},
		"network is down": {writing, os.NewSyscallError("write", syscall.ENETDOWN), ""},
		"no route":        {nil, os.NewSyscallError("connect", syscall.ENETUNREACH), CodeDNSTemporary},
		"host away":       {reading, os.NewSyscallError("read", syscall.EHOSTUNREACH), CodeDNSTemporary},
		"unknown":         {nil, io.ErrShortBuffer, CodeDNSTemporary},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSender(t, func(config *Config) {
				dial := config.Resolver.Dial
				config.Resolver.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					if c.fault == nil {
						return nil, &net.OpError{Op: "dial", Net: network, Err: c.err}
					}
					conn, err := dial(ctx, network, address)
					return c.fault(conn, c.err), err
				}
			})
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					got := s.Send(context.Background(), request("http://receiver.example"))
					if got.Outcome != LocalError || got.Code != c.code {
						t.Errorf("got %s %q (%v), want code %q", got.Outcome, got.Code, got.Err, c.code)
					}
				})
			}
			all.Wait()
		})
	}
}

// TestLookUpFindsNoNameOnlyIfBothFamiliesSaySo has name servers that fail for
// one address family. Net reports whichever answer comes last.
func TestLookUpFindsNoNameOnlyIfBothFamiliesSaySo(t *testing.T) {
	t.Parallel()
	failed := map[string]answer{"fails": {rcode: serverFailed}, "has none": {}, "is unknown": {rcode: noSuchName}}
	for _, c := range []struct {
		a, aaaa string
		want    Result
	}{
		{"fails", "has none", Result{Outcome: LocalError, Code: CodeDNSTemporary}},
		{"has none", "fails", Result{Outcome: LocalError, Code: CodeDNSTemporary}},
		{"is unknown", "fails", Result{Outcome: LocalError, Code: CodeDNSTemporary}},
		{"has none", "has none", Result{Outcome: ConnectionError, Code: CodeDNS}},
		{"is unknown", "is unknown", Result{Outcome: ConnectionError, Code: CodeDNS}},
	} {
		t.Run(c.a+", "+c.aaaa, func(t *testing.T) {
			t.Parallel()
			s := newSender(t, func(config *Config) {
				config.Resolver = resolver(t, func(_ string, kind uint16) answer {
					if kind == typeA {
						return failed[c.a]
					}
					return failed[c.aaaa]
				})
			})
			for range 20 { // the two answers come in either order
				got := s.Send(context.Background(), request("http://receiver.example"))
				if got.Outcome != c.want.Outcome || got.Code != c.want.Code {
					t.Fatalf("got %s %q (%v), want %s %q", got.Outcome, got.Code, got.Err, c.want.Outcome, c.want.Code)
				}
			}
		})
	}
}
