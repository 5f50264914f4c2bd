package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hookwarden/bench/report"
)

func (b *bench) measureNeighbours(ctx context.Context) (report.Section, error) {
	var tables strings.Builder
	if err := b.neighbours.run(ctx, b.now.program("deliver"), &tables); err != nil {
		return report.Section{}, err
	}
	s := report.Section{Title: "Neighbours", Verbatim: tables.String(),
		Notes: []string{"One run of each, not seven: a run has 1,200 webhooks of the healthy app, and its delays are their own spread."}}
	alone := b.neighbours.results[0]
	for _, r := range b.neighbours.results[1:] {
		if r.neighbour.name != "hangs" {
			continue
		}
		for _, p := range []struct {
			name string
			p    int
		}{{"half", 50}, {"99 of 100", 99}} {
			f := report.Figure{Name: "healthy app beside a hung one: " + p.name + " of its webhooks arrive within, ms",
				Format: "%.1f", Against: "alone", Goal: report.Goal{Ratio: 2}, Note: whyLate(r)}
			f.Add(milliseconds(percentile(r.delays, p.p)), milliseconds(percentile(alone.delays, p.p)))
			s.Figures = append(s.Figures, f)
		}
	}
	return s, nil
}

// whyLate says so if the machine was busy: then this program's own timers were
// late too, and the figure is not deliver's alone.
func whyLate(r result) string {
	const busy = 10 * time.Millisecond
	if late := percentile(r.late, 99); late > busy {
		return fmt.Sprintf("the machine was busy, the bench's own timers were up to %s ms late", ms(late))
	}
	return ""
}
