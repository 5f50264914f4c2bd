package stack

import (
	"io"
	"maps"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// client is an HTTP client that is safe for the SDK. smithy-go 1.28.8 closes a
// request's body as soon as the answer begins, while net/http may still be
// looking for the body's end. Through the body's WriteTo it then finds a failure:
// net/http closes the connection with the answer still in it, and the SDK sends
// everything again. Through Read it just finds the end.
type client struct {
	aws.HTTPClient
	calls *calls
}

func (c client) Do(r *http.Request) (*http.Response, error) {
	c.calls.count(r)
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.HTTPClient.Do(r)
}

// calls counts requests by operation, such as "AmazonSQS.SendMessage". Requests
// to Lambda name no operation and are counted by their method.
type calls struct {
	mu    sync.Mutex
	times map[string]int
}

func (c *calls) count(r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	operation := r.Header.Get("X-Amz-Target")
	if operation == "" {
		operation = "Lambda." + r.Method
	}
	if c.times == nil {
		c.times = make(map[string]int)
	}
	c.times[operation]++
}

// Calls returns the number of requests that the clients have sent to AWS so far,
// repeated tries included, by operation.
func (s *Stack) Calls() map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return maps.Clone(s.calls.times)
}
