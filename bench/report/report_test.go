package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func cpu() Figure {
	f := Figure{Name: "CPU, µs", Format: "%.0f", Against: "bare", Goal: Goal{Ratio: 2}, Note: "signing"}
	f.Add(150, 100)
	f.Add(120, 50) // its ratio is the largest, though its value is not
	f.Add(180, 100)
	return f
}

func TestAFigureIsHeldAgainstItsBaselineRunByRun(t *testing.T) {
	f := cpu()
	want := []string{"CPU, µs", "150 (120–180)", "bare: 100 (50–100)", "1.80 (1.50–2.40)", "≤ 2 ×", "met"}
	if diff := cmp.Diff(want, f.row()); diff != "" {
		t.Error(diff)
	}
}

func TestAMissedGoalIsCalledMissed(t *testing.T) {
	for want, f := range map[string]Figure{
		"missed: signing": {Against: "b", Goal: Goal{Ratio: 2}, Note: "signing", Measured: []float64{21}, Baseline: []float64{10}},
		"missed":          {Goal: Goal{Value: 4}, Measured: []float64{4.1}},
		"met":             {Goal: Goal{Value: 4}, Measured: []float64{4}, Note: "not shown"},
		"":                {Measured: []float64{4}},
	} {
		if got := f.Met(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAMedianOfAnEvenNumberIsBetweenTheMiddleTwo(t *testing.T) {
	if got := Median([]float64{9, 1, 2, 4}); got != 3 {
		t.Errorf("got %v", got)
	}
}

func TestAReportIsMarkdown(t *testing.T) {
	size := Figure{Name: "zip, MB", Format: "%.2f", Goal: Goal{Value: 4}}
	size.Add(3.5, 0)
	report := Report{Title: "Benchmarks", About: []string{"On a machine."}, Sections: []Section{
		{Title: "CPU", Figures: []Figure{cpu()}, Notes: []string{"How."}},
		{Title: "Size", Figures: []Figure{size}, Verbatim: "as it is\n",
			Tables: []Table{{Title: "All", Head: []string{"a|b", "c"}, Rows: [][]string{{"1", "2"}}}}},
	}}
	var got strings.Builder
	if err := report.Markdown(&got); err != nil {
		t.Fatal(err)
	}
	want := `# Benchmarks

On a machine.

| figure | measured | against | ratio | goal |  |
|---|---|---|---|---|---|
| CPU, µs | 150 (120–180) | bare: 100 (50–100) | 1.80 (1.50–2.40) | ≤ 2 × | met |
| zip, MB | 3.50 |  |  | ≤ 4.00 | met |

## CPU

How.

## Size

All:

| a\|b | c |
|---|---|
| 1 | 2 |

` + "```\nas it is\n```\n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestATableIsAlignedForATerminal(t *testing.T) {
	table := Table{Head: []string{"a", "b"}, Rows: [][]string{{"long", "1"}, {"µ", "22"}}}
	want := "a     b\nlong  1\nµ     22\n"
	if diff := cmp.Diff(want, table.Text()); diff != "" {
		t.Error(diff)
	}
}

func TestParagraphsAreWrapped(t *testing.T) {
	if got := wrap("ä b cc ddd", 4); got != "ä b\ncc\nddd" {
		t.Errorf("got %q", got)
	}
}
