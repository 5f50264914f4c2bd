package env

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// plainBody hides a request body's WriteTo. smithy-go 1.28.8 closes the body as
// soon as the answer begins, when net/http may still be looking for the body's
// end. Through Read it then finds the end. Through WriteTo it finds an error and
// closes the connection with the answer still in it: the call is repeated, or its
// answer lost. This step comes after the body was hashed, since hashing through
// Read takes a buffer of 32 KB.
func plainBody(stack *middleware.Stack) error {
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("PlainBody",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if request, ok := in.Request.(*smithyhttp.Request); ok {
				if stream, ok := request.GetStream().(io.ReadSeeker); ok {
					length := request.ContentLength
					plain, err := request.SetStream(struct{ io.ReadSeeker }{stream})
					if err != nil {
						return middleware.FinalizeOutput{}, middleware.Metadata{}, err
					}
					plain.ContentLength = length
					in.Request = plain
				}
			}
			return next.HandleFinalize(ctx, in)
		}), middleware.After)
}
