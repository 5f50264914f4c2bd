package template

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConstantsThatReachAWSAreAsItsModelsWant runs constants.py on the tree as
// it is, and on trees with one wrong constant, each of which must be found.
func TestConstantsThatReachAWSAreAsItsModelsWant(t *testing.T) {
	t.Parallel()
	type broken struct{ file, was, is, fault string }
	all := []broken{
		{"shared/queue/outbox.go", "= 900 * time.Second", "= 901 * time.Second", "maxDelay is 901, the service takes at most 900"},
		{"shared/queue/attributes.go", "carriedOn   = 6", "carriedOn   = 7", "carriedOn is 7"},
		{"shared/queue/attributes.go", "carriedDead = 8", "carriedDead = 9", "carriedDead is 9"},
		{"shared/queue/send.go", "maxEntries    = 10", "maxEntries    = 11", "maxEntries is 11"},
		{"shared/queue/send.go", "maxBatchBytes = 1_000_000", "maxBatchBytes = 1_048_577", "the service takes at most 1048576"},
		{"shared/queue/deadletter.go", "= 1 << 20", "= 1 << 21", "maxMessage is 2.09715e+06"},
		{"shared/queue/notifications.go", "= 11 * time.Hour", "= 13 * time.Hour", "longestWait is 46800, the service takes at most 43200"},
		{"shared/dynamo/apps.go", "= 50 //", "= 51 //", "appsPerRead is 51"},
		{"shared/dynamo/requests.go", "= 25\n", "= 26\n", "writesAtOnce is 26"},
		{"shared/ses/address.go", "= 320", "= 321", "addressLimit is 321"},
		{"shared/ses/address.go", "addressLimit = ", "addressMost = ", "has no constant addressLimit"},
		{"shared/metrics/metrics.go", "= 100", "= 101", "maxValues is 101"},
		{"shared/metrics/metrics.go", `= "hookwarden"`, `= ":hookwarden"`, "':hookwarden' does not match"},
		{"shared/queue/attributes.go", `ours + "hops"`, `ours + "hops!"`, "'hops!' does not match"},
		{"shared/queue/attributes.go", `ours = "hookwarden."`, `ours = "AWS.hookwarden."`, "'AWS.hookwarden' does not match"},
		{"shared/ses/ses.go", `tag("app_status"`, `tag("app status"`, "'app status' does not match"},
		{"shared/ses/ses.go", `"List-Unsubscribe"`, `"List-Unsubscribe:"`, "'List-Unsubscribe:' does not match"},
		{"shared/platform/notice.go", `"app.disabled"`, `"app disabled"`, "'app disabled' does not match"},
		{"shared/platform/app.go", `Status = "internal"`, `Status = "innerhalb der Plattform"`, "'innerhalb der Plattform' does not match"},
		{"shared/delivery/log.go", `Count("webhook.attempts", "outcome"`, `Count("webhook.attempts", ":outcome"`, "':outcome' does not match"},
		{"template.yaml", "MaxLength: 512\n    ConstraintDescription: >-\n      Empty,", "MaxLength: 994\n    ConstraintDescription: >-\n      Empty,", "PreferenceUrl may be longer"},
	}
	arguments := []string{"template/constants.py", "."}
	for _, b := range all {
		tree := t.TempDir()
		copyOf(t, tree, b.file, b.was, b.is)
		arguments = append(arguments, tree)
	}
	command := exec.CommandContext(t.Context(), ".local/venv-sam/bin/python", arguments...)
	command.Dir = root
	output, err := command.Output()
	if err != nil {
		t.Fatalf("constants.py (make setup makes what it needs): %v", err)
	}
	var found map[string][]string
	if err := json.Unmarshal(output, &found); err != nil {
		t.Fatal(err)
	}
	for _, fault := range found["."] {
		t.Error(fault)
	}
	for i, b := range all {
		if faults := found[arguments[i+2]]; len(faults) != 1 || !strings.Contains(faults[0], b.fault) {
			t.Errorf("with %q in %s: found %q, want %q", b.is, b.file, faults, b.fault)
		}
	}
}

// copyOf makes a tree of links to what constants.py reads, in which one file has
// a different text.
func copyOf(t *testing.T, tree, file, was, is string) {
	t.Helper()
	from, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(from, "shared", "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, filepath.Join(from, "template.yaml")) {
		to := filepath.Join(tree, strings.TrimPrefix(name, from))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if name != filepath.Join(from, file) {
			if err := os.Symlink(name, to); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(text), was) != 1 {
			t.Fatalf("%s has %q %d times", file, was, strings.Count(string(text), was))
		}
		if err := os.WriteFile(to, []byte(strings.Replace(string(text), was, is, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
