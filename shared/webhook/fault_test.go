package webhook

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// late is a clock that moves on by step whenever it is read.
func late(step time.Duration) func(*Config) {
	return func(c *Config) {
		now := time.Unix(1795514400, 0)
		c.Now = func() time.Time {
			now = now.Add(step)
			return now
		}
	}
}

func TestTimerThatFiredLateIsOurFault(t *testing.T) {
	t.Parallel()
	silent := receive(t, func(c net.Conn, _ int64) { drain(c) })
	closing := receive(t, func(c net.Conn, _ int64) { readRequest(bufio.NewReader(c)) })
	answering := receive(t, func(c net.Conn, _ int64) { says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")(c) })
	slowNames := resolver(t, func(string, uint16) answer { return answer{silent: true} })
	for _, test := range []struct {
		name   string
		url    string
		change func(*Config)
		took   time.Duration
		want   Outcome
		code   Code
	}{
		{"no answer, just in time", "http://" + silent.address(), nil, short + lateBy, Timeout, CodeTimeoutResponse},
		{"no answer, late", "http://" + silent.address(), nil, short + lateBy + 1, LocalError, ""},
		{"no name, just in time", "http://slow.example", func(c *Config) { c.Resolver = slowNames }, short + lateBy, LocalError, CodeDNSTemporary},
		{"no name, late", "http://slow.example", func(c *Config) { c.Resolver = slowNames }, short + lateBy + 1, LocalError, ""},
		{"a resolver out of reach, late", "http://receiver.example", nobodyResolves, time.Minute, LocalError, ""},
		{"closed by the receiver in the meantime", "http://" + closing.address(), nil, time.Minute, LocalError, ""},
		{"answered anyway", "http://" + answering.address(), nil, time.Minute, Error, ""},
		{"blocked by its form", "ftp://" + silent.address(), nil, time.Minute, Blocked, CodeBlockedScheme},
		{"blocked when dialling", "https://127.0.0.1.example", func(c *Config) {
			c.Targets = TargetPolicy{}
			c.Resolver = resolver(t, names("127.0.0.1.example", "127.0.0.1"))
		}, time.Minute, Blocked, CodeBlockedAddress},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			changes := []func(*Config){deadline(short), late(test.took)}
			if test.change != nil {
				changes = append(changes, test.change)
			}
			got := newSender(t, changes...).Send(context.Background(), request(test.url))
			if got.Outcome != test.want || got.Code != test.code {
				t.Errorf("got %s %q (%v), want %s %q", got.Outcome, got.Code, got.Err, test.want, test.code)
			}
		})
	}
}

func TestClockThatWasSetBackTellsNothing(t *testing.T) {
	t.Parallel()
	silent := receive(t, func(c net.Conn, _ int64) { drain(c) })
	answering := receive(t, func(c net.Conn, _ int64) { says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")(c) })
	for name, c := range map[string]struct {
		url  string
		want Outcome
	}{
		"no answer": {"http://" + silent.address(), LocalError}, // the timer may have been late
		"answered":  {"http://" + answering.address(), Error},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newSender(t, deadline(short), late(-time.Hour)).Send(context.Background(), request(c.url))
			if got.Outcome != c.want || got.Code != "" || got.Duration != 0 {
				t.Errorf("got %s %q after %v, want %s after 0", got.Outcome, got.Code, got.Duration, c.want)
			}
		})
	}
}

func TestInvocationThatEndsIsOurFault(t *testing.T) {
	t.Parallel()
	ended := errors.New("the invocation ends")
	for name, first := range map[string]string{
		"before an answer": "",
		"within a header":  "HTTP/1.1 200 OK\r\nX-A",
		"within a body":    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(context.Background())
			r := receive(t, func(c net.Conn, _ int64) {
				readRequest(bufio.NewReader(c))
				_, _ = c.Write([]byte(first))
				cancel(ended)
				drain(c)
			})
			got := newSender(t).Send(ctx, request("http://"+r.address()))
			if got.Outcome != LocalError || got.Code != "" || !errors.Is(got.Err, ended) {
				t.Errorf("got %s %q %v", got.Outcome, got.Code, got.Err)
			}
			r.mustBeForgotten(t)
		})
	}
	t.Run("by its deadline", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(context.Background(), short)
		defer cancel()
		r := receive(t, func(c net.Conn, _ int64) { drain(c) })
		if got := newSender(t).Send(ctx, request("http://"+r.address())); got.Outcome != LocalError {
			t.Errorf("got %s %q %v", got.Outcome, got.Code, got.Err)
		}
	})
	t.Run("before the beginning", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if got := newSender(t).Send(ctx, request("http://127.0.0.1:1")); got.Outcome != LocalError {
			t.Errorf("got %s %q %v", got.Outcome, got.Code, got.Err)
		}
	})
}

func TestRouteThatTheKernelMissesIsOurFault(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.dialer.Control = nil // the kernel never connects to a multicast address, so nothing leaves this machine
	got := s.Send(context.Background(), request("http://224.0.0.1"))
	if got.Outcome != LocalError || got.Code != CodeUnreachable {
		t.Errorf("got %s %q %v", got.Outcome, got.Code, got.Err)
	}
}

// TestFileDescriptorsThatRunOutAreOurFault runs itself again in a process that uses
// up its file descriptors.
func TestFileDescriptorsThatRunOutAreOurFault(t *testing.T) {
	const inChild = "HOOKWARDEN_TEST_NO_DESCRIPTORS"
	if os.Getenv(inChild) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestFileDescriptorsThatRunOutAreOurFault$", "-test.v")
		child.Env = append(os.Environ(), inChild+"=1")
		out, err := child.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	r := receive(t, func(c net.Conn, _ int64) { saysAndCloses("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(c) })
	s := newSender(t, func(c *Config) { c.Resolver = resolver(t, names("receiver.example", "127.0.0.1")) })
	byAddress, byName := request("http://"+r.address()), request("http://receiver.example:"+r.port())
	send := func(want Outcome) {
		t.Helper()
		for _, q := range []Request{byAddress, byName} {
			s.transport.CloseIdleConnections()
			if got := s.Send(context.Background(), q); got.Outcome != want || got.Code != "" {
				t.Errorf("%s: got %s %q %v, want %s", q.URL, got.Outcome, got.Code, got.Err, want)
			}
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}); err != nil {
		t.Fatal(err)
	}
	var taken []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		taken = append(taken, f)
	}
	send(LocalError)
	for _, f := range taken {
		_ = f.Close()
	}
	send(Success)
}
