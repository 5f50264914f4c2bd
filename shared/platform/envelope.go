package platform

import (
	"encoding/json"
	"errors"
	"fmt"
)

// envelope says what AWS has put around a message, if it has. All these fields
// are in each envelope of its kind, and none is a field of ours together.
func (o object) envelope() string {
	switch {
	case o.hasAll("Type", "MessageId", "TopicArn", "Message"):
		return "is an envelope of SNS: turn on raw message delivery for the subscription"
	case o.hasAll("detail-type", "source", "account", "detail"):
		return "is an envelope of EventBridge: send its detail alone, with the rule's input path $.detail"
	}
	return ""
}

func (o object) hasAll(names ...string) bool {
	for _, name := range names {
		if !o.has(name) {
			return false
		}
	}
	return true
}

// maxLevels is how deep encoding/json goes.
const maxLevels = 10_000

// whyNotJSON is the error of a body that encoding/json does not take.
func whyNotJSON(body []byte) *InvalidError {
	at := 0
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, new(any)); errors.As(err, &syntax) {
		at = int(syntax.Offset)
	}
	if levels(body[:min(at, len(body))]) > maxLevels {
		return &InvalidError{"", fmt.Sprintf("is nested over %d levels deep", maxLevels)}
	}
	return &InvalidError{"", fmt.Sprintf("is not JSON (at byte %d)", at)}
}

// levels is how many objects and lists are open at the end of a beginning of
// JSON.
func levels(beginning []byte) int {
	depth := 0
	inText, escaped := false, false
	for _, c := range beginning {
		switch {
		case escaped:
			escaped = false
		case inText:
			escaped, inText = c == '\\', c != '"'
		case c == '"':
			inText = true
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			depth--
		}
	}
	return depth
}
