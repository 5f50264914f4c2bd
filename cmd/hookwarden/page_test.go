package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"hookwarden/cmd/hookwarden/internal/session"
)

func TestPageHasEachCommandAndEachFlag(t *testing.T) {
	content, err := os.ReadFile("../../docs/operator.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(strings.ReplaceAll(string(content), `\|`, "\x00")) {
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			rows[strings.ReplaceAll(strings.Trim(cells[1], "` "), "\x00", "|")] = line
		}
	}
	for _, g := range groups(session.New(session.World{Now: time.Now})) {
		for _, c := range g.Commands {
			row := rows[c.Use]
			if row == "" {
				t.Errorf("docs/operator.md has no row of %q", c.Use)
			}
			for _, flag := range regexp.MustCompile(`--[a-z-]+ `).FindAllString(c.Flags().FlagUsages(), -1) {
				if !strings.Contains(row, "`"+strings.TrimSpace(flag)+"`") {
					t.Errorf("%s: docs/operator.md does not have %s", c.Use, flag)
				}
			}
			if c.Example == "" || c.Short == "" || c.Long == "" || c.Args == nil {
				t.Errorf("%s has no full help", c.Use)
			}
			for line := range strings.Lines(c.Long) {
				if len([]rune(strings.TrimSuffix(line, "\n"))) > 88 {
					t.Errorf("%s: the help is wide: %s", c.Use, line)
				}
			}
		}
	}
}
