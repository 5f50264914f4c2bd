package e2e

import (
	"encoding/json"
	"strings"
	"time"
)

// onLocalStack says that the stack runs on LocalStack, whatever its version. What
// differs there is in docs/engines.md, and here as far as the tests see it.
func onLocalStack() bool { return running.Names["HOOKWARDEN_ENGINE"] == "localstack" }

// patience is how long a test waits for a condition. LocalStack takes longer,
// since it hands a function only one batch at a time.
func patience() time.Duration {
	if onLocalStack() {
		return 2 * time.Minute
	}
	return 30 * time.Second
}

// largeNumber is too large for a float64. LocalStack's poller turns it into
// Infinity, which is not JSON.
func largeNumber() string {
	if onLocalStack() {
		return "1.5"
	}
	return "1e400"
}

// asKept is bodies in the form that the engine keeps: byte for byte, or on
// LocalStack, whose poller writes the JSON again, by their meaning.
func asKept(bodies map[string]string) map[string]string {
	if !onLocalStack() {
		return bodies
	}
	kept := make(map[string]string, len(bodies))
	for id, body := range bodies {
		decoder := json.NewDecoder(strings.NewReader(body))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			kept[id] = body
			continue
		}
		encoded, _ := json.Marshal(value) // cannot fail: it was decoded from JSON
		kept[id] = string(encoded)
	}
	return kept
}

// logGroups replaces the names of log groups in a page's commands. LocalStack
// names log groups after the functions.
func logGroups() []string {
	if !onLocalStack() {
		return nil
	}
	return []string{"/aws/lambda/${STACK:-hookwarden}-$1", `/aws/lambda/$(eval echo "\$$(echo "$1" | tr a-z A-Z)_FUNCTION")`}
}
