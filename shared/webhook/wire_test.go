package webhook

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// onTheWire is what a receiver sees of a URL.
type onTheWire struct {
	Dialled string // host and port
	Line    string // the request line's middle
	Host    string
}

// sees sends to a URL and returns what a receiver on loopback sees, which
// stands in for the URL's host.
func sees(t *testing.T, url string) onTheWire {
	t.Helper()
	raw := make(chan string, 1)
	r := receive(t, func(c net.Conn, _ int64) {
		var request bytes.Buffer
		readRequest(bufio.NewReader(io.TeeReader(c, &request)))
		raw <- request.String()
		_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	var got onTheWire
	s := newSender(t)
	s.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		got.Dialled = address
		return s.dialer.DialContext(ctx, network, r.address())
	}
	s.transport.DialTLSContext = s.transport.DialContext // the request is the same over TLS
	result := s.Send(context.Background(), request(url))
	if result.Outcome != Success {
		t.Errorf("%q: ended as %s %s (%v)", url, result.Outcome, result.Code, result.Err)
		return got
	}
	lines := strings.Split(<-raw, "\r\n")
	got.Line = strings.TrimSuffix(strings.TrimPrefix(lines[0], "POST "), " HTTP/1.1")
	for _, line := range lines[1:] {
		if host, ok := strings.CutPrefix(line, "Host: "); ok {
			got.Host += host
		}
	}
	return got
}

func TestRequestLineIsTheURLAsItWasRegistered(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":       "/",
		"/":      "/",
		"?":      "/?",
		"?q":     "/?q",
		"/hook":  "/hook",
		"/hook?": "/hook?",

		"/hooks/{prod}/acme%2Fci-bot":             "/hooks/%7Bprod%7D/acme%2Fci-bot",
		"/hook?team=Jörg&tags=a|b":                "/hook?team=J%C3%B6rg&tags=a%7Cb",
		"/Jörg/acme%2fci%2Dbot":                   "/J%C3%B6rg/acme%2fci%2Dbot",
		"/例え?q=テスト":                               "/%E4%BE%8B%E3%81%88?q=%E3%83%86%E3%82%B9%E3%83%88",
		"/\"<>[\\]^`{|}/%41?\"<>[\\]^`{|}%41":     "/%22%3C%3E%5B%5C%5D%5E%60%7B%7C%7D/%41?%22%3C%3E%5B%5C%5D%5E%60%7B%7C%7D%41",
		"/-._~!$&'()*+,;=:@/?-._~!$&'()*+,;=:@/?": "/-._~!$&'()*+,;=:@/?-._~!$&'()*+,;=:@/?",
		"/a b?c d":                           "/a%20b?c%20d",
		"/\u00a0\u200b\u0085.":               "/%C2%A0%E2%80%8B%C2%85.",
		"/100%/5%zz/%4/%e2%82%ac?100%&%4g%4": "/100%25/5%25zz/%254/%e2%82%ac?100%25&%254g%254",
		"/%00%0d%0a%25":                      "/%00%0d%0a%25",
		"//hook//a/./b/../c//":               "//hook//a/./b/../c//",
		"/*":                                 "/*",
		"/hook?u=https://a.example/?b":       "/hook?u=https://a.example/?b",
	} {
		got := sees(t, "https://receiver.example"+path)
		if diff := cmp.Diff(onTheWire{"receiver.example:443", want, "receiver.example"}, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", path, diff)
		}
	}
}

func TestHostHeaderHasNoDefaultPort(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]onTheWire{
		"https://receiver.example:443/":  {"receiver.example:443", "/", "receiver.example"},
		"http://receiver.example:80/":    {"receiver.example:80", "/", "receiver.example"},
		"https://receiver.example:80/":   {"receiver.example:80", "/", "receiver.example:80"},
		"http://receiver.example:443/":   {"receiver.example:443", "/", "receiver.example:443"},
		"https://receiver.example:8443/": {"receiver.example:8443", "/", "receiver.example:8443"},
		"https://receiver.example:0443/": {"receiver.example:443", "/", "receiver.example"},
		"https://Receiver.Example:/":     {"receiver.example:443", "/", "receiver.example"},
		"HTTPS://receiver.example/":      {"receiver.example:443", "/", "receiver.example"},
		"https://receiver.example./":     {"receiver.example.:443", "/", "receiver.example."},
		"https://[::1]:443/":             {"[::1]:443", "/", "[::1]"},
		"http://[2001:DB8::1]:8080/":     {"[2001:db8::1]:8080", "/", "[2001:db8::1]:8080"},
		"http://127.0.0.1:80/":           {"127.0.0.1:80", "/", "127.0.0.1"},
	} {
		if diff := cmp.Diff(want, sees(t, url)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", url, diff)
		}
	}
}

func TestInternationalNameHasOneFormOnTheWire(t *testing.T) {
	t.Parallel()
	for name, ascii := range map[string]string{
		"bücher.example":                     "xn--bcher-kva.example",
		"BÜCHER.Example":                     "xn--bcher-kva.example",
		"b%C3%BCcher.example":                "xn--bcher-kva.example",
		"bu\u0308cher.example":               "xn--bcher-kva.example",
		"xn--bcher-kva.example":              "xn--bcher-kva.example",
		"paral·lel.cat":                      "xn--parallel-koa.cat",
		"ユーザー・コム.jp":                         "xn--tckf1kva0ieb.jp",
		"צ׳ק.example":                        "xn--rebc9a.example",
		"نامه\u200cای.example":               "xn--mgba3gch31f060k.example",
		"ක්\u200dරීඩා.example":               "xn--3zc4a1czc1aw4773a.example",
		"faß.example":                        "xn--fa-hia.example",
		"例え。テスト":                             "xn--r8jz45g.xn--zckzah",
		"receiver\u3002other.example":        "receiver.other.example",
		"re\u200bceiver\u00ad.example":       "receiver.example",
		"ｒｅｃｅｉｖｅｒ．example":                   "receiver.example",
		"my_shop.bücher.example":             "my_shop.xn--bcher-kva.example",
		"under_score.example":                "under_score.example",
		"r3---sn-apo3qvuoxuxbt.example":      "r3---sn-apo3qvuoxuxbt.example",
		"bücher.example.":                    "xn--bcher-kva.example.",
		strings.Repeat("ü", 40) + ".example": "xn--tdaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
	} {
		if diff := cmp.Diff(onTheWire{ascii + ":443", "/", ascii}, sees(t, "https://"+name+"/")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
}

func TestInternationalNameIsWhatItsReceiverIsVerifiedBy(t *testing.T) {
	t.Parallel()
	const ascii = "xn--parallel-koa.cat"
	a := newAuthority(t)
	asked := make(chan string, 1)
	config := a.sign(t, ascii)
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		asked <- hello.ServerName
		return nil, nil
	}
	r := receive(t, func(c net.Conn, _ int64) { overTLS(config, answersAtHost(ascii))(c) })
	s := newSender(t, a.trusted, func(c *Config) { c.Resolver = resolver(t, names(ascii, "127.0.0.1")) })
	got := s.Send(context.Background(), request("https://Paral·lel.cat:"+r.port()))
	if got.Status != 204 {
		t.Fatalf("ended as %s %s %d (%v)", got.Outcome, got.Code, got.Status, got.Err)
	}
	if name := <-asked; name != ascii {
		t.Errorf("TLS asks for %q", name)
	}
}

func TestURLIsWithoutTheWhiteSpaceAroundIt(t *testing.T) {
	t.Parallel()
	for _, url := range []string{" https://receiver.example/hook", "https://receiver.example/hook\r\n", "\t\u00a0https://receiver.example/hook\u3000 "} {
		if diff := cmp.Diff(onTheWire{"receiver.example:443", "/hook", "receiver.example"}, sees(t, url)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", url, diff)
		}
	}
}

// TestRequestIsAlwaysLegalAndSaysTheSame tries any text as path and query.
func TestRequestIsAlwaysLegalAndSaysTheSame(t *testing.T) {
	policy := TargetPolicy{}
	rapid.Check(t, func(t *rapid.T) {
		anything := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("%%%25abF/?{|} \\é")), rapid.Rune()))
		raw := "https://receiver.example/" + anything.Draw(t, "rest")
		u, err := policy.parse(raw)
		if err != nil {
			t.Skip("may not be called at all")
		}
		sent := u.RequestURI()
		for i := range len(sent) {
			c := sent[i]
			switch {
			case c == '%':
				if i+2 >= len(sent) || !isHexDigit(sent[i+1]) || !isHexDigit(sent[i+2]) {
					t.Fatalf("%q is sent as %q, with a %% that escapes nothing", raw, sent)
				}
			case !strings.Contains("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?", string(c)):
				t.Fatalf("%q is sent as %q, with %q", raw, sent, c)
			}
		}
		again, err := policy.parse("https://receiver.example" + sent)
		if err != nil || again.RequestURI() != sent {
			t.Fatalf("%q is sent as %q, and that as %v, %v", raw, sent, again, err)
		}
		path, query, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(raw), "https://receiver.example"), "?")
		sentPath, sentQuery, _ := strings.Cut(sent, "?")
		if leniently(path) != leniently(sentPath) || leniently(query) != leniently(sentQuery) {
			t.Fatalf("%q is sent as %q, which says something else", raw, sent)
		}
	})
}

// leniently undoes escapes, and leaves a % that escapes nothing.
func leniently(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+3 <= len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil && s[i] == '%' {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
