package webhook

import (
	"bufio"
	"context"
	"io"
	"net"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSenderKeepsNothingOfTenThousandHostileAttempts does not run in parallel with
// other tests, since it counts what the whole process holds.
func TestSenderKeepsNothingOfTenThousandHostileAttempts(t *testing.T) {
	const rounds, warmUp = 1000, 100
	authority := newAuthority(t)
	expect := func(outcome Outcome, send func(*Sender) Result) func(*Sender) {
		return func(s *Sender) {
			if got := send(s); got.Outcome != outcome {
				t.Errorf("ended as %s (%v), want %s", got.Outcome, got.Err, outcome)
			}
		}
	}
	url := func(outcome Outcome, url string) func(*Sender) {
		return expect(outcome, func(s *Sender) Result { return s.Send(context.Background(), request(url)) })
	}
	at := func(outcome Outcome, scheme string, serve func(net.Conn)) func(*Sender) {
		r := receive(t, func(c net.Conn, _ int64) { serve(c) })
		return url(outcome, scheme+"://"+r.address())
	}
	refusing := receive(t, func(net.Conn, int64) {})
	refusing.stop()
	attempts := []func(*Sender){
		url(ConnectionError, "http://"+refusing.address()),
		at(ConnectionError, "http", func(c net.Conn) { readRequest(bufio.NewReader(c)); resets(c) }),
		at(ConnectionError, "http", says("SSH-2.0-OpenSSH_9.9\r\n")),
		at(ConnectionError, "http", saysForEver("HTTP/1.1 200 OK\r\n", "X-A: "+strings.Repeat("x", 2000)+"\r\n")),
		at(Success, "http", saysForEver("HTTP/1.1 200 OK\r\n\r\n", "x")),
		at(ConnectionError, "http", saysAndCloses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")),
		at(ConnectionError, "http", says("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")),
		at(ConnectionError, "https", func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example\r\n"); drain(c) }),
		url(ConnectionError, "http://nothing.example"),
		at(Success, "http", answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
	}
	hanging := at(Timeout, "http", drain)

	s := newSender(t, authority.trusted)
	hurried := newSender(t, deadline(short/10))
	before := runtime.NumGoroutine()
	run := func(rounds int) uint64 {
		turns := make(chan func())
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for turn := range turns {
					turn()
				}
			})
		}
		for i := range rounds {
			for _, attempt := range attempts {
				turns <- func() { attempt(s) }
			}
			if i%10 == 0 {
				turns <- func() { hanging(hurried) }
			}
		}
		close(turns)
		workers.Wait()
		s.transport.CloseIdleConnections()
		waitUntil(t, func() bool { return runtime.NumGoroutine() <= before })
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	first := run(warmUp)
	last := run(rounds)
	if grown := int64(last) - int64(first); grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes, from %d to %d", grown, first, last)
	}
}

// waitUntil waits for something to become true.
func waitUntil(t *testing.T, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.After(patient); !is(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("it never became true; goroutines:\n%s", stacks())
		}
	}
}

// stacks is what every goroutine is doing.
func stacks() string {
	var all strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
	return all.String()
}
