package session

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// calls counts the calls to AWS, repeats included, and for how long at least one of them
// was waiting for its answer.
type calls struct {
	now func() time.Time

	mu      sync.Mutex
	times   map[string]int // by service and operation, as in "DynamoDB.Query"
	waiting int
	since   time.Time // that waiting is above 0
	waited  time.Duration
}

// add is a middleware, which comes after the one that tries again.
func (c *calls) add(stack *middleware.Stack) error {
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("CountCalls",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			c.begin(awsmiddleware.GetServiceID(ctx) + "." + awsmiddleware.GetOperationName(ctx))
			defer c.end()
			return next.HandleFinalize(ctx, in)
		}), middleware.After)
}

func (c *calls) begin(operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.times == nil {
		c.times = make(map[string]int)
	}
	c.times[operation]++
	if c.waiting++; c.waiting == 1 {
		c.since = c.now()
	}
}

func (c *calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting--; c.waiting == 0 {
		c.waited += c.now().Sub(c.since)
	}
}

// report says how often each operation was called, a line for each.
func (c *calls) report(out io.Writer, begun time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := 0
	for _, operation := range slices.Sorted(maps.Keys(c.times)) {
		_, _ = fmt.Fprintf(out, "debug: %4d %s\n", c.times[operation], operation)
		all += c.times[operation]
	}
	_, _ = fmt.Fprintf(out, "debug: %4d calls; %d ms, of which %d ms waiting for AWS\n", all,
		c.now().Sub(begun).Milliseconds(), c.waited.Milliseconds())
}

// plainBodies is an HTTP client that hides a request body's WriteTo: smithy-go 1.28.8
// closes the body as soon as the answer begins, and net/http, which may still look for
// the body's end, then takes the end for a failure and repeats the call.
type plainBodies struct{ aws.HTTPClient }

func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ readCloser }{r.Body}
	}
	return c.HTTPClient.Do(r)
}

type readCloser interface {
	Read(p []byte) (int, error)
	Close() error
}
