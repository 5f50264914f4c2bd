package tally_test

import (
	"testing"

	"hookwarden/shared/tally"
)

func TestJudgeNowLooksAtEachWindowAndThenForDead(t *testing.T) {
	var (
		bad   = tally.Counts{Timeout: 2000}
		four  = tally.Counts{Other: 4}
		any   = func(tally.Reason) bool { return true }
		fatal = func(r tally.Reason) bool { return r == tally.Fatal }
		week  []tally.Date
	)
	for back := range 8 {
		week = append(week, today.Plus(-back))
	}
	for _, c := range []struct {
		name   string
		days   []tally.Day
		dates  []tally.Date
		breaks func(tally.Reason) bool
		want   tally.Reason
	}{
		{"time-outs days ago, and nothing since", ending(today.Plus(-6), bad), week, any, tally.Timeout},
		{"on a day that is not asked for", ending(today.Plus(-9), bad), week, any, ""},
		{"a success since", append(ending(today.Plus(-2), bad), tally.Day{Date: today, Counts: tally.Counts{Success: 1}}), week, any, ""},
		{"dead", ending(today, four, tally.Counts{}, tally.Counts{}, four, tally.Counts{}, four), week, any, tally.Dead},
		{"a reason that does not count", ending(today, bad), week, fatal, ""},
		{"one that does, on an older day", ending(today, tally.Counts{Fatal: 1}, bad), week, fatal, tally.Fatal},
		{"no dates", ending(today, bad), nil, any, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v := byDefault.JudgeNow(c.days, c.dates, today, c.breaks); v.Reason != c.want || v.Broken != (c.want != "") {
				t.Errorf("got %+v, want %q", v, c.want)
			}
		})
	}
}
