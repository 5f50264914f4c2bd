package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"hookwarden/shared/platform"
)

// Version of hookwarden, sent in the User-Agent.
const Version = "0.1.0"

const (
	maxHeaderBytes = 64 << 10
	maxBodyBytes   = 16 << 10

	// lateBy is how late the deadline's timer may fire before the time-out
	// counts as our own fault: the process was starved or frozen, the receiver
	// not slow.
	lateBy = 100 * time.Millisecond
)

// Config of a Sender. Timeout, Now and HeaderPrefix are required. Now is the wall
// clock. Go's monotonic clock stands still while this process is frozen, and so
// does the deadline's timer: by that clock the timer would never be late.
type Config struct {
	Timeout      time.Duration // from the name look-up to the last byte read
	HeaderPrefix string        // as in "Sentry-Hook-"
	Targets      TargetPolicy
	Parallel     int // idle connections kept per host; 0 means 10
	Now          func() time.Time

	// Resolver looks names up; nil means the system's. TLS is cloned, its
	// minimum version becomes 1.2; nil means Go's defaults.
	Resolver *net.Resolver
	TLS      *tls.Config
}

// Sender sends webhooks. It is safe for concurrent use and keeps connections
// alive between calls.
type Sender struct {
	config    Config
	dialer    *net.Dialer
	transport *http.Transport
	fresh     *http.Transport // opens a new connection for each request and keeps none
}

// Request is one attempt. The platform's message is valid and the secrets are
// not empty.
type Request struct {
	ID       string // the platform's message id, the same on every attempt
	Resource string
	URL      string
	Body     []byte
	Secrets  []platform.Secret // newest first, at least one
}

// Result is how one attempt ended.
type Result struct {
	Outcome  Outcome
	Code     Code // empty for plain HTTP statuses
	Status   int  // 0 without a complete answer
	Started  time.Time
	Duration time.Duration

	RequestHeader http.Header   // of a request that did not succeed, if one was made
	Header        http.Header   // of the answer; nil without one
	Body          []byte        // of the answer, its first 16 KiB
	RetryAfter    time.Duration // what a 429 or 503 asked for; 0 if nothing

	// Repeated says that the request was sent twice, because a kept-alive
	// connection ended before a byte of an answer. The rest of the result is of
	// the second time.
	Repeated bool

	Err error // what led to Code, for logs; nil for plain HTTP statuses

	// Detail is a sentence for the app's owner about a failure, at most platform.MaxDetail
	// bytes of one line: where a redirect leads, what is wrong with a certificate, how far a
	// time-out got. Empty if Outcome and Code say all.
	Detail string
}

// NewSender makes a Sender.
func NewSender(c Config) *Sender {
	if c.Parallel == 0 {
		c.Parallel = 10
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLS != nil {
		tlsConfig = c.TLS.Clone()
		tlsConfig.MinVersion = tls.VersionTLS12
	}
	tlsConfig.ClientSessionCache = tls.NewLRUClientSessionCache(64)
	dialer := &net.Dialer{Resolver: typed(c.Resolver), Control: c.Targets.control()}
	tlsDialer := &tls.Dialer{NetDialer: dialer, Config: tlsConfig}
	transport := func(idlePerHost int) *http.Transport {
		return &http.Transport{
			DialContext:            withinAttempt(dialer.DialContext),
			DialTLSContext:         withinAttempt(tlsDialer.DialContext),
			TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 only
			MaxIdleConns:           10 * c.Parallel,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableCompression:     true,
		}
	}
	// DisableKeepAlives would send a "Connection: close".
	const none = -1
	return &Sender{config: c, dialer: dialer, transport: transport(c.Parallel), fresh: transport(none)}
}

// Send makes one attempt. It never fails: all that can happen is a Result. ctx
// is the invocation's; if it ends, the outcome is LocalError.
func (s *Sender) Send(ctx context.Context, r Request) Result {
	started := s.config.Now()
	result := s.send(ctx, r, started)
	result.Started = started
	took := s.config.Now().Sub(started)
	result.Duration = max(took, 0) // the clock may have been set back, so the duration is unknown
	unanswered := result.Status == 0 && result.Outcome != Blocked
	if unanswered && (took < 0 || took > s.config.Timeout+lateBy) {
		result.Outcome, result.Code, result.Detail = LocalError, "", "" // not only for a Timeout: a receiver may give up on a frozen process
	}
	return result
}

func (s *Sender) send(ctx context.Context, r Request, at time.Time) Result {
	target, err := s.config.Targets.parse(r.URL)
	if err != nil {
		result := failed(err, &progress{})
		result.Detail = s.detail(result, nil, nil, at)
		return result
	}
	_, notAddress := netip.ParseAddr(target.Hostname())
	p := newProgress(notAddress == nil)
	attempt, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	what := call{target, s.header(r, at), r.Body}
	resp, err := post(attempt, s.transport, what, p)
	repeated := err != nil && p.stale() && attempt.Err() == nil
	if repeated {
		p = newProgress(p.address)
		resp, err = post(attempt, s.fresh, what, p)
	}
	var result Result
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		result, err = read(resp, at)
	}
	if err != nil {
		result = failed(err, p)
		if result.Code == CodeDNS && !notThere(attempt, s.dialer.Resolver, err) {
			result.Outcome, result.Code = LocalError, CodeDNSTemporary
		}
		if endedWith(ctx, attempt, err) {
			result = Result{Outcome: LocalError, Err: cmp.Or(context.Cause(ctx), err)}
		}
	}
	if result.Outcome != Success {
		result.RequestHeader = maps.Clone(what.header)
		result.Detail = s.detail(result, target, p, at)
	}
	result.Repeated = repeated
	return result
}

// endedWith reports whether an attempt failed because its invocation ended. A
// connection's own timer may fire just before the context's, which is set to the
// same time.
func endedWith(invocation, attempt context.Context, err error) bool {
	end, ok := invocation.Deadline()
	last, _ := attempt.Deadline()
	return invocation.Err() != nil || ok && !end.After(last) && isTimeout(err)
}

// call is what goes over the wire.
type call struct {
	target *url.URL
	header http.Header
	body   []byte
}

// post sends a request once, on a kept-alive connection or on a fresh one.
// Net/http repeats a POST only if nothing of it was written. If a receiver
// answers early, net/http may still be reading the header when post returns, so
// nobody may change the header afterwards.
func post(ctx context.Context, on *http.Transport, c call, p *progress) (*http.Response, error) {
	ctx = httptrace.WithClientTrace(ctx, p.trace())
	ctx = context.WithValue(ctx, attemptKey{}, ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "", bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	req.URL, req.Host, req.Header = c.target, c.target.Host, c.header
	return on.RoundTrip(req)
}

func (s *Sender) header(r Request, at time.Time) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	prefix := s.config.HeaderPrefix
	// The keys go over the wire as they are: net/http does not change their
	// case.
	return http.Header{
		"Content-Type":       {"application/json"},
		"User-Agent":         {"hookwarden/" + Version},
		"Request-ID":         {r.ID},
		prefix + "Resource":  {r.Resource},
		prefix + "Timestamp": {timestamp},
		prefix + "Signature": {hookSignature(r.Secrets[0], r.Body)},
		"webhook-id":         {r.ID},
		"webhook-timestamp":  {timestamp},
		"webhook-signature":  {standardSignature(r.Secrets, r.ID, at, r.Body)},
	}
}

type attemptKey struct{}

type dial func(ctx context.Context, network, address string) (net.Conn, error)

// withinAttempt ends a dial, TLS handshake included, with the attempt that asked
// for it. Net/http would let it go on for a later request.
func withinAttempt(d dial) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if attempt, ok := ctx.Value(attemptKey{}).(context.Context); ok {
			ctx = attempt
		}
		c, err := d(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &line{Conn: c}, nil
	}
}

// read reads an answer up to the limits.
func read(resp *http.Response, at time.Time) (Result, error) {
	result := Result{Outcome: statusOutcome(resp.StatusCode), Status: resp.StatusCode, Header: resp.Header}
	if result.Outcome == ConnectionError {
		result.Code = CodeProtocol
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return result, nil // its body is the raw connection
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBodyBytes))
	if err != nil {
		return Result{}, err
	}
	result.Body = body
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		result.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), at)
	}
	return result, nil
}

// maxRetryAfter is the longest wait that a receiver may ask for.
const maxRetryAfter = time.Hour

// retryAfter reads seconds or an HTTP date; 0 for anything else.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
