package webhook

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hookwarden/shared/platform"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http reports receivers that speak out of turn
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		_ = os.Setenv(name, "http://127.0.0.1:9") // nobody is there
	}
	os.Exit(m.Run())
}

// patient is a deadline that no test waits for, short is one that tests wait
// for.
const (
	patient = 10 * time.Second
	short   = 300 * time.Millisecond
)

// newSender makes a Sender that may call loopback only. Its clock stands
// still, so that pauses of the test machine are not taken for late timers.
func newSender(t testing.TB, change ...func(*Config)) *Sender {
	t.Helper()
	c := Config{
		Timeout:      patient,
		HeaderPrefix: "Sentry-Hook-",
		Targets:      TargetPolicy{AllowPrivate: true, AllowHTTP: true},
		Now:          func() time.Time { return time.Unix(1795514400, 0) },
		Resolver:     resolver(t, func(string, uint16) answer { return answer{rcode: noSuchName} }),
	}
	for _, f := range change {
		f(&c)
	}
	s := NewSender(c)
	guard := s.dialer.Control
	s.dialer.Control = func(network, address string, conn syscall.RawConn) error {
		if guard != nil {
			if err := guard(network, address, conn); err != nil {
				return err
			}
		}
		if !netip.MustParseAddrPort(address).Addr().IsLoopback() {
			return syscall.ECONNREFUSED
		}
		return nil
	}
	t.Cleanup(s.transport.CloseIdleConnections)
	return s
}

func deadline(d time.Duration) func(*Config) { return func(c *Config) { c.Timeout = d } }

func request(url string) Request {
	return Request{ID: "evt_1", Resource: "issue", URL: url, Body: []byte(`{"action":"created"}`),
		Secrets: []platform.Secret{"s3cret"}}
}

// receiver is a TCP server on loopback. It serves every connection with the
// function it was made with.
type receiver struct {
	listener  net.Listener
	accepting sync.WaitGroup
	accepted  atomic.Int64
	live      sync.WaitGroup // connections
	mu        sync.Mutex
	conns     map[net.Conn]bool
}

// receive starts a receiver. serve gets the connection's number, from 1.
func receive(t testing.TB, serve func(c net.Conn, n int64)) *receiver {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{listener: l, conns: make(map[net.Conn]bool)}
	r.accepting.Go(func() { r.accept(serve) })
	t.Cleanup(func() {
		r.stop()
		r.mu.Lock()
		for c := range r.conns {
			_ = c.Close()
		}
		r.mu.Unlock()
		r.live.Wait()
	})
	return r
}

func (r *receiver) accept(serve func(net.Conn, int64)) {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		n := r.accepted.Add(1)
		r.mu.Lock()
		r.conns[c] = true
		r.mu.Unlock()
		r.live.Go(func() {
			serve(c, n)
			_ = c.Close()
			r.mu.Lock()
			delete(r.conns, c)
			r.mu.Unlock()
		})
	}
}

// stop stops listening. Connections stay open.
func (r *receiver) stop() {
	_ = r.listener.Close()
	r.accepting.Wait()
}

func (r *receiver) address() string { return r.listener.Addr().String() }

func (r *receiver) port() string {
	_, port, _ := net.SplitHostPort(r.address())
	return port
}

// mustBeForgotten stops listening and fails if the sender keeps a connection.
func (r *receiver) mustBeForgotten(t testing.TB) {
	t.Helper()
	r.stop()
	done := make(chan struct{})
	go func() {
		r.live.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patient):
		t.Error("a connection is kept")
	}
}

// drain reads until the sender closes the connection.
func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// readRequest reads one whole request; nil if none comes.
func readRequest(r *bufio.Reader) (*http.Request, []byte) {
	req, err := http.ReadRequest(r)
	if err != nil {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, nil
	}
	return req, body
}

// says reads a request, answers with the text as it is, and waits for the
// sender to close.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, text)
		drain(c)
	}
}

// answers says the text after every request of a connection.
func answers(text string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for req, _ := readRequest(r); req != nil; req, _ = readRequest(r) {
			_, _ = io.WriteString(c, text)
		}
	}
}

// saysAndCloses is says without the waiting.
func saysAndCloses(text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, text)
	}
}

// saysForEver reads a request, says first, and then repeats again until the
// sender closes.
func saysForEver(first, again string) func(net.Conn) {
	again = strings.Repeat(again, 1+16<<10/len(again))
	return func(c net.Conn) {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(64 << 10) // else most of the time goes into filling megabytes
		}
		readRequest(bufio.NewReader(c))
		_, err := io.WriteString(c, first)
		for err == nil {
			_, err = io.WriteString(c, again)
		}
	}
}

// trickles is saysForEver at one byte a tick.
func trickles(first string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, first)
		gone := make(chan struct{})
		go func() {
			drain(c)
			close(gone)
		}()
		tick := time.NewTicker(short / 10)
		defer tick.Stop()
		for {
			select {
			case <-gone:
				return
			case <-tick.C:
				_, _ = c.Write([]byte("x"))
			}
		}
	}
}

// resets closes in a way that makes the kernel send a reset.
func resets(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

// overTLS serves what is said over a TLS session.
func overTLS(config *tls.Config, serve func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		session := tls.Server(c, config)
		if err := session.Handshake(); err != nil {
			drain(c)
			return
		}
		serve(session)
	}
}

// authority signs a test's certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate, key}
}

// trusted makes a Sender trust this authority alone.
func (a *authority) trusted(c *Config) {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	c.TLS = &tls.Config{RootCAs: pool}
}

// sign makes the server side of TLS with a certificate for a host.
func (a *authority) sign(t testing.TB, host string, change ...func(*x509.Certificate)) *tls.Config {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, f := range change {
		f(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: a.key}}}
}

// The part of DNS that the tests need.
const (
	typeA    = 1
	typeAAAA = 28

	serverFailed = 2
	noSuchName   = 3
)

// answer is what a name server says; the zero value is "there is no such
// record".
type answer struct {
	rcode     byte
	addresses []string
	silent    bool
}

// resolver looks names up at a name server on loopback.
func resolver(t testing.TB, answers func(name string, kind uint16) answer) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			if reply := reply(buffer[:n], answers); reply != nil {
				_, _ = server.WriteTo(reply, from)
			}
		}
	})
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func reply(query []byte, answers func(string, uint16) answer) []byte {
	end := 12 // the one question follows the header
	var labels []string
	for query[end] != 0 {
		length := int(query[end])
		labels = append(labels, string(query[end+1:end+1+length]))
		end += 1 + length
	}
	kind := binary.BigEndian.Uint16(query[end+1:])
	a := answers(strings.ToLower(strings.Join(labels, ".")), kind)
	if a.silent {
		return nil
	}
	out := append([]byte(nil), query[:end+5]...)
	var records byte
	for _, text := range a.addresses {
		address := netip.MustParseAddr(text)
		if address.Is4() != (kind == typeA) {
			continue
		}
		records++
		raw := address.AsSlice()
		out = append(out, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
		out = append(out, raw...)
	}
	copy(out[2:12], []byte{0x81, 0x80 | a.rcode, 0, 1, 0, records, 0, 0, 0, 0})
	return out
}

// names knows one host and its addresses, and no other.
func names(host string, addresses ...string) func(string, uint16) answer {
	return func(name string, _ uint16) answer {
		if name != host {
			return answer{rcode: noSuchName}
		}
		return answer{addresses: addresses}
	}
}
