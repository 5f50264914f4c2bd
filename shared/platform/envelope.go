package platform

import (
	"encoding/json"
	"errors"
	"fmt"
)

// envelope says which envelope AWS has put around a message; empty if none.
// Each such envelope has all of these fields, and none of our messages has
// them all.
func (o object) envelope() string {
	switch {
	case o.hasAll("Type", "MessageId", "TopicArn", "Message"):
		return "is an SNS envelope: turn on raw message delivery for the subscription"
	case o.hasAll("detail-type", "source", "account", "detail"):
		return "is an EventBridge envelope: send only its detail, with the rule's input path $.detail"
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

// maxLevels is how deeply nested JSON encoding/json reads.
const maxLevels = 10_000

// whyNotJSON is the error of a body that encoding/json refuses.
func whyNotJSON(body []byte) *InvalidError {
	at := 0
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, new(any)); errors.As(err, &syntax) {
		at = int(syntax.Offset)
	}
	if levels(body[:min(at, len(body))]) > maxLevels {
		return &InvalidError{"", fmt.Sprintf("is nested more than %d levels deep", maxLevels)}
	}
	return &InvalidError{"", fmt.Sprintf("is not JSON (at byte %d)", at)}
}

// levels is how many objects and lists the beginning of a JSON text leaves
// open.
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
