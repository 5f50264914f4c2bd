package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/platform"
)

// detailed is a failure and the expected detail. RECEIVER and PORT stand for the
// receiver's address and port.
type detailed struct {
	url    string
	serve  func(net.Conn)
	names  func(string, uint16) answer
	config []func(*Config)
	want   string
}

func (d detailed) run(t *testing.T) Result {
	t.Helper()
	serve := d.serve
	if serve == nil {
		serve = drain
	}
	r := receive(t, func(c net.Conn, _ int64) { serve(c) })
	config := []func(*Config){func(c *Config) { c.Now = time.Now }}
	if d.names != nil {
		config = append(config, func(c *Config) { c.Resolver = resolver(t, d.names) })
	}
	s := newSender(t, append(config, d.config...)...)
	where := strings.NewReplacer("RECEIVER", r.address(), "PORT", r.port())
	got := s.Send(context.Background(), request(where.Replace(d.url)))
	if want := where.Replace(d.want); got.Detail != want {
		t.Errorf("%s %s (%v)\n got %q\nwant %q", got.Outcome, got.Code, got.Err, got.Detail, want)
	}
	return got
}

func TestDetailSaysWhereARedirectLeads(t *testing.T) {
	long := "https://new.example/" + strings.Repeat("é", 300)
	for name, c := range map[string]struct{ location, want string }{
		"elsewhere":          {"https://new.example/hook", "The redirect leads to https://new.example/hook"},
		"a path":             {"/login", "The redirect leads to http://RECEIVER/login"},
		"secrets":            {"https://ada:hunter2@new.example:8443/hook?token=hunter2#hunter2", "The redirect leads to https://new.example:8443/hook?…"},
		"an empty query":     {"https://new.example/hook?", "The redirect leads to https://new.example/hook?…"},
		"a script":           {"javascript:alert('hunter2')", "The redirect leads to what is no address of a web server."},
		"a file":             {"file:///etc/passwd", "The redirect leads to what is no address of a web server."},
		"nowhere":            {"", ""},
		"what is no URL":     {"https://[hunter2", "The redirect leads to what is no address of a web server."},
		"marks of direction": {"https://new.example/\u202egpj.exe", "The redirect leads to https://new.example/%E2%80%AEgpj.exe"},
		"very far":           {long, "The redirect leads to https://new.example/" + strings.Repeat("%C3%A9", 35) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
			if c.location != "" {
				answer += "Location: " + c.location + "\r\n"
			}
			got := detailed{url: "http://RECEIVER/hook", serve: answers(answer + "\r\n"), want: c.want}.run(t)
			if got.Outcome != Redirect || len(got.Detail) > platform.MaxDetail || strings.Contains(got.Detail, "hunter2") {
				t.Errorf("%s, %d bytes", got.Outcome, len(got.Detail))
			}
		})
	}
}

func TestDetailSaysWhatIsWrongWithACertificate(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	now := time.Now()
	with := func(change func(*x509.Certificate)) *tls.Config { return ours.sign(t, "receiver.example", change) }
	for name, c := range map[string]struct {
		serves    *tls.Config
		want      string
		permanent bool
	}{
		"it expired": {with(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }),
			"The certificate expired on " + now.Add(-time.Minute).UTC().Format(time.DateOnly) + ".", true},
		"it is of the future": {with(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(48*time.Hour), now.Add(72*time.Hour) }),
			"The certificate is not valid before " + now.Add(48*time.Hour).UTC().Format(time.DateOnly) + ".", true},
		"it is for clients": {with(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
			"The certificate may not be used for servers.", true},
		"it is another's": {with(func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} }),
			"The certificate is for other.example, and not for receiver.example.", true},
		"it is of many": {with(func(c *x509.Certificate) {
			c.DNSNames = []string{"a.example", "b.example", "*.c.example", "d.example", "e.example"}
		}),
			"The certificate is for a.example, b.example, *.c.example and 2 more, and not for receiver.example.", true},
		"it is of nobody": {with(func(c *x509.Certificate) { c.DNSNames = nil }),
			"The certificate has no name. It must be for receiver.example.", true},
		"it is of nobody known": {other.sign(t, "receiver.example"),
			"The certificate was issued by test authority, which is unknown. The server may have to send an intermediate certificate too.", true},
		"it is self-signed": {other.sign(t, "receiver.example", func(c *x509.Certificate) { c.Subject.CommonName = "test authority" }), "The certificate is self-signed.", true},
		"there is none that we may speak": {func() *tls.Config {
			c := with(func(*x509.Certificate) {})
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
			return c
		}(), "The server ended the TLS handshake.", false},
	} {
		t.Run(name, func(t *testing.T) {
			got := detailed{url: "https://receiver.example:PORT/", serve: overTLS(c.serves, drain), names: names("receiver.example", "127.0.0.1"),
				config: []func(*Config){ours.trusted}, want: c.want}.run(t)
			if got.Code != CodeTLS || got.Permanent() != c.permanent {
				t.Errorf("code %s, permanent: %t", got.Code, got.Permanent())
			}
		})
	}
	t.Run("there is no TLS", func(t *testing.T) {
		got := detailed{url: "https://receiver.example:PORT/", names: names("receiver.example", "127.0.0.1"),
			serve: func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); drain(c) },
			want:  "The server does not speak TLS there."}.run(t)
		if got.Permanent() {
			t.Error("permanent")
		}
	})
	t.Run("names that are no names", func(t *testing.T) {
		said := new(Sender).detail(Result{Outcome: ConnectionError, Code: CodeTLS, Err: x509.HostnameError{Host: strings.Repeat("h", 200),
			Certificate: &x509.Certificate{DNSNames: []string{"x\r\nBcc: y\u202e", strings.Repeat("z", 500), "a", "b"}}}}, nil, nil, now)
		if len(said) > platform.MaxDetail || !strings.HasPrefix(said, "The certificate is for x Bcc: y, zzz") || !strings.HasSuffix(said, "h.") {
			t.Errorf("%q", said)
		}
	})
	t.Run("an authority that is made to mislead", func(t *testing.T) {
		e := x509.UnknownAuthorityError{}
		leaf := &x509.Certificate{RawIssuer: []byte("a"), RawSubject: []byte("b"), Issuer: pkix.Name{CommonName: "x\r\nBcc: y\u202e" + strings.Repeat("z", 500)}}
		said := new(Sender).detail(Result{Outcome: ConnectionError, Code: CodeTLS,
			Err: &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{leaf}, Err: e}}, nil, nil, now)
		if len(said) > platform.MaxDetail || !strings.HasPrefix(said, "The certificate was issued by x Bcc: yzzz") || strings.ContainsAny(said, "\r\n\u202e") {
			t.Errorf("%q", said)
		}
	})
}

func TestDetailSaysWhyATargetIsBlocked(t *testing.T) {
	strict := func(c *Config) { c.Targets = TargetPolicy{} }
	for url, want := range map[string]string{
		"https://10.0.0.3/hook":                "The address is private, or not public for another reason.",
		"https://[::1]/":                       "The address is private, or not public for another reason.",
		"https://internal.example/":            "The name internal.example leads to a private address, or to one that is not public for another reason.",
		"http://receiver.example/":             "The URL must start with https://, http:// is not allowed.",
		"https://receiver.example:8080/":       "The port must be 443 or 80.",
		"https://ada:hunter2@receiver.example": "The URL must not hold a user name or password.",
		"https://rece iver.example":            "The URL cannot be parsed.",
	} {
		t.Run(url, func(t *testing.T) {
			got := detailed{url: url, names: names("internal.example", "10.1.2.3"), config: []func(*Config){strict}, want: want}.run(t)
			if got.Outcome != Blocked || !got.Permanent() || strings.Contains(got.Detail, "10.1.2.3") {
				t.Errorf("%s: %+v", got.Outcome, got)
			}
		})
	}
}

func TestDetailNamesWhatCannotBeFound(t *testing.T) {
	got := detailed{url: "https://no-such.example/", want: "The name no-such.example cannot be found: there is no address for it."}.run(t)
	if got.Code != CodeDNS || got.Permanent() {
		t.Errorf("%s, permanent: %t", got.Code, got.Permanent())
	}
	got = detailed{url: "https://no-server.example/", names: func(string, uint16) answer { return answer{rcode: serverFailed} },
		want: "The name no-server.example could not be looked up: its name servers failed, or did not answer in time."}.run(t)
	if got.Code != CodeDNSTemporary || got.Permanent() {
		t.Errorf("%s, permanent: %t", got.Code, got.Permanent())
	}
}

func TestDetailSaysHowFarATimeOutGot(t *testing.T) {
	for name, c := range map[string]struct {
		url   string
		serve func(net.Conn)
		want  string
	}{
		"no answer":       {"http://RECEIVER/", drain, "There was a connection, but no answer began within 0.3 s."},
		"no whole answer": {"http://RECEIVER/", says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"), "The answer began, but was not complete within 0.3 s."},
		"no TLS":          {"https://RECEIVER/", drain, "There was a connection, but no TLS session within 0.3 s."},
	} {
		t.Run(name, func(t *testing.T) {
			got := detailed{url: c.url, serve: c.serve, config: []func(*Config){deadline(short)}, want: c.want}.run(t)
			if got.Outcome != Timeout || got.Permanent() {
				t.Errorf("%s, permanent: %t", got.Outcome, got.Permanent())
			}
		})
	}
	t.Run("no connection", func(t *testing.T) {
		address := neverAccepts(t)
		detailed{url: "https://" + address, config: []func(*Config){deadline(short)}, want: "There was no connection within 0.3 s."}.run(t)
		detailed{url: "http://" + address, config: []func(*Config){deadline(short)}, want: "There was no connection within 0.3 s."}.run(t)
	})
}

// A fault of our own, or an answer that says everything, has no detail.
func TestDetailIsOfFailuresAlone(t *testing.T) {
	detailed{url: "http://RECEIVER/", serve: answers("HTTP/1.1 200 OK\r\nLocation: https://new.example\r\nContent-Length: 0\r\n\r\n")}.run(t)
	detailed{url: "http://RECEIVER/", serve: answers("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")}.run(t)
	got := detailed{url: "http://RECEIVER/", config: []func(*Config){deadline(short), late(time.Minute)}}.run(t)
	if got.Outcome != LocalError {
		t.Errorf("%s", got.Outcome)
	}
}
