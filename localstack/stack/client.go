package stack

import (
	"io"
	"maps"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// client is an HTTP client that is safe for the SDK: smithy-go 1.28.8 closes a
// request's body as soon as the answer begins, while net/http may still be
// looking for the body's end. Through WriteTo, which that body offers, the end is
// then taken for a failure: net/http tears the connection down with the answer in
// it, and the SDK sends everything again. Through Read it is just the end.
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

// calls counts requests by operation, as in "AmazonSQS.SendMessage"; those that
// name none, which are Lambda's, by their method.
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

// Calls are the requests to AWS that the clients have sent so far, tries again
// included.
func (s *Stack) Calls() map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return maps.Clone(s.calls.times)
}
