package queue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"hookwarden/shared/platform"
)

// refusal wraps platform.ErrRefused if SQS says that it will never take what was
// sent to it. All else may pass, or an operator can put it right: keys, roles,
// queues that are gone, throttling.
func refusal(err error) error {
	if !permanent(err) {
		return err
	}
	return fmt.Errorf("%w: %w", platform.ErrRefused, err)
}

// permanent goes by SQS's codes, which are not all types of the SDK. Some have a
// prefix or a suffix, as the protocol wants it.
func permanent(err error) bool {
	var said smithy.APIError
	if !errors.As(err, &said) {
		return false
	}
	code := strings.TrimPrefix(said.ErrorCode(), "AWS.SimpleQueueService.")
	switch strings.TrimSuffix(code, "Exception") {
	case "InvalidMessageContents", "InvalidParameterValue", "InvalidAttributeValue", "MissingParameter",
		"MessageTooLong", "BatchRequestTooLong":
		return true
	}
	return false
}

// refusedDetail is what a letter says of a refusal. It has the code alone: what
// AWS says in words may quote values.
func refusedDetail(err error) string {
	code := "no code"
	var said smithy.APIError
	if errors.As(err, &said) {
		code = said.ErrorCode()
	}
	return "AWS refuses for good what the message asks for (" + code + ")"
}
