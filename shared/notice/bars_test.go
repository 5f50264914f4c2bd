package notice

import (
	"slices"
	"strings"
	"testing"

	"hookwarden/shared/tally"
)

func TestLegendHasTheColoursOfThePictureInTheWordsOfTheColumns(t *testing.T) {
	for name, row := range map[string]struct {
		counts  []tally.Counts
		columns []string
		legend  []string
	}{
		"errors alone":    {[]tally.Counts{{Error: 3}, {}}, []string{"Succeeded", "Errors"}, []string{"Errors"}},
		"and successes":   {[]tally.Counts{{Error: 3}, {Success: 1}}, []string{"Succeeded", "Errors"}, []string{"Errors", "Succeeded"}},
		"no errors":       {[]tally.Counts{{Timeout: 3, Success: 1}}, []string{"Succeeded", "No answer"}, []string{"No answer", "Succeeded"}},
		"a 410":           {[]tally.Counts{{Error: 3, Gone: 3}}, []string{"Succeeded", "Errors", "with 410"}, []string{"Errors"}},
		"of two kinds":    {[]tally.Counts{{Error: 3}, {Timeout: 1}}, []string{"Succeeded", "Errors", "No answer"}, []string{"Errors and no answer"}},
		"of three kinds":  {[]tally.Counts{{Error: 3, Fatal: 1, Other: 2}}, []string{"Succeeded", "Errors", "Fatal errors", "Other failures"}, []string{"Errors, fatal errors and other failures"}},
		"successes alone": {[]tally.Counts{{Success: 3}}, []string{"Succeeded"}, []string{"Succeeded"}},
		"nothing":         {[]tally.Counts{{}, {}}, []string{"Succeeded"}, nil},
	} {
		table := NewComposer(config()).daysTable(disabled(because("error", daysOf(row.counts))))
		var words []string
		page := string(table.html())
		for _, l := range table.Legend {
			words = append(words, l.Words)
			if strings.Count(page, `class="`+string(l.Class)+`"`) < 2 {
				t.Errorf("%s: %s is not in the picture:\n%s", name, l.Class, page)
			}
		}
		if !slices.Equal(table.Columns, row.columns) || !slices.Equal(words, row.legend) {
			t.Errorf("%s: columns %q, legend %q", name, table.Columns, words)
		}
		for _, class := range []string{"failed", "success"} {
			if shown := slices.ContainsFunc(table.Legend, func(l legend) bool { return string(l.Class) == class }); !shown && strings.Contains(page, `class="`+class+`"`) {
				t.Errorf("%s: %s is in the picture and not in the legend", name, class)
			}
		}
	}
}

func TestDayThatDecidedIsMarkedOfADisablingAlone(t *testing.T) {
	days := daysOf([]tally.Counts{{Success: 1}, {Timeout: 1000}})
	m := compose(t, disabled(because("timeout", days)))
	if !strings.Contains(m.Text, " <\n  < This day decided. Days are in UTC.\n") {
		t.Errorf("not marked:\n%s", m.Text)
	}
	n := warning(thirdDay(), because("timeout", days))
	if m := compose(t, n); strings.Contains(m.Text, "decided") {
		t.Errorf("a warning decides nothing:\n%s", m.Text)
	}
}
