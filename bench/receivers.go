package main

import (
	"io"
	"net/http"
	"sync"
)

// receivers is an app's endpoint: it answers 200 at once, counts what it got,
// and keeps the first requests.
type receivers struct {
	url   string
	close func()

	mu    sync.Mutex
	count int
	first []request
}

// request is one webhook as it came in. The bare program reads it as JSON.
type request struct {
	Header http.Header
	Body   []byte
}

func serveReceivers() (*receivers, error) {
	r := &receivers{}
	address, closeServer, err := serve(r)
	r.url, r.close = "http://"+address+"/hook", closeServer
	return r, err
}

// ServeHTTP takes one webhook.
func (r *receivers) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.count++
	if len(r.first) < batchSize {
		r.first = append(r.first, request{req.Header, body})
	}
	r.mu.Unlock()
	_, _ = io.WriteString(w, "ok\n")
}

// got is how many webhooks have come in.
func (r *receivers) got() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// kept are the first requests that came in.
func (r *receivers) kept() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first
}
