package webhook

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"hookwarden/shared/platform"
)

func benchWebhook() platform.Webhook {
	return platform.Webhook{ID: "evt_01J", InstallationUUID: "7a485448-a9e2-4c85-8a3c-4f44175783c9", Resource: "issue", Action: "created",
		Data: json.RawMessage(`{"issue":{"id":"1","title":"` + strings.Repeat("panic: a value is nil; ", 40) + `"}}`)}
}

func BenchmarkBody(b *testing.B) {
	w, actor := benchWebhook(), Application("sentry", "Sentry")
	b.ReportAllocs()
	for b.Loop() {
		Body(w, actor)
	}
}

func BenchmarkSign(b *testing.B) {
	s := newSender(b)
	r := Request{ID: "evt_01J", Resource: "issue", Body: Body(benchWebhook(), Application("sentry", "Sentry")),
		Secrets: []platform.Secret{"a-secret-of-forty-eight-characters-as-they-often-"}}
	at := s.config.Now()
	b.ReportAllocs()
	for b.Loop() {
		s.header(r, at)
	}
}

// BenchmarkSend sends over loopback. What it allocates is hookwarden's and
// net/http's: the receiver does not allocate.
func BenchmarkSend(b *testing.B) {
	body := Body(benchWebhook(), Application("sentry", "Sentry"))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			answerEach(conn, body)
		}
	}()
	s := newSender(b)
	r := Request{ID: "evt_01J", Resource: "issue", URL: "http://" + listener.Addr().String() + "/hook", Body: body,
		Secrets: []platform.Secret{"a-secret-of-forty-eight-characters-as-they-often-"}}
	b.ReportAllocs()
	for b.Loop() {
		if got := s.Send(b.Context(), r); got.Outcome != Success {
			b.Fatalf("%+v", got)
		}
	}
}

// answerEach answers each request that ends with the body.
func answerEach(conn net.Conn, body []byte) {
	got := make([]byte, 0, 64<<10)
	for {
		n, err := conn.Read(got[len(got):cap(got)])
		if err != nil {
			return
		}
		if got = got[:len(got)+n]; bytes.HasSuffix(got, body) {
			got = got[:0]
			if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"); err != nil {
				return
			}
		}
	}
}
