package queue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"hookwarden/shared/platform"
)

// refusal wraps platform.ErrRefused if SQS's answer says that it will never take
// what was sent. Any other error may pass, or an operator can fix its cause:
// throttling, keys, roles, queues that are gone.
func refusal(err error) error {
	if !permanent(err) {
		return err
	}
	return fmt.Errorf("%w: %w", platform.ErrRefused, err)
}

// permanent looks at SQS's codes, since the SDK does not have a type for each.
// Some have a prefix or a suffix, depending on the protocol.
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

// refusedDetail is the detail of a dead letter for a refusal. It has only the
// code: AWS's message may quote values.
func refusedDetail(err error) string {
	code := "no code"
	var said smithy.APIError
	if errors.As(err, &said) {
		code = said.ErrorCode()
	}
	return "AWS permanently refuses what the message asks for (" + code + ")"
}
