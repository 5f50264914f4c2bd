package env

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// plainBody hides a request body's WriteTo. smithy-go 1.28.8 closes the body as
// soon as the answer begins, when net/http may still be looking for the body's
// end. Through Read it then finds the end; through WriteTo it finds an error,
// tears the connection down with the answer in it, and the call is repeated, or
// its answer lost.
func plainBody(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("PlainBody",
		func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
			if request, ok := in.Request.(*smithyhttp.Request); ok {
				if stream, ok := request.GetStream().(io.ReadSeeker); ok {
					length := request.ContentLength
					plain, err := request.SetStream(struct{ io.ReadSeeker }{stream})
					if err != nil {
						return middleware.BuildOutput{}, middleware.Metadata{}, err
					}
					plain.ContentLength = length
					in.Request = plain
				}
			}
			return next.HandleBuild(ctx, in)
		}), middleware.After)
}
