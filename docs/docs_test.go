// Package docs holds the documents, and tests of what they say.
package docs

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"hookwarden/shared/platform"
)

const root = ".."

// pages are all documents of the project, by their paths from its root.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"README.md", "events/README.md"}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			found = append(found, filepath.ToSlash(filepath.Join("docs", path)))
		}
		return err
	})
	if err != nil || len(found) < 20 {
		t.Fatalf("%d pages were found: %v", len(found), err)
	}
	return found
}

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	fenced = regexp.MustCompile("(?ms)^ *```(\\w*)[^\n]*\n(.*?)^ *```$")
	linked = regexp.MustCompile(`(?:\[([^\[\]()]*))?\]\(([^()\s]+)\)`)
	titled = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// TestLinksLeadSomewhere follows each link within the project, to its heading.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, link := range linked.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, page), ""), -1) {
			target, anchor, _ := strings.Cut(link[2], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := page
			if target != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(page), target))
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s: %s is not there", page, link[2])
				continue
			}
			if label := link[1]; strings.HasSuffix(label, ".md") && filepath.Base(label) != filepath.Base(to) {
				t.Errorf("%s: a link to %s says %s", page, to, label)
			}
			if anchor != "" && !slices.Contains(anchors(read(t, to)), anchor) {
				t.Errorf("%s: %s has no heading %q", page, to, anchor)
			}
		}
	}
}

// anchors are the headings of a page as links name them.
func anchors(text string) []string {
	var names []string
	for _, heading := range titled.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, heading[1]))
	}
	return names
}

func TestReadmeIsShort(t *testing.T) {
	if words := len(strings.Fields(read(t, "README.md"))); words >= 1200 {
		t.Errorf("README.md has %d words: a newcomer reads fewer than 1,200", words)
	}
}

// TestIndexHasEachPage looks for a row of each page but the decisions, which are in
// one row, and for what each of these pages says of itself before anything else.
func TestIndexHasEachPage(t *testing.T) {
	index := read(t, "docs/README.md")
	for _, page := range pages(t) {
		name, of := strings.CutPrefix(page, "docs/")
		if !of || name == "README.md" || strings.HasPrefix(name, "decisions/") {
			continue
		}
		if !strings.Contains(index, "| ["+name+"]("+name+") |") {
			t.Errorf("docs/README.md has no row for %s", name)
		}
		parts := strings.SplitN(read(t, page), "\n\n", 3)
		if !strings.HasPrefix(parts[0], "# ") || !strings.HasPrefix(parts[1], "For ") || !strings.Contains(parts[1], "t answers") {
			t.Errorf("%s does not begin with for whom it is and what it answers, but with\n%s", page, parts[1])
		}
	}
}

// TestDecisionsSayWhetherTheyHold looks for the status of each decision, on its own
// page and in the list.
func TestDecisionsSayWhetherTheyHold(t *testing.T) {
	list := read(t, "docs/decisions/README.md")
	for _, page := range pages(t) {
		name, of := strings.CutPrefix(page, "docs/decisions/0")
		if !of {
			continue
		}
		found := regexp.MustCompile(`\A# (0\d+): (.+)\n\n\*\*Status\.\*\* (In force|Replaced)`).FindStringSubmatch(read(t, page))
		if found == nil {
			t.Errorf("%s does not begin with its number, its title and its status", page)
			continue
		}
		if row := "| [" + found[1] + "](0" + name + ") | " + found[2] + " | " + found[3] + " |"; !strings.Contains(list, row) {
			t.Errorf("docs/decisions/README.md has no row %s", row)
		}
	}
}

// TestParametersPageHasEachParameter compares names and defaults with the template's.
func TestParametersPageHasEachParameter(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, "template.yaml"), "\nParameters:\n")
	section, _, _ := strings.Cut(rest, "\n\n")
	if next := regexp.MustCompile(`(?m)^\w`).FindStringIndex(rest); next != nil {
		section = rest[:next[0]]
	}
	want := map[string]string{}
	of := regexp.MustCompile(`(?m)^  (\w+):\n((?:    .*\n|\n)+)`).FindAllStringSubmatch(section, -1)
	for _, parameter := range of {
		want[parameter[1]] = "(required)"
		if found := regexp.MustCompile(`(?m)^    Default: (.*)$`).FindStringSubmatch(parameter[2]); found != nil {
			want[parameter[1]] = strings.Trim(found[1], `"`)
		}
		if want[parameter[1]] == "" {
			want[parameter[1]] = "(none)"
		}
	}
	if len(want) < 40 {
		t.Fatalf("the template has %d parameters", len(want))
	}
	got := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z][\w, ]+?) \| (.+?) \|`).FindAllStringSubmatch(read(t, "docs/parameters.md"), -1) {
		names, value := strings.Split(row[1], ", "), strings.ReplaceAll(row[2], "`", "")
		values := []string{value}
		if split := strings.Split(value, ", "); len(split) == len(names) {
			values = split
		}
		for i, name := range names {
			got[name] = values[min(i, len(values)-1)]
		}
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("docs/parameters.md has %q as the default of %s, the template %q", got[name], name, value)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("docs/parameters.md has %s, and the template has not", name)
		}
	}
}

// TestPagesNameCommandsThatExist looks for each command of the operator's program that
// a page names.
func TestPagesNameCommandsThatExist(t *testing.T) {
	commands := map[string]bool{"help": true, "completion": true}
	err := filepath.WalkDir(filepath.Join(root, "cmd"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, use := range regexp.MustCompile(`Use:\s+"([a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
			commands[use[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, page := range pages(t) {
		for _, command := range regexp.MustCompile("(?m)(?:^ *|`|\\b(?:until|while|go run \\./cmd/)) ?hookwarden ([a-z][a-z-]*)\\b").FindAllStringSubmatch(codeOf(read(t, page)), -1) {
			named++
			if !commands[command[1]] {
				t.Errorf("%s names hookwarden %s, which is no command", page, command[1])
			}
		}
	}
	if named == 0 {
		t.Error("no page names a command")
	}
}

// codeOf has what a page shows as code: its shell blocks, and what is in backticks.
func codeOf(text string) string {
	var code strings.Builder
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		if block[1] == "sh" {
			code.WriteString(block[2] + "\n")
		}
	}
	for _, span := range regexp.MustCompile("`[^`\n]+`").FindAllString(fenced.ReplaceAllString(text, ""), -1) {
		code.WriteString(span + "\n")
	}
	return code.String()
}

// TestMessagesPageHasMessagesThatDecode reads each message of the page as the
// functions would.
func TestMessagesPageHasMessagesThatDecode(t *testing.T) {
	decoded := 0
	for _, block := range fenced.FindAllStringSubmatch(read(t, "docs/messages.md"), -1) {
		if block[1] != "json" {
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(block[2]))
		for decoder.More() {
			var message json.RawMessage
			if err := decoder.Decode(&message); err != nil {
				t.Fatal(err)
			}
			_, registryErr := platform.DecodeRegistry(message)
			_, _, webhookErr := platform.DecodeDelivery(message, time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
			if registryErr != nil && webhookErr != nil {
				t.Errorf("neither queue takes %s: %v; %v", message, registryErr, webhookErr)
			}
			decoded++
		}
	}
	if decoded != 10 {
		t.Errorf("the page has %d messages", decoded)
	}
}

// TestMessagesPageSaysHowToImport follows the page in a module of someone else's.
func TestMessagesPageSaysHowToImport(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/messages.md"), "\n## In Go\n")
	blocks := fenced.FindAllStringSubmatch(section, -1)
	if len(blocks) != 2 || blocks[0][1] != "sh" || blocks[1][1] != "go" {
		t.Fatalf("the section has the blocks %q", blocks)
	}
	project, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	module := filepath.Join(parent, "billbird")
	if err := os.Mkdir(module, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(project, filepath.Join(parent, "hookwarden")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(module, "messages_test.go"), []byte(blocks[1][2]), 0o600); err != nil {
		t.Fatal(err)
	}
	script := "set -e\ngo mod init billbird.example/hooks\n" + blocks[0][2] + "go test ./...\n"
	command := exec.CommandContext(t.Context(), "sh", "-c", script)
	command.Dir = module
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
