package cost

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestPlatformLinesAreJSON(t *testing.T) {
	for line, kind := range map[string]string{startLine: "platform.start", reportLine: "platform.report"} {
		var got struct {
			Time, Type string
			Record     map[string]any
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.Type != kind || got.Record["requestId"] == nil {
			t.Errorf("%v: %+v", err, got)
		}
	}
}

// docs/limits.md works out how much is logged with the same number.
func TestPlatformLinesAreAsLongAsTheLimitsPageSays(t *testing.T) {
	page, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(strings.Fields(string(page)), " "); !strings.Contains(text, fmt.Sprintf("%d bytes of Lambda's own two lines", PlatformLines)) {
		t.Errorf("docs/limits.md should speak of the %d bytes of Lambda's own two lines about an invocation", PlatformLines)
	}
}
