package main

import (
	"os"
	"strings"
	"testing"
)

// The README shows the cost table of the page that make bench has written.
func TestTheReadmeHasTheCostTableOfThePage(t *testing.T) {
	read := func(file string) string {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, rest, _ := strings.Cut(read(page), "\nA million webhooks:\n\n")
	table, _, found := strings.Cut(rest, "\n\n")
	if !found {
		t.Fatalf("%s has no cost table", page)
	}
	if !strings.Contains(read("README.md"), "\n\n"+table+"\n\n") {
		t.Errorf("README.md should have this table:\n%s", table)
	}
}
