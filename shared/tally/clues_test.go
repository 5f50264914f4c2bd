package tally_test

import (
	"testing"
	"time"

	"hookwarden/shared/tally"
)

func TestLatestPutsTheCluesOfDaysTogether(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }
	failed := func(day, hour int) tally.Failure { return tally.Failure{At: at(day, hour), Outcome: "error"} }
	failing := tally.Day{Date: "2026-11-22", Counts: tally.Counts{Timeout: 3},
		Clues: tally.Clues{LastFailure: failed(22, 9), FailingSince: at(22, 7), Permanent: 2}}
	again := tally.Day{Date: "2026-11-24", Counts: tally.Counts{Timeout: 1},
		Clues: tally.Clues{LastFailure: failed(24, 9), FailingSince: at(24, 8), Permanent: 1}}
	between := func(c tally.Counts, clues tally.Clues) tally.Day {
		return tally.Day{Date: "2026-11-23", Counts: c, Clues: clues}
	}
	for name, c := range map[string]struct {
		days []tally.Day
		want tally.Clues
	}{
		"no days": {nil, tally.Clues{}},
		"days of failures, in any order": {[]tally.Day{again, failing},
			tally.Clues{LastFailure: failed(24, 9), FailingSince: at(22, 7), Permanent: 3}},
		"a success between": {[]tally.Day{failing, between(tally.Counts{Success: 1}, tally.Clues{LastSuccess: at(23, 1)}), again},
			tally.Clues{LastFailure: failed(24, 9), LastSuccess: at(23, 1), FailingSince: at(24, 8), Permanent: 1}},
		"a success between, then a failure": {[]tally.Day{failing, between(tally.Counts{Success: 1, Timeout: 1},
			tally.Clues{LastFailure: failed(23, 3), LastSuccess: at(23, 1), FailingSince: at(23, 2), Permanent: 1}), again},
			tally.Clues{LastFailure: failed(24, 9), LastSuccess: at(23, 1), FailingSince: at(23, 2), Permanent: 2}},
		"alive between": {[]tally.Day{failing, between(tally.Counts{Alive: 1}, tally.Clues{}), again},
			tally.Clues{LastFailure: failed(24, 9), FailingSince: at(22, 7), Permanent: 1}},
		"a success at the end": {[]tally.Day{failing, between(tally.Counts{Success: 1}, tally.Clues{LastSuccess: at(23, 1)})},
			tally.Clues{LastFailure: failed(22, 9), LastSuccess: at(23, 1)}},
		"the first failing day has no clue": {[]tally.Day{{Date: "2026-11-22", Counts: tally.Counts{Error: 1}}, again},
			tally.Clues{LastFailure: failed(24, 9), Permanent: 1}},
		"the newest success has no clue": {[]tally.Day{{Date: "2026-11-22", Counts: tally.Counts{Success: 1}, Clues: tally.Clues{LastSuccess: at(22, 1)}},
			between(tally.Counts{Success: 1}, tally.Clues{}), again},
			tally.Clues{LastFailure: failed(24, 9), FailingSince: at(24, 8), Permanent: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tally.Latest(c.days); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
