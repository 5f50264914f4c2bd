package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hookwarden/bench/cost"
)

const costs = "docs/costs.md"

// The page of costs has the cost table of the page that make bench has written. Tables
// are alike whatever their columns' widths.
func TestCostsPageHasTheTableOfTheBenchmarks(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, page), "\nA million webhooks:\n\n")
	table, _, found := strings.Cut(rest, "\n\n")
	rows := slices.DeleteFunc(strings.Split(table, "\n"), func(row string) bool { return strings.HasPrefix(row, "|-") || strings.HasPrefix(row, "| -") })
	if !found || len(rows) < 9 {
		t.Fatalf("%s has no cost table", page)
	}
	for _, row := range rows {
		if !strings.Contains(spaced(read(t, costs)), spaced(row)) {
			t.Errorf("%s should have this row: %s", costs, row)
		}
	}
}

// The page of costs also says what a month costs with no webhook, a million and ten million.
func TestCostsPageHasAMonthsCostOfTheBenchmarks(t *testing.T) {
	row := regexp.MustCompile(`\| \*\*a month\*\* +\| \*\*(.*?)\*\* +\| \*\*(.*?)\*\* +\| \*\*(.*?)\*\*`).FindStringSubmatch(read(t, page))
	if row == nil {
		t.Fatalf("%s has no row of a month", page)
	}
	want := "a month costs " + row[1] + " with no webhook at all, " + row[2] + " with a million, and at most " + row[3] + " with ten million"
	if !strings.Contains(spaced(read(t, costs)), want) {
		t.Errorf("%s should say: %s", costs, want)
	}
}

// docs/limits.md uses the same number to work out how much is logged.
func TestLimitsPageHasTheBytesOfLambdasOwnLines(t *testing.T) {
	want := fmt.Sprintf("%d bytes of Lambda's own two lines", cost.PlatformLines)
	if !strings.Contains(spaced(read(t, "docs/limits.md")), want) {
		t.Errorf("docs/limits.md should say: %s", want)
	}
}

// spaced has single spaces only.
func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile("../" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
