package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"hookwarden/shared/platform"
)

// refusals makes every error of a client wrap platform.ErrRefused if DynamoDB
// permanently refuses the call.
func refusals(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("hookwarden.refusals",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleInitialize(ctx, in)
			if permanent(err) {
				err = fmt.Errorf("%w: %w", platform.ErrRefused, err)
			}
			return out, metadata, err
		}), middleware.Before)
}

// permanent reports whether DynamoDB refuses a call for its content, such as an
// item that is too large. Any other error may pass, or an operator can fix its
// cause: throttling, conflicts, roles, keys, missing tables. A failed condition
// is an answer and not a refusal.
func permanent(err error) bool {
	var canceled *types.TransactionCanceledException
	if errors.As(err, &canceled) {
		return slices.ContainsFunc(canceled.CancellationReasons, func(r types.CancellationReason) bool {
			code := aws.ToString(r.Code)
			return code == "ValidationError" || code == "ItemCollectionSizeLimitExceeded"
		})
	}
	var said smithy.APIError
	if !errors.As(err, &said) {
		return false
	}
	switch said.ErrorCode() {
	case "ValidationException", "SerializationException", "ItemCollectionSizeLimitExceededException":
		return true
	}
	return false
}
