package loopback

import (
	"io"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"time"
)

// Behaviour answers an app's nth request, from 1. It must return when the
// request's context ends.
type Behaviour func(w http.ResponseWriter, r *http.Request, nth int)

// Answers answers after the given time.
func Answers(after time.Duration, status int, body string) Behaviour {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-time.After(after):
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		case <-r.Context().Done():
		}
	}
}

// Request is a webhook as it arrived.
type Request struct {
	Header http.Header
	Body   []byte
}

// Receiver is a server with an app at each path.
type Receiver struct {
	URL     string // ends with a slash; the app follows
	Close   func()
	then    atomic.Pointer[Behaviour]
	arrived func(webhook string)

	mu    sync.Mutex
	count map[string]int // requests, by app
	first []Request
}

// Receive starts a receiver. arrived gets the ids of the webhooks; it may be
// nil.
func Receive(behave Behaviour, arrived func(webhook string)) (*Receiver, error) {
	r := &Receiver{arrived: arrived, count: make(map[string]int)}
	r.Become(behave)
	address, closeServer, err := serve(r)
	r.URL, r.Close = "http://"+address+"/", closeServer
	return r, err
}

// Become changes the behaviour for new requests.
func (r *Receiver) Become(behave Behaviour) { r.then.Store(&behave) }

// ServeHTTP receives one webhook.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.arrived != nil {
		r.arrived(req.Header.Get("Request-ID"))
	}
	// The request's context only ends with the connection once the body has
	// been read.
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	app := path.Base(req.URL.Path)
	r.mu.Lock()
	r.count[app]++
	nth := r.count[app]
	if len(r.first) < BatchSize {
		r.first = append(r.first, Request{req.Header, body})
	}
	r.mu.Unlock()
	(*r.then.Load())(w, req, nth)
}

// Requests returns how many requests an app got, and the first ten that any
// app got.
func (r *Receiver) Requests(app string) (count int, first []Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count[app], r.first
}
