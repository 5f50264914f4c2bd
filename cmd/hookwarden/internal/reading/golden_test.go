package reading

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hookwarden/cmd/hookwarden/internal/session"
)

// Each command as a person sees it on a terminal of 80 columns, and as a program does.
func TestCommandsShowAKnownHistory(t *testing.T) {
	for name, args := range map[string][]string{
		"status":            {"status"},
		"apps-failing":      {"apps", "--failing"},
		"apps-disabled":     {"apps", "--disabled"},
		"apps-warned":       {"apps", "--warned"},
		"apps-text":         {"apps", "ACME.example"},
		"app-disabled":      {"app", "17"},
		"app-failing":       {"app", "18"},
		"app-published":     {"app", "19"},
		"app-warned":        {"app", "20"},
		"app-deleted":       {"app", "21"},
		"requests":          {"requests", "17", "--limit", "4"},
		"requests-failures": {"requests", "18", "--failures"},
		"request":           {"request", "17", "evt_c"},
		"request-retried":   {"request", "19", "evt_l1"},
		"why":               {"why", "17"},
		"why-event":         {"why", "18", "--event", "comment.created"},
		"why-works":         {"why", "18", "--event", "issue.resolved", "--since", "24h"},
		"why-webhook":       {"why", "19", "--webhook", "evt_l1"},
		"why-nowhere":       {"why", "19", "--webhook", "evt_nowhere"},
		"audit":             {"audit", "42"},
		"notices":           {"notices", "17"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := run(t, newWorld(), terminal, args...)
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			golden(t, name+".txt", out)
			for line := range strings.Lines(out) {
				if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 80 {
					t.Errorf("%d columns: %s", width, line)
				}
			}
			out, errs, code = run(t, newWorld(), screen{}, append(args, "--output", "json")...)
			if code != 0 || !json.Valid([]byte(out)) {
				t.Fatalf("exit code %d, %s\n%s", code, errs, out)
			}
			golden(t, name+".json", out)
		})
	}
}

// The reference page names each command of this package, each flag, and the bound that
// the command's own help promises.
func TestPageOfTheOperatorsProgramHasEachCommandAndFlag(t *testing.T) {
	content, err := os.ReadFile("../../../../docs/operator.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(string(content)) {
		if cells := strings.Split(line, " | "); len(cells) > 3 {
			rows[strings.Trim(cells[0], "|` ")] = line
		}
	}
	bound := regexp.MustCompile(`at\s+most (\d+)\s+requests`)
	for _, c := range commands(reader{Session: session.New(session.World{Now: time.Now})}) {
		row := rows[c.Use]
		if row == "" {
			t.Errorf("no row of %q", c.Use)
			continue
		}
		for _, flag := range regexp.MustCompile(`--[a-z-]+ `).FindAllString(c.Flags().FlagUsages(), -1) {
			if !strings.Contains(row, "`"+strings.TrimSpace(flag)+"`") {
				t.Errorf("%s: no %sin %s", c.Use, flag, row)
			}
		}
		if said := bound.FindStringSubmatch(c.Long); said != nil && !strings.Contains(row, said[1]) {
			t.Errorf("%s: the help says %q, the page %s", c.Use, said[0], row)
		}
		if c.Example == "" || c.Short == "" || c.Long == "" {
			t.Errorf("%s has no full help", c.Use)
		}
	}
}

func TestHelpFitsATerminal(t *testing.T) {
	pages := [][]string{{"--help"}}
	for _, c := range commands(reader{Session: session.New(session.World{Now: time.Now})}) {
		pages = append(pages, []string{c.Name(), "--help"})
	}
	for _, args := range pages {
		out, errs, code := run(t, newWorld(), terminal, args...)
		if code != 0 || !strings.Contains(out, "Examples:") {
			t.Errorf("%s: exit code %d, %s", args, code, errs)
		}
		for line := range strings.Lines(out) {
			if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 80 {
				t.Errorf("%s: %d columns: %s", args, width, line)
			}
		}
	}
}
