package webhook

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

// hostile is one way to treat a webhook badly, and the expected outcome.
type hostile struct {
	name    string
	outcome Outcome
	code    Code
	orCode  Code // accepted too: which one comes is a matter of microseconds
	status  int

	url     string                      // RECEIVER is the receiver's address, PORT its port
	serve   func(net.Conn)              // nil: nobody listens at RECEIVER
	names   func(string, uint16) answer // nil: there are no names
	config  []func(*Config)             // changes to a Sender that may call any target
	request func(*Request)              // changes to the request
	sends   int                         // 0 means 1; the last one's result is looked at
	check   func(*testing.T, Result)    // further checks of the result
	times   func(*testing.T, *receiver) // checks the number of connections; nil: any
}

func TestHostileReceiversEndAsTheyShould(t *testing.T) {
	cases := concat(slowReceivers(t), rudeReceivers(t), tlsReceivers(t), badNames(), badURLs())
	results := make([]string, len(cases))
	t.Run("receivers", func(t *testing.T) {
		var seen sync.Map
		for i, h := range cases {
			if _, twice := seen.LoadOrStore(h.name, true); twice {
				t.Errorf("two receivers are called %q", h.name)
			}
			t.Run(h.name, func(t *testing.T) {
				t.Parallel()
				results[i] = h.run(t)
			})
		}
	})
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprint(w, "\nreceiver\toutcome\tcode\tstatus\tms\n", strings.Join(results, ""))
	_ = w.Flush()
	t.Log(table.String())
}

func concat(lists ...[]hostile) (all []hostile) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// run sends to the receiver, checks the result and returns a row of the table.
func (h hostile) run(t *testing.T) string {
	r := h.receiver(t)
	config := h.config
	if h.names != nil {
		config = append([]func(*Config){func(c *Config) { c.Resolver = resolver(t, h.names) }}, config...)
	}
	s := newSender(t, config...)
	q := request(strings.NewReplacer("RECEIVER", r.address(), "PORT", r.port()).Replace(h.url))
	if h.request != nil {
		h.request(&q)
	}
	var got Result
	var took time.Duration
	for range max(h.sends, 1) {
		started := time.Now()
		got = s.Send(context.Background(), q)
		took = time.Since(started)
	}
	s.transport.CloseIdleConnections()
	r.mustBeForgotten(t)
	asItShould := got.Code == h.code || h.orCode != "" && got.Code == h.orCode
	if got.Outcome != h.outcome || !asItShould || got.Status != h.status {
		t.Errorf("ended as %s, code %q, status %d (%v), want %s, %q, %d",
			got.Outcome, got.Code, got.Status, got.Err, h.outcome, h.code, h.status)
	}
	if len(got.Body) > 16<<10 {
		t.Errorf("took in %d bytes of body", len(got.Body))
	}
	if h.check != nil {
		h.check(t, got)
	}
	if h.times != nil {
		h.times(t, r)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%.1f\n", h.name, got.Outcome, got.Code, got.Status,
		float64(took.Microseconds())/1000)
}

func (h hostile) receiver(t *testing.T) *receiver {
	if h.serve != nil {
		return receive(t, func(c net.Conn, _ int64) { h.serve(c) })
	}
	r := receive(t, func(net.Conn, int64) {})
	r.stop()
	return r
}

func connections(n int64) func(*testing.T, *receiver) {
	return func(t *testing.T, r *receiver) {
		if got := r.accepted.Load(); got != n {
			t.Errorf("connected %d times, want %d", got, n)
		}
	}
}

func slowReceivers(t *testing.T) []hostile {
	soon := []func(*Config){deadline(short)}
	kibibytes := func(n int) string { return strings.Repeat("x", n<<10) }
	return []hostile{
		{name: "accepts and never answers", outcome: Timeout, code: CodeTimeoutResponse,
			url: "http://RECEIVER", config: soon, serve: drain},
		{name: "accepts and never shakes hands", outcome: Timeout, code: CodeTimeoutConnect,
			url: "https://RECEIVER", config: soon, serve: drain},
		{name: "listens and never accepts", outcome: Timeout, code: CodeTimeoutConnect,
			url: "http://" + neverAccepts(t), config: soon},
		{name: "reads nothing of a large request", outcome: Timeout, code: CodeTimeoutResponse,
			url: "http://RECEIVER", config: soon, request: large, serve: readsNothing("HTTP/1.1 200 OK\r\nX-A: ")},
		{name: "headers, then a byte a tick for ever", outcome: Timeout, code: CodeTimeoutResponse,
			url: "http://RECEIVER", config: soon, serve: trickles("HTTP/1.1 200 OK\r\n\r\n")},
		{name: "a header's byte a tick for ever", outcome: Timeout, code: CodeTimeoutResponse,
			url: "http://RECEIVER", config: soon, serve: trickles("HTTP/1.1 200 OK\r\nX-A: ")},
		{name: "promises more body than it sends, then hangs", outcome: Timeout, code: CodeTimeoutResponse,
			url: "http://RECEIVER", config: soon, serve: says("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + kibibytes(15))},
		{name: "hangs after 16 KiB of body", outcome: Success, status: 200,
			url: "http://RECEIVER", serve: says("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + kibibytes(16))},
		{name: "100 Continue and nothing more", outcome: Timeout, code: CodeTimeoutResponse,
			url: "http://RECEIVER", config: soon, serve: says("HTTP/1.1 100 Continue\r\n\r\n")},
	}
}

func rudeReceivers(t *testing.T) []hostile {
	const ok = "HTTP/1.1 200 OK\r\n"
	list := []hostile{
		{name: "a body without end", outcome: Success, status: 200, serve: saysForEver(ok+"\r\n", "x")},
		{name: "a chunked body without end", outcome: Success, status: 200,
			serve: saysForEver(ok+"Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")},
		{name: "10 MB of headers", outcome: ConnectionError, code: CodeProtocol, serve: saysForEver(ok, "X-A: xxxxxxxx\r\n")},
		{name: "66 KiB of headers", outcome: ConnectionError, code: CodeProtocol,
			serve: says(ok + strings.Repeat("X-A: "+strings.Repeat("x", 1017)+"\r\n", 66) + "Content-Length: 0\r\n\r\n")},
		{name: "62 KiB of headers", outcome: Success, status: 200,
			serve: says(ok + strings.Repeat("X-A: "+strings.Repeat("x", 1017)+"\r\n", 62) + "Content-Length: 0\r\n\r\n")},
		{name: "a header without end", outcome: ConnectionError, code: CodeProtocol, serve: saysForEver(ok+"X-A: ", "x")},
		{name: "a status line without end", outcome: ConnectionError, code: CodeProtocol, serve: saysForEver("HTTP/1.1 200 ", "x")},
		{name: "trailers without end", outcome: ConnectionError, code: CodeProtocol,
			serve: saysForEver(ok+"Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-A: xxxxxxxx\r\n")},
		{name: "chunk extensions without end", outcome: ConnectionError, code: CodeProtocol,
			serve: saysForEver(ok+"Transfer-Encoding: chunked\r\n\r\n", "1;a="+strings.Repeat("x", 4000)+"\r\nx\r\n")},
		{name: "a gzip bomb", outcome: Success, status: 200, serve: says(gzipBomb(t)), check: isStillCompressed},
		{name: "a flood of 103 Early Hints", outcome: ConnectionError, code: CodeProtocol,
			serve: saysForEver("", "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n")},
		{name: "a chunked body that breaks off", outcome: ConnectionError, code: CodeClosed,
			serve: saysAndCloses(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab")},
		{name: "a chunk whose length is no number", outcome: ConnectionError, code: CodeProtocol,
			serve: says(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nab")},
		{name: "a body shorter than its length", outcome: ConnectionError, code: CodeClosed,
			serve: saysAndCloses(ok + "Content-Length: 5\r\n\r\nab")},
		{name: "two lengths of one body", outcome: ConnectionError, code: CodeProtocol,
			serve: says(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")},
		{name: "closes after the request", outcome: ConnectionError, code: CodeClosed, serve: saysAndCloses(""), times: connections(1)},
		{name: "closes at once", outcome: ConnectionError, code: CodeClosed, orCode: CodeReset, serve: func(net.Conn) {}},
		{name: "speaks before it is asked", outcome: ConnectionError, code: CodeProtocol,
			serve: func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example ESMTP\r\n"); drain(c) }},
		{name: "closes within the headers", outcome: ConnectionError, code: CodeClosed, serve: saysAndCloses(ok + "X-A: b\r\n")},
		{name: "resets after the request", outcome: ConnectionError, code: CodeReset, times: connections(1),
			serve: func(c net.Conn) { readRequest(bufio.NewReader(c)); resets(c) }},
		{name: "resets within a large request", outcome: ConnectionError, code: CodeReset, orCode: CodeClosed,
			request: large, times: connections(1),
			serve: func(c net.Conn) { _, _ = io.CopyN(io.Discard, c, 1<<10); resets(c) }},
		{name: "resets within the body", outcome: ConnectionError, code: CodeReset, serve: resetsWithinTheBody},
		{name: "refuses", outcome: ConnectionError, code: CodeRefused},
		{name: "answers a large request without reading it", outcome: Error, status: 413, request: large,
			serve: readsNothing("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")},
		{name: "closes a kept-alive connection as a request comes", outcome: Success, status: 200, sends: 2,
			serve: closesBeforeTheSecond(1), times: connections(2)},
		{name: "closes it within a large request", outcome: Success, status: 200, sends: 2, request: large,
			serve: closesBeforeTheSecond(100_000), times: connections(2)},
		{name: "breaks off an answer on a kept-alive connection", outcome: ConnectionError, code: CodeClosed, sends: 2,
			serve: func(c net.Conn) {
				r := bufio.NewReader(c)
				readRequest(r)
				_, _ = io.WriteString(c, ok+"Content-Length: 0\r\n\r\n")
				readRequest(r)
				_, _ = io.WriteString(c, ok)
			}, times: connections(1)},
		{name: "speaks SSH", outcome: ConnectionError, code: CodeProtocol, serve: says("SSH-2.0-OpenSSH_9.9\r\n")},
		{name: "speaks SMTP", outcome: ConnectionError, code: CodeProtocol, serve: says("220 mail.example ESMTP\r\n")},
		{name: "speaks TLS where http is", outcome: ConnectionError, code: CodeProtocol,
			serve: says("\x15\x03\x01\x00\x02\x02\x0a\n")},
		{name: "HTTP/2 only, without TLS", outcome: ConnectionError, code: CodeProtocol,
			serve: saysAndCloses("\x00\x00\x00\x04\x00\x00\x00\x00\x00")},
		{name: "a status that is no number", outcome: ConnectionError, code: CodeProtocol, serve: says("HTTP/1.1 abc OK\r\n\r\n")},
		{name: "a header that is none", outcome: ConnectionError, code: CodeProtocol, serve: says(ok + "no colon\r\n\r\n")},
		{name: "101 Switching Protocols", outcome: ConnectionError, code: CodeProtocol, status: 101,
			serve: saysForEver("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "x")},
		{name: "101 without an upgrade", outcome: ConnectionError, code: CodeProtocol, status: 101,
			serve: saysForEver("HTTP/1.1 101 Switching Protocols\r\n\r\n", "x")},
		{name: "status 99", outcome: ConnectionError, code: CodeProtocol, status: 99, serve: says("HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n")},
		{name: "status 600", outcome: ConnectionError, code: CodeProtocol, status: 600, serve: says("HTTP/1.1 600 High\r\nContent-Length: 0\r\n\r\n")},
		{name: "status 999", outcome: ConnectionError, code: CodeProtocol, status: 999, serve: says("HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n")},
		{name: "redirects to a private address", outcome: Redirect, status: 302, times: connections(1),
			serve: says("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n")},
	}
	for i := range list {
		list[i].url = "http://RECEIVER"
	}
	return list
}

func tlsReceivers(t *testing.T) []hostile {
	ours, other := newAuthority(t), newAuthority(t)
	good := ours.sign(t, "receiver.example")
	between := func(low, high uint16) *tls.Config {
		c := good.Clone()
		c.MinVersion, c.MaxVersion = low, high
		return c
	}
	clientCertificate := good.Clone()
	clientCertificate.ClientAuth = tls.RequireAnyClientCert
	http2 := good.Clone()
	http2.NextProtos = []string{"h2"}
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	client := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	ok := says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	list := []hostile{
		{name: "TLS as it should be", outcome: Success, status: 200, serve: overTLS(good, ok)},
		{name: "a certificate of an unknown authority", serve: overTLS(other.sign(t, "receiver.example"), ok)},
		{name: "a self-signed certificate", serve: overTLS(selfSigned(other), ok)},
		{name: "an expired certificate", serve: overTLS(ours.sign(t, "receiver.example", expired), ok)},
		{name: "another host's certificate", serve: overTLS(ours.sign(t, "other.example"), ok)},
		{name: "a certificate for clients", serve: overTLS(ours.sign(t, "receiver.example", client), ok)},
		{name: "TLS 1.0 only", serve: overTLS(between(tls.VersionTLS10, tls.VersionTLS10), ok)},
		{name: "TLS 1.1 only", serve: overTLS(between(tls.VersionTLS10, tls.VersionTLS11), ok)},
		{name: "no TLS at all", serve: func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); drain(c) }},
		{name: "closes within the handshake", serve: func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)) }},
		{name: "wants a client certificate", serve: wantsClientCertificate(clientCertificate)},
		{name: "resets within the handshake", code: CodeReset, serve: func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); resets(c) }},
		{name: "HTTP/2 only", code: CodeProtocol, serve: overTLS(http2, saysAndCloses("\x00\x00\x00\x04\x00\x00\x00\x00\x00"))},
	}
	for i := range list {
		h := &list[i]
		h.url = "https://receiver.example:PORT"
		h.names = names("receiver.example", "127.0.0.1")
		h.config = []func(*Config){ours.trusted}
		if h.outcome == "" {
			h.outcome = ConnectionError
			if h.code == "" {
				h.code = CodeTLS
			}
		}
	}
	return list
}

func badNames() []hostile {
	strict := func(c *Config) { c.Targets = TargetPolicy{} }
	everyName := func(a answer) func(string, uint16) answer { return func(string, uint16) answer { return a } }
	list := []hostile{
		{name: "a name that does not resolve", outcome: ConnectionError, code: CodeDNS, names: everyName(answer{rcode: noSuchName})},
		{name: "a name without an address", outcome: ConnectionError, code: CodeDNS, names: everyName(answer{})},
		{name: "a name that resolves slowly", outcome: LocalError, code: CodeDNSTemporary,
			names: everyName(answer{silent: true}), config: []func(*Config){deadline(short)}},
		{name: "a name whose server fails", outcome: LocalError, code: CodeDNSTemporary, names: everyName(answer{rcode: serverFailed})},
		{name: "a resolver out of reach", outcome: LocalError, code: CodeDNSTemporary, config: []func(*Config){nobodyResolves}},
		{name: "a name that is public first, private later", outcome: Blocked, code: CodeBlockedAddress, sends: 2,
			names: rebinding(), config: []func(*Config){strict}},
		{name: "a name that is public and private at once", outcome: Blocked, code: CodeBlockedAddress,
			names: everyName(answer{addresses: []string{"127.0.0.1", "93.184.215.14"}}), config: []func(*Config){strict}},
		{name: "a public name that refuses", outcome: ConnectionError, code: CodeRefused, // by the tests' guard
			names: everyName(answer{addresses: []string{"93.184.215.14"}}), config: []func(*Config){strict}},
	}
	for _, address := range []string{
		"127.0.0.1", "169.254.169.254", "10.0.0.1", "100.64.0.1", "0.0.0.0", "255.255.255.255", "::1", "::", "fd00:ec2::254", "fe80::1",
		"::ffff:127.0.0.1", "::ffff:169.254.169.254", // IPv4-mapped
		"::127.0.0.1",                                                                  // IPv4-compatible
		"64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::169.254.169.254", // NAT64
		"2002:7f00:1::", "2002:a9fe:a9fe::", // 6to4
		"2001:0:7f00:1::", // Teredo
	} {
		list = append(list, hostile{name: "a name that is " + address, outcome: Blocked, code: CodeBlockedAddress,
			names: everyName(answer{addresses: []string{address}}), config: []func(*Config){strict}})
	}
	for i := range list {
		list[i].url = "https://name.example"
	}
	return list
}

func badURLs() []hostile {
	strict := []func(*Config){func(c *Config) { c.Targets = TargetPolicy{} }}
	var list []hostile
	for _, bad := range []struct {
		url  string
		code Code
	}{
		{"http://receiver.example/", CodeBlockedScheme},
		{"ftp://receiver.example/", CodeBlockedScheme},
		{"https://user:password@receiver.example", CodeBlockedURL},
		{"https://receiver.example:8443/", CodeBlockedPort},
		{"https://receiver.example/#fragment", CodeBlockedURL},
		{"https://2130706433/", CodeBlockedURL},
		{"https://0x7f000001/", CodeBlockedURL},
		{"https://017700000001/", CodeBlockedURL},
		{"https://127.0.0.1/", CodeBlockedAddress},
		{"https://[::1]/", CodeBlockedAddress},
		{"https://[::ffff:127.0.0.1]/", CodeBlockedAddress},
	} {
		list = append(list, hostile{name: bad.url, url: bad.url, outcome: Blocked, code: bad.code, config: strict})
	}
	return append(list,
		hostile{name: "a host of 300 characters", url: "https://" + strings.Repeat("a.", 150) + "example/",
			outcome: Blocked, code: CodeBlockedURL, config: strict},
		hostile{name: "an international name", url: "http://BÜCHER.example:PORT/", outcome: Success, status: 204,
			names: names("xn--bcher-kva.example", "127.0.0.1"), serve: answersAtHost("xn--bcher-kva.example")},
		hostile{name: "an international name that cannot be", url: "https://-ü-.example/",
			outcome: Blocked, code: CodeBlockedURL},
	)
}

// large makes a request that no socket's buffers hold.
func large(r *Request) {
	r.Body = []byte(`{"action":"` + strings.Repeat("x", 6<<20) + `"}`)
}

// readsNothing answers once a request begins, and goes on writing without
// reading until the sender is gone.
func readsNothing(first string) func(net.Conn) {
	return func(c net.Conn) {
		tick := time.NewTicker(short / 10)
		defer tick.Stop()
		_, _ = c.Read(make([]byte, 1))
		_, err := io.WriteString(c, first)
		for err == nil {
			<-tick.C
			_, err = io.WriteString(c, "x")
		}
	}
}

func resetsWithinTheBody(c net.Conn) {
	readRequest(bufio.NewReader(c))
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
	resets(c)
}

// neverAccepts is the address of a listener whose queue is full.
func neverAccepts(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for {
		c, err := net.DialTimeout("tcp4", address, short/3)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = c.Close() })
	}
}

// closesBeforeTheSecond answers a connection's first request, and closes the
// connection after that many bytes of a second one.
func closesBeforeTheSecond(bytes int64) func(net.Conn) {
	var connections atomic.Int64
	return func(c net.Conn) {
		first := connections.Add(1) == 1
		r := bufio.NewReader(c)
		readRequest(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		if !first {
			drain(c)
			return
		}
		_, _ = io.CopyN(io.Discard, r, bytes)
	}
}

// wantsClientCertificate reads on after it found no certificate: unread bytes
// would turn its alert into a reset.
func wantsClientCertificate(config *tls.Config) func(net.Conn) {
	return func(c net.Conn) {
		_ = tls.Server(c, config).Handshake()
		drain(c)
	}
}

func answersAtHost(host string) func(net.Conn) {
	return func(c net.Conn) {
		req, _ := readRequest(bufio.NewReader(c))
		status := "421 Misdirected Request"
		if name, _, _ := net.SplitHostPort(req.Host); name == host {
			status = "204 No Content"
		}
		_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\n\r\n")
		drain(c)
	}
}

func selfSigned(a *authority) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{a.certificate.Raw}, PrivateKey: a.key}}}
}

func nobodyResolves(c *Config) {
	c.Resolver.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "udp", Err: syscall.ENETUNREACH}
	}
}

// rebinding answers with a public address first, and with loopback from then
// on.
func rebinding() func(string, uint16) answer {
	var asked atomic.Int64
	return func(_ string, kind uint16) answer {
		if kind == typeA && asked.Add(1) == 1 {
			return answer{addresses: []string{"93.184.215.14"}}
		}
		return answer{addresses: []string{"127.0.0.1"}}
	}
}

func gzipBomb(t *testing.T) string {
	t.Helper()
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := io.CopyN(w, zeros{}, 20<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s",
		compressed.Len(), compressed.String())
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func isStillCompressed(t *testing.T, r Result) {
	if len(r.Body) != 16<<10 || !bytes.HasPrefix(r.Body, []byte{0x1f, 0x8b}) {
		t.Errorf("took in %d bytes, not the first 16 KiB as they came", len(r.Body))
	}
}
