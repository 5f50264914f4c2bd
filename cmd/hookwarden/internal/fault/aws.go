package fault

import (
	"context"
	"errors"
	"net"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// HintOf says what to do about an error, as far as its type tells; empty if nothing is
// known.
func HintOf(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Hint != "" {
		return e.Hint
	}
	if errors.Is(err, context.Canceled) {
		return ""
	}
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return hintOfCode(refused.ErrorCode())
	}
	var dial *net.OpError
	if errors.As(err, &dial) {
		return "Nothing answers there. A local stack is started with `make up`; else look at the network, the region and AWS_ENDPOINT_URL."
	}
	var response *awshttp.ResponseError
	var operation *smithy.OperationError
	if errors.As(err, &operation) && !errors.As(err, &response) && !errors.Is(err, context.DeadlineExceeded) {
		return "Check that your AWS credentials are set and still valid: `aws sts get-caller-identity`, `aws sso login`."
	}
	return ""
}

func hintOfCode(code string) string {
	switch code {
	case "AccessDenied", "AccessDeniedException", "AuthorizationError":
		return "Your credentials may not do this. The stack has a managed policy for reading and one for operating: docs/security.md."
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch":
		return "AWS does not accept your credentials. Log in again (`aws sso login`), or choose others with --profile."
	case "ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist":
		return "The stack names it, but it is not there: is this the right region, and does the stack still exist?"
	}
	if strings.Contains(code, "Throttl") {
		return "AWS throttles requests at the moment. Try again in a minute."
	}
	return ""
}
