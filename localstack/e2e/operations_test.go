package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const operations = "docs/operations.md"

// TestOperationsPageCommandsWork needs the queues for itself: a block
// hides the letters of WebhookDLQ for two minutes.
func TestOperationsPageCommandsWork(t *testing.T) {
	if running.Names["AWS_ENDPOINT_URL"] == "" {
		t.Skip("a stack in an account has no endpoint of its own, and the page has other commands for it")
	}
	runPage(t, operations, logGroups()...)
}

func TestOperationsPageKnowsEachAlarm(t *testing.T) {
	inTemplate := matchesIn(t, "template.yaml", `(?m)^  (\w+Alarm):$`)
	onPage := matchesIn(t, operations, `\b(\w+Alarm)\b`)
	rows := rowsOf(t)
	for name := range inTemplate {
		if !mentioned(rows, name) {
			t.Errorf("no row of %s says what %s means", operations, name)
		}
	}
	for name := range onPage {
		if inTemplate[name] == "" {
			t.Errorf("%s speaks of %s, which the template does not have", operations, name)
		}
	}
}

func TestOperationsPageKnowsEachReasonOfADeadLetter(t *testing.T) {
	reasons := matchesIn(t, "shared/platform/deadletter.go", `(?m)^\t(Reason\w+) +Reason = "(\w+)"`)
	letters := map[string]map[string]string{"WebhookDLQ": reasons, "RegistryDLQ": {}, "NotificationDLQ": {}}
	for queue, file := range map[string]string{"RegistryDLQ": "shared/queue/registry.go", "NotificationDLQ": "shared/queue/notifications.go"} {
		for name := range matchesIn(t, file, `bury\(platform\.(Reason\w+)`) {
			letters[queue][name] = reasons[name]
		}
	}
	for name, delay := range matchesIn(t, "shared/notice/*.go", `(?m)^\t(Delay\w+) += "(\w+)"`) {
		letters["NotificationDLQ"][name] = "mail_" + delay
	}
	rows := rowsOf(t)
	for queue, reasons := range letters {
		for name, reason := range reasons {
			if !mentioned(rows, queue, "`"+reason+"`") {
				t.Errorf("no row of %s says what %s means in %s (%s)", operations, reason, queue, name)
			}
		}
	}
}

// matchesIn finds a pattern in files other than tests, at least once: the text of
// its last group by that of its first.
func matchesIn(t *testing.T, files, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, files))
	must(t, err)
	found := make(map[string]string)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		must(t, err)
		for _, groups := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			found[groups[1]] = groups[len(groups)-1]
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has nothing like %s", files, pattern)
	}
	return found
}

// rowsOf are the first columns of the page's tables.
func rowsOf(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, operations))
	must(t, err)
	var rows []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, " "+strings.ReplaceAll(row[1], ",", " ")+" ")
	}
	return rows
}

// mentioned reports whether one row has all of the words.
func mentioned(rows []string, words ...string) bool {
	for _, row := range rows {
		all := true
		for _, word := range words {
			all = all && strings.Contains(row, " "+word+" ")
		}
		if all {
			return true
		}
	}
	return false
}
