package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const operations = "docs/operations.md"

// TestOperationsPageCommandsWork runs alone, since a block hides WebhookDLQ's
// letters for two minutes.
func TestOperationsPageCommandsWork(t *testing.T) {
	if running.Names["AWS_ENDPOINT_URL"] == "" {
		t.Skip("a stack in an account has no endpoint of its own, and the page has other commands for it")
	}
	for _, in := range shells(t) {
		own := []string{"ops-", "ops" + in.name + "-", "ops_", "ops" + in.name + "_", "ops.1", "ops" + in.name + ".1"} // nobody has an id twice
		t.Run(in.name, func(t *testing.T) { runPageIn(t, in, operations, append(own, logGroups()...)...) })
	}
}

func TestOperationsPageKnowsEachAlarm(t *testing.T) {
	inTemplate := matchesIn(t, "template.yaml", `(?m)^  (\w+Alarm):$`)
	onPage := matchesIn(t, operations, `\b(\w+Alarm)\b`)
	entries := alarmsOf(t)
	for name := range inTemplate {
		if !entries[name] {
			t.Errorf("no heading of %s is of %s", operations, name)
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

// alarmsOf are the alarms that headings of the page name. What comes under each is what
// somebody needs who has no time: a command to look with, what it means, what to do, and
// how to know that it worked.
func alarmsOf(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, operations))
	must(t, err)
	entry := regexp.MustCompile(`\A\n\n- \*\*Look\*\*: \x60.+\n(?:  .+\n)*- \*\*Means\*\*: .+\n(?:  .+\n)*- \*\*Do\*\*: .+\n(?:  .+\n)*- \*\*Worked\*\*: .+\n(?:  .+\n)*\n#`)
	found := make(map[string]bool)
	for _, heading := range regexp.MustCompile(`(?m)^#### (.*Alarm.*)$`).FindAllStringSubmatchIndex(string(text), -1) {
		names := string(text[heading[2]:heading[3]])
		if !entry.Match(text[heading[1]:]) {
			t.Errorf("%s does not say of %s how to look, what it means, what to do and how to know that it worked", operations, names)
		}
		for _, name := range regexp.MustCompile(`\w+Alarm`).FindAllString(names, -1) {
			found[name] = true
		}
	}
	return found
}

// matchesIn finds a pattern, at least once, in files other than tests. It returns the
// text of the last group by that of the first.
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

// rowsOf is the first columns of the page's tables.
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

// mentioned reports whether a row has all of the words.
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
