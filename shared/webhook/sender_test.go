package webhook

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hookwarden/shared/platform"
)

func TestRequestIsExactOnTheWire(t *testing.T) {
	t.Parallel()
	wire := make(chan string, 1)
	r := receive(t, func(c net.Conn, _ int64) {
		var raw bytes.Buffer
		readRequest(bufio.NewReader(io.TeeReader(c, &raw)))
		wire <- raw.String()
		_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		drain(c)
	})
	got := newSender(t).Send(context.Background(), Request{
		ID: "evt_1", Resource: "issue", URL: "http://" + r.address() + "/hook?a=b",
		Body:    []byte(`{"action":"created","installation":{"uuid":"7a485448"},"data":{},"actor":{}}`),
		Secrets: []platform.Secret{"s3cret", "whsec_c3RhbmRhcmQgd2ViaG9va3Mga2V5"},
	})
	if got.Outcome != Success {
		t.Fatalf("ended as %s (%v)", got.Outcome, got.Err)
	}
	want := "POST /hook?a=b HTTP/1.1\r\n" +
		"Host: " + r.address() + "\r\n" +
		"User-Agent: hookwarden/" + Version + "\r\n" +
		"Content-Length: 76\r\n" +
		"Content-Type: application/json\r\n" +
		"Request-ID: evt_1\r\n" +
		"Sentry-Hook-Resource: issue\r\n" +
		"Sentry-Hook-Signature: b684a6eedb04c8b3d56c7142ad0dbe755f37396a31aa781562b45a2dd6b84fbc\r\n" +
		"Sentry-Hook-Timestamp: 1795514400\r\n" +
		"webhook-id: evt_1\r\n" +
		"webhook-signature: v1,aPKvw1rk3QjXGcfNxj4c5ecJPfDQCL658byHUWkwEz0= v1,rjVKj7tFod9yRKaGrcPkDEl6Su0g8MaPRj4vQbteFjk=\r\n" +
		"webhook-timestamp: 1795514400\r\n" +
		"\r\n" +
		`{"action":"created","installation":{"uuid":"7a485448"},"data":{},"actor":{}}`
	if diff := cmp.Diff(want, <-wire); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.RequestHeader != nil {
		t.Error("keeps the headers of a request that succeeded")
	}
}

// TestHeaderPrefixesGiveEachHeaderItsNameButForOne: the one is a prefix that is not allowed.
func TestHeaderPrefixesGiveEachHeaderItsNameButForOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.OneOf(
			rapid.StringMatching("[A-Za-z][A-Za-z0-9-]{0,38}-"),
			rapid.StringMatching("(?i:my-|x-)?(?i:webhook|request|content|user|host|id)-(?i:id-|x-)?"),
		).Draw(t, "prefix")
		names := make(map[string]bool)
		header := newSenderWithPrefix(prefix).header(request("https://receiver.example"), time.Unix(1795514400, 0))
		for name := range header {
			names[strings.ToLower(name)] = true
		}
		for _, name := range []string{"host", "content-length"} { // which net/http adds
			if names[name] {
				t.Errorf("%s makes a header %s", prefix, name)
			}
		}
		if allOfThem := len(names) == 9; allOfThem == strings.EqualFold(prefix, "webhook-") {
			t.Errorf("%s makes %d names: %v", prefix, len(names), names)
		}
	})
}

func newSenderWithPrefix(prefix string) *Sender {
	return NewSender(Config{Timeout: patient, HeaderPrefix: prefix, Now: time.Now})
}

func TestFailureTellsWhatWasSent(t *testing.T) {
	t.Parallel()
	var sent http.Header
	r := receive(t, func(c net.Conn, _ int64) {
		if req, _ := readRequest(bufio.NewReader(c)); req != nil {
			sent = req.Header
		}
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	})
	got := newSender(t).Send(context.Background(), request("http://"+r.address()))
	told := make(http.Header)
	for name, values := range got.RequestHeader {
		told[http.CanonicalHeaderKey(name)] = values
	}
	sent.Del("Content-Length")
	if diff := cmp.Diff(sent, told); diff != "" {
		t.Errorf("(-sent +told):\n%s", diff)
	}
}

func TestSenderGivesEveryAttemptTheSameIDAndItsOwnTimestamp(t *testing.T) {
	t.Parallel()
	var seen []http.Header
	r := receive(t, func(c net.Conn, _ int64) {
		b := bufio.NewReader(c)
		for req, _ := readRequest(b); req != nil; req, _ = readRequest(b) {
			seen = append(seen, req.Header)
			_, _ = io.WriteString(c, "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")
		}
	})
	s := newSender(t, late(10*time.Second))
	for range 2 {
		s.Send(context.Background(), request("http://"+r.address()))
	}
	s.transport.CloseIdleConnections()
	r.mustBeForgotten(t)
	if len(seen) != 2 {
		t.Fatalf("%d requests came", len(seen))
	}
	for _, name := range []string{"Request-Id", "Webhook-Id"} {
		if seen[0].Get(name) != "evt_1" || seen[1].Get(name) != "evt_1" {
			t.Errorf("%s is %q, then %q", name, seen[0].Get(name), seen[1].Get(name))
		}
	}
	for _, name := range []string{"Sentry-Hook-Timestamp", "Webhook-Timestamp"} {
		if first, second := seen[0].Get(name), seen[1].Get(name); first != "1795514410" || second != "1795514430" {
			t.Errorf("%s is %q, then %q", name, first, second)
		}
	}
}

func TestSenderKeepsConnectionsAliveBetweenCalls(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"no body": "", "a body": "ok", "16 KiB": strings.Repeat("x", 16<<10)} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, func(c net.Conn, _ int64) {
				answers(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))(c)
			})
			s := newSender(t)
			for range 3 {
				if got := s.Send(context.Background(), request("http://"+r.address())); got.Outcome != Success {
					t.Errorf("ended as %s (%v)", got.Outcome, got.Err)
				}
			}
			if n := r.accepted.Load(); n != 1 {
				t.Errorf("%d connections for three requests", n)
			}
		})
	}
}

func TestAnswerIsTakenInUpToItsLimits(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("0123456789abcdef", 2<<10)
	r := receive(t, func(c net.Conn, _ int64) {
		saysAndCloses("HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nSentry-Hook-Error: e1\r\n\r\n" + body)(c)
	})
	got := newSender(t).Send(context.Background(), request("http://"+r.address()))
	if got.Outcome != ServerError || got.Status != 503 || got.RetryAfter != 2*time.Minute || got.Header.Get("Sentry-Hook-Error") != "e1" {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(body[:16<<10], string(got.Body)); diff != "" {
		t.Error("not the first 16 KiB of the body")
	}
}

// TestSenderUsesNoProxy relies on TestMain, which names a proxy in the environment.
func TestSenderUsesNoProxy(t *testing.T) {
	t.Parallel()
	s := newSender(t, func(c *Config) { c.Resolver = resolver(t, names("receiver.example", "127.0.0.1")) })
	r := receive(t, func(c net.Conn, _ int64) { answers("HTTP/1.1 204 No Content\r\n\r\n")(c) })
	if got := s.Send(context.Background(), request("http://receiver.example:"+r.port())); got.Outcome != Success {
		t.Errorf("ended as %s (%v)", got.Outcome, got.Err)
	}
}

// TestAnswerBeforeTheRequestIsHarmless is for the race detector: net/http may
// still be reading the request when Send returns.
func TestAnswerBeforeTheRequestIsHarmless(t *testing.T) {
	t.Parallel()
	r := receive(t, func(c net.Conn, _ int64) {
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		drain(c)
	})
	s := newSender(t)
	for range 300 {
		got := s.Send(context.Background(), request("http://"+r.address()))
		if got.Outcome != Error && got.Outcome != ConnectionError {
			t.Fatalf("ended as %s (%v)", got.Outcome, got.Err)
		}
	}
}

func TestDialEndsWithItsAttempt(t *testing.T) {
	silent := receive(t, func(c net.Conn, _ int64) { drain(c) })
	full := neverAccepts(t)
	slow := resolver(t, func(string, uint16) answer { return answer{silent: true} })
	for name, url := range map[string]string{
		"looking a name up": "http://slow.example",
		"connecting":        "http://" + full,
		"shaking hands":     "https://" + silent.address(),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, func(c *Config) { c.Resolver = slow })
			ctx, cancel := context.WithTimeout(context.Background(), short/3)
			defer cancel()
			if got := s.Send(ctx, request(url)); got.Outcome != LocalError {
				t.Errorf("ended as %s (%v)", got.Outcome, got.Err)
			}
			waitUntil(t, func() bool { return !strings.Contains(stacks(), "net/http.(*Transport).dialConnFor") })
		})
	}
}

func TestSenderHoldsUpNobodyElseForAHangingReceiver(t *testing.T) {
	t.Parallel()
	r := receive(t, func(c net.Conn, _ int64) { answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(c) })
	called := make(chan struct{})
	hanging := receive(t, func(c net.Conn, _ int64) {
		close(called)
		drain(c)
	})
	s := newSender(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan Outcome, 1)
	go func() { ended <- s.Send(ctx, request("http://"+hanging.address())).Outcome }()
	<-called
	var others sync.WaitGroup
	for range 50 {
		others.Go(func() {
			if got := s.Send(context.Background(), request("http://"+r.address())); got.Outcome != Success || string(got.Body) != "ok" {
				t.Errorf("ended as %s (%v)", got.Outcome, got.Err)
			}
		})
	}
	others.Wait()
	cancel()
	if outcome := <-ended; outcome != LocalError {
		t.Errorf("the hanging one had ended before as %s", outcome)
	}
}
