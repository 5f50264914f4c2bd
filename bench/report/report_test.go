package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func cpu() Figure { // the second ratio is the largest, though its value is not
	return Figure{Name: "CPU, µs", Format: "%.0f", Against: "bare", Goal: Goal{Ratio: 2}, Note: "signing",
		Measured: []float64{150, 120, 180}, Baseline: []float64{100, 50, 100}}
}

func TestFigureIsHeldAgainstItsBaselineRunByRun(t *testing.T) {
	want := []string{"CPU, µs", "150 (120–180)", "bare: 100 (50–100)", "1.80 (1.50–2.40)", "≤ 2 ×", "met"}
	if diff := cmp.Diff(want, cpu().row()); diff != "" {
		t.Error(diff)
	}
}

func TestFigureThatMissesItsGoalSaysSo(t *testing.T) {
	for want, f := range map[string]Figure{
		"missed: signing": {Against: "b", Goal: Goal{Ratio: 2}, Note: "signing", Measured: []float64{21}, Baseline: []float64{10}},
		"missed":          {Goal: Goal{Value: 4}, Measured: []float64{4.1}},
		"met":             {Goal: Goal{Value: 4}, Measured: []float64{4}, Note: "not shown"},
		"":                {Measured: []float64{4}},
	} {
		if got := f.met(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestMedianOfAnEvenNumberIsBetweenTheMiddleTwo(t *testing.T) {
	for want, values := range map[float64][]float64{3: {9, 1, 2, 4}, 2: {9, 1, 2}, 0: nil} {
		if got := Median(values); got != want {
			t.Errorf("%v: got %v", values, got)
		}
	}
}

func TestPageIsMarkdownThatATerminalShowsAligned(t *testing.T) {
	got := Page("Benchmarks", []string{"On a machine."}, []Section{
		{Title: "CPU", Figures: []Figure{cpu()}, Notes: []string{"How."}},
		{Title: "Size", Tables: []Table{{Title: "All", Head: []string{"a", "c"}, Rows: [][]string{{"long", "µ"}}}}},
	})
	want := `# Benchmarks

On a machine.

| figure  | measured      | against            | ratio            | goal  |     |
| ------- | ------------- | ------------------ | ---------------- | ----- | --- |
| CPU, µs | 150 (120–180) | bare: 100 (50–100) | 1.80 (1.50–2.40) | ≤ 2 × | met |

## CPU

How.

## Size

All:

| a    | c |
| ---- | - |
| long | µ |
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
