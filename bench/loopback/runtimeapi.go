package loopback

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// runtimeAPI is Lambda's Runtime API for one process. It hands out one
// invocation after another and takes the answers.
type runtimeAPI struct {
	address string
	close   func()
	asked   chan time.Time // when the process first asked for work
	events  chan []byte
	answers chan answer
	served  int // invocations handed out
}

type answer struct {
	body []byte
	err  error // the function's own error
}

// functionTimeout is deliver's time-out in the template.
const functionTimeout = 60 * time.Second

func serveRuntimeAPI() (*runtimeAPI, error) {
	a := &runtimeAPI{asked: make(chan time.Time, 1), events: make(chan []byte), answers: make(chan answer)}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	routes.HandleFunc("POST /2018-06-01/runtime/", a.take)
	var err error
	a.address, a.close, err = serve(routes)
	return a, err
}

// invoke waits until the process asks for work, gives it the event, and waits
// for its answer.
func (a *runtimeAPI) invoke(ctx context.Context, event []byte) ([]byte, error) {
	select {
	case a.events <- event:
	case got := <-a.answers: // an answer now can only be a failed start
		return nil, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case got := <-a.answers:
		return got.body, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case a.asked <- time.Now():
	default: // not the first request for work
	}
	select {
	case event := <-a.events:
		a.served++
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("8476a536-e9f4-11e8-9739-%012x", a.served))
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(functionTimeout).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:deliver")
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
		_, _ = w.Write(event)
	case <-r.Context().Done():
	}
}

// take receives an answer, or an error of the invocation or the start.
func (a *runtimeAPI) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	got := answer{body: body}
	if !strings.HasSuffix(r.URL.Path, "/response") {
		got.err = fmt.Errorf("the function failed: %s", body)
	}
	w.WriteHeader(http.StatusAccepted)
	select {
	case a.answers <- got:
	case <-r.Context().Done():
	}
}

// serve serves on a free port of loopback until it is closed.
func serve(handler http.Handler) (address string, closeServer func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), func() { _ = server.Close() }, nil
}
