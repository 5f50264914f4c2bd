package main

import (
	"io"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"time"
)

// deadline is WEBHOOK_TIMEOUT_SECONDS of the neighbour runs.
const deadline = 5 * time.Second

// behaviour is how a receiver answers the nth request of an app, from 1. It ends
// when the request's context does.
type behaviour func(w http.ResponseWriter, r *http.Request, nth int)

const quick = 20 * time.Millisecond

func answersQuickly(w http.ResponseWriter, r *http.Request, _ int) { answerAfter(quick, w, r) }

func answersAtOnce(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = io.WriteString(w, "ok\n") }

func hangs(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }

// answersSlowly takes more than half of the deadline, and always answers.
func answersSlowly(w http.ResponseWriter, r *http.Request, _ int) { answerAfter(deadline*3/5, w, r) }

func answersJustInTime(w http.ResponseWriter, r *http.Request, _ int) {
	answerAfter(deadline-100*time.Millisecond, w, r)
}

func hangsEverySecondTime(w http.ResponseWriter, r *http.Request, nth int) {
	if nth%2 == 0 {
		hangs(w, r, nth)
		return
	}
	answersQuickly(w, r, nth)
}

// trickles sends the headers at once and then a byte a second.
func trickles(w http.ResponseWriter, r *http.Request, _ int) {
	to := http.NewResponseController(w)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if _, err := io.WriteString(w, "."); err != nil || to.Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

func answerAfter(d time.Duration, w http.ResponseWriter, r *http.Request) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		_, _ = io.WriteString(w, "ok\n")
	case <-r.Context().Done():
	}
}

// receiver is one server, with an app at each path.
type receiver struct {
	url       string
	close     func()
	behave    behaviour
	recovered atomic.Bool // it answers quickly from now on
	arrived   func(webhook string)

	mu   sync.Mutex
	seen map[string]int // requests, by app
}

func serveReceiver(behave behaviour, arrived func(webhook string)) (*receiver, error) {
	r := &receiver{behave: behave, arrived: arrived, seen: make(map[string]int)}
	address, closeServer, err := serve(r)
	r.url, r.close = "http://"+address+"/", closeServer
	return r, err
}

// ServeHTTP takes one webhook.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.arrived(req.Header.Get("Request-ID"))
	// Only when it is read does the request's context end with the connection.
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return
	}
	r.mu.Lock()
	app := path.Base(req.URL.Path)
	r.seen[app]++
	nth := r.seen[app]
	r.mu.Unlock()
	if r.recovered.Load() {
		answersQuickly(w, req, nth)
		return
	}
	r.behave(w, req, nth)
}

// requests are all that came in.
func (r *receiver) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, of := range r.seen {
		n += of
	}
	return n
}
