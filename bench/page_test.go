package main

import (
	"os"
	"strings"
	"testing"
)

// The README shows the cost table of the page that make bench has written.
func TestTheReadmeHasTheCostTableOfThePage(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, page), "\nA million webhooks:\n\n")
	table, _, found := strings.Cut(rest, "\n\n")
	if !found {
		t.Fatalf("%s has no cost table", page)
	}
	if !strings.Contains(read(t, "README.md"), "\n\n"+table+"\n\n") {
		t.Errorf("README.md should have this table:\n%s", table)
	}
}

// And it says what a month costs with no webhook, and with ten million.
func TestTheReadmeHasAMonthsCostOfThePage(t *testing.T) {
	_, rest, found := strings.Cut(read(t, page), "\n| **a month** | **")
	row, _, _ := strings.Cut(rest, "\n")
	cells := strings.Split(strings.Trim(row, " |*"), "** | **")
	if !found || len(cells) != 3 {
		t.Fatalf("%s has no row of a month: %q", page, row)
	}
	want := "a month costs " + cells[0] + " with no webhook at all, and at most " + cells[2] + " with ten million"
	if text := strings.Join(strings.Fields(read(t, "README.md")), " "); !strings.Contains(text, want) {
		t.Errorf("README.md should say: %s", want)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile("../" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
