package stack

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// client is an HTTP client that is safe for the SDK: smithy-go 1.28.8 closes a
// request's body as soon as the answer begins, while net/http may still be
// looking for the body's end. Through WriteTo, which that body offers, the end is
// then taken for a failure: net/http tears the connection down with the answer in
// it, and the SDK sends everything again. Through Read it is just the end.
type client struct{ aws.HTTPClient }

func (c client) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.HTTPClient.Do(r)
}
