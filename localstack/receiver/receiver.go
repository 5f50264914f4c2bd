// Package receiver is an app's endpoint on loopback. It verifies the signatures
// of what it gets, and answers as it is told to.
package receiver

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Got is one request that came in.
type Got struct {
	Header http.Header
	Body   []byte
	At     time.Time
}

// Answer answers one request; n is its number, from 1.
type Answer func(w http.ResponseWriter, r *http.Request, n int)

// Status answers every request with a status.
func Status(code int) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(code) }
}

// Hang never answers. It returns when the sender closes the connection.
func Hang(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }

// Receiver is one running endpoint.
type Receiver struct {
	URL    string
	secret string
	server *http.Server

	mu     sync.Mutex
	answer Answer
	got    []Got
	bad    []error
	closed int // connections that the sender closed during a request
}

// Lend puts into the environment where the stack's functions reach this
// machine, for the receivers that this process starts.
func Lend(names map[string]string) {
	for _, name := range []string{"RECEIVER_HOST", "RECEIVER_LISTEN"} {
		if value := names[name]; value != "" {
			_ = os.Setenv(name, value)
		}
	}
}

// Start runs a receiver on a free port of loopback. If functions cannot reach
// loopback, RECEIVER_LISTEN is the address of this machine on which it listens,
// and RECEIVER_HOST is the name or address by which functions reach it.
func Start(secret string, answer Answer) (*Receiver, error) {
	const loopback = "127.0.0.1"
	listener, err := net.Listen("tcp", net.JoinHostPort(cmp.Or(os.Getenv("RECEIVER_LISTEN"), loopback), "0"))
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String()) // cannot fail: it is a TCP address
	host := net.JoinHostPort(cmp.Or(os.Getenv("RECEIVER_HOST"), loopback), port)
	r := &Receiver{URL: "http://" + host + "/hook", secret: secret, answer: answer}
	r.server = &http.Server{Handler: http.HandlerFunc(r.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

// Close stops it.
func (r *Receiver) Close() { _ = r.server.Close() }

func (r *Receiver) serve(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.got = append(r.got, Got{q.Header, body, time.Now()})
	if err := verify(q.Header, body, r.secret); err != nil {
		r.bad = append(r.bad, err)
	}
	n, answer := len(r.got), r.answer
	r.mu.Unlock()
	answer(w, q, n)
	if context.Cause(q.Context()) != nil {
		r.mu.Lock()
		r.closed++
		r.mu.Unlock()
	}
}

// verify checks both signatures: that of Standard Webhooks with the project's
// own library, the other by hand.
func verify(header http.Header, body []byte, secret string) error {
	verifier, err := standardwebhooks.NewWebhookRaw([]byte(secret))
	if err != nil {
		return err
	}
	if err := verifier.Verify(body, header); err != nil {
		return fmt.Errorf("webhook-signature: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	if header.Get("Sentry-Hook-Signature") != hex.EncodeToString(mac.Sum(nil)) {
		return fmt.Errorf("Sentry-Hook-Signature of %s does not verify", header.Get("Request-ID"))
	}
	return nil
}

// Answer changes how it answers new requests.
func (r *Receiver) Answer(answer Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// Got returns the requests so far.
func (r *Receiver) Got() []Got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Got(nil), r.got...)
}

// Bad returns the signatures that did not verify.
func (r *Receiver) Bad() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]error(nil), r.bad...)
}

// ClosedBySender returns how many requests the sender gave up on.
func (r *Receiver) ClosedBySender() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}
