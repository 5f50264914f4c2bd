package webhook

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const kept = 10 // connections, as many as a Sender keeps for a host

// keeping is a receiver to which a Sender holds kept-alive connections. next serves the next
// request on each of them; fresh serves new connections.
type keeping struct {
	*receiver
	posts atomic.Int64 // since then
	mu    sync.Mutex
	heard []string // since then, the requests as they came
}

func keepsAlive(t *testing.T, s *Sender, next, fresh func(net.Conn)) *keeping {
	t.Helper()
	k := &keeping{}
	var all sync.WaitGroup
	all.Add(kept)
	k.receiver = receive(t, func(c net.Conn, n int64) {
		r := bufio.NewReader(c)
		if n <= kept {
			if req, _ := readRequest(r); req == nil {
				return
			}
			all.Done()
			all.Wait()
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
		var raw bytes.Buffer
		if req, _ := readRequest(bufio.NewReader(io.TeeReader(r, &raw))); req == nil {
			return
		}
		k.posts.Add(1)
		k.mu.Lock()
		k.heard = append(k.heard, raw.String())
		k.mu.Unlock()
		if n <= kept {
			next(c)
		} else {
			fresh(c)
		}
	})
	var warming sync.WaitGroup
	for range kept {
		warming.Go(func() {
			if got := s.Send(context.Background(), request("http://"+k.address())); got.Outcome != Success {
				t.Errorf("ended as %s %s (%v)", got.Outcome, got.Code, got.Err)
			}
		})
	}
	warming.Wait()
	return k
}

func closes(net.Conn) {}

func writes(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

func hangs(c net.Conn) { drain(c) }

func TestSenderRepeatsARequestOnceAndOnlyIfAKeptAliveConnectionTookItDown(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, test := range map[string]struct {
		next, fresh func(net.Conn)
		posts       int64
		outcome     Outcome
		code        Code
		change      func(*Config)
	}{
		"closes each":                     {closes, closes, 2, ConnectionError, CodeClosed, nil},
		"resets each":                     {resets, resets, 2, ConnectionError, CodeReset, nil},
		"closes, and answers a fresh one": {closes, writes(answer), 2, Success, "", nil},
		"resets, and answers a fresh one": {resets, writes(answer), 2, Success, "", nil},
		"closes, and hangs a fresh one":   {closes, hangs, 2, Timeout, CodeTimeoutResponse, deadline(short)},
		"answers":                         {writes(answer), closes, 1, Success, "", nil},
		"closes within an answer":         {writes("HTTP/1.1 200 OK\r\n"), writes(answer), 1, ConnectionError, CodeClosed, nil},
		"resets within an answer": {func(c net.Conn) { writes("HTTP/1.1 200 OK\r\n")(c); resets(c) },
			writes(answer), 1, ConnectionError, "", nil}, // closed or reset: a matter of microseconds
		"speaks something else": {writes("220 mail.example ESMTP\r\n"), writes(answer), 1, ConnectionError, CodeProtocol, nil},
		"hangs":                 {hangs, writes(answer), 1, Timeout, CodeTimeoutResponse, deadline(short)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSender(t)
			r := keepsAlive(t, s, test.next, test.fresh)
			if test.change != nil {
				test.change(&s.config)
			}
			got := s.Send(context.Background(), request("http://"+r.address()))
			if got.Outcome != test.outcome || test.code != "" && got.Code != test.code {
				t.Errorf("ended as %s %s (%v), want %s %s", got.Outcome, got.Code, got.Err, test.outcome, test.code)
			}
			if n := r.posts.Load(); n != test.posts || got.Repeated != (test.posts == 2) {
				t.Errorf("%d requests, repeated: %t, want %d", n, got.Repeated, test.posts)
			}
		})
	}
}

func TestSenderRepeatsALargeRequestOnceToo(t *testing.T) {
	t.Parallel()
	var begun atomic.Int64
	breaksOff := func(c net.Conn, n int64) {
		if n == 1 {
			readRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
		if _, err := io.CopyN(io.Discard, c, 100_000); err == nil {
			begun.Add(1)
		}
		resets(c)
	}
	r := receive(t, breaksOff)
	s := newSender(t)
	q := request("http://" + r.address())
	if got := s.Send(context.Background(), q); got.Outcome != Success || got.Repeated {
		t.Fatalf("ended as %s (%v), repeated: %t", got.Outcome, got.Err, got.Repeated)
	}
	large(&q)
	got := s.Send(context.Background(), q)
	if got.Outcome != ConnectionError || !got.Repeated || begun.Load() != 2 {
		t.Errorf("ended as %s %s (%v), repeated: %t, %d requests", got.Outcome, got.Code, got.Err, got.Repeated, begun.Load())
	}
}

func TestSenderRepeatsTheSameRequestToTheByte(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	r := keepsAlive(t, s, closes, writes("HTTP/1.1 204 No Content\r\n\r\n"))
	s.Send(context.Background(), request("http://"+r.address()))
	if len(r.heard) != 2 || r.heard[0] != r.heard[1] || !strings.Contains(r.heard[1], `{"action":"created"}`) {
		t.Errorf("came: %q", r.heard)
	}
}

// TestSenderRepeatsOverAConnectionThatIsNotKept: nobody would use the connection again, and it
// would hold a descriptor.
func TestSenderRepeatsOverAConnectionThatIsNotKept(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	over := make(chan struct{})
	r := keepsAlive(t, s, closes, func(c net.Conn) {
		writes("HTTP/1.1 204 No Content\r\n\r\n")(c)
		drain(c)
		close(over)
	})
	s.Send(context.Background(), request("http://"+r.address()))
	select {
	case <-over:
	case <-time.After(patient):
		t.Error("it is kept")
	}
}

func TestSenderRepeatsWithinTheSameDeadline(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	r := keepsAlive(t, s, func(net.Conn) { <-time.After(short) }, closes)
	var last time.Time
	dial := s.fresh.DialContext
	s.fresh.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		last, _ = ctx.Value(attemptKey{}).(context.Context).Deadline()
		return dial(ctx, network, address)
	}
	before := time.Now()
	s.Send(context.Background(), request("http://"+r.address()))
	if last.IsZero() || last.Sub(before) > patient+short/2 {
		t.Errorf("the repeat may take until %v after the beginning", last.Sub(before))
	}
}

// TestSenderRepeatThatCannotBeLookedUpIsNoTimeout: the name was known once, but not in time
// for the fresh connection. The receiver is not to blame.
func TestSenderRepeatThatCannotBeLookedUpIsNoTimeout(t *testing.T) {
	t.Parallel()
	var silent atomic.Bool
	known := names("receiver.example", "127.0.0.1")
	s := newSender(t, deadline(short), func(c *Config) {
		c.Resolver = resolver(t, func(name string, kind uint16) answer {
			if silent.Load() {
				return answer{silent: true}
			}
			return known(name, kind)
		})
	})
	r := receive(t, func(c net.Conn, _ int64) {
		b := bufio.NewReader(c)
		readRequest(b)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		readRequest(b)
	})
	q := request("http://receiver.example:" + r.port())
	if got := s.Send(context.Background(), q); got.Outcome != Success {
		t.Fatalf("ended as %s (%v)", got.Outcome, got.Err)
	}
	silent.Store(true)
	if got := s.Send(context.Background(), q); got.Code != CodeDNSTemporary || !got.Repeated {
		t.Errorf("ended as %s %s (%v), repeated: %t", got.Outcome, got.Code, got.Err, got.Repeated)
	}
}
