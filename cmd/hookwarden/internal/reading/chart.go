package reading

import (
	"fmt"
	"math"
	"strings"

	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/tally"
)

// showChart draws 30 days, a character each: one line for successes and one for
// failures, each by its own largest day.
func showChart(p *show.Page, days []tally.Day, first, last tally.Date) {
	counts := make(map[tally.Date]tally.Counts, len(days))
	for _, d := range days {
		counts[d.Date] = counts[d.Date].Plus(d.Counts)
	}
	var good, bad []int64
	for date := first; date <= last; date = date.Plus(1) {
		good = append(good, counts[date].Success+counts[date].Alive)
		bad = append(bad, counts[date].Failures())
	}
	p.Line(show.Text("succeeded  "), show.Styled(show.Good, "%s", bars(good, p.ASCII)), show.Text("  %s", sums(good)))
	p.Line(show.Text("failed     "), show.Styled(show.Bad, "%s", bars(bad, p.ASCII)), show.Text("  %s", sums(bad)))
	p.Line(show.Styled(show.Dim, "           %-15s%15s  (UTC days)", first[5:], last[5:]))
}

func sums(days []int64) string {
	var sum, most int64
	for _, n := range days {
		sum += n
		most = max(most, n)
	}
	return fmt.Sprintf("%s, most %s", digits(sum), digits(most))
}

// bars is a character a day; the scale is of roots, so that a few are seen next to many.
func bars(days []int64, ascii bool) string { //nolint:revive // what the terminal speaks
	steps := []rune("▁▂▃▄▅▆▇█")
	none := '·'
	if ascii {
		steps, none = []rune("_.:-=+*#"), ' '
	}
	var most int64
	for _, n := range days {
		most = max(most, n)
	}
	var b strings.Builder
	for _, n := range days {
		if n == 0 {
			b.WriteRune(none)
			continue
		}
		step := int(math.Ceil(math.Sqrt(float64(n)/float64(most))*float64(len(steps)))) - 1
		b.WriteRune(steps[max(0, step)])
	}
	return b.String()
}
