package tally_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hookwarden/shared/tally"
)

const today tally.Date = "2026-11-24"

// standard is the rule with the template's defaults.
var standard = tally.Rule{WindowDays: 7, TimeoutThreshold: 1000, GoneThreshold: 3}

func with(change func(*tally.Rule)) tally.Rule {
	r := standard
	change(&r)
	return r
}

// ending makes days from counts. The last is the given day.
func ending(last tally.Date, counts ...tally.Counts) []tally.Day {
	days := make([]tally.Day, len(counts))
	for i, c := range counts {
		days[i] = tally.Day{Date: last.Plus(i + 1 - len(counts)), Counts: c}
	}
	return days
}

// each is n days with the same counts.
func each(n int, c tally.Counts) []tally.Counts {
	days := make([]tally.Counts, n)
	for i := range days {
		days[i] = c
	}
	return days
}

func TestJudgeFindsTheReasonThatTheWindowGives(t *testing.T) {
	var (
		failing = tally.Counts{Error: 5}
		fine    = tally.Counts{Success: 1}
		mixed   = tally.Counts{Success: 1, Error: 500}
		none    = tally.Counts{}
		slow    = tally.Counts{Success: 9000, Timeout: 1000}
		gone    = tally.Counts{Error: 3, Gone: 3}
		fatal   = tally.Counts{Success: 100, Fatal: 1}
	)
	share := func(s float64) tally.Rule { return with(func(r *tally.Rule) { r.TimeoutMinShare = s }) }
	window := func(n int) tally.Rule { return with(func(r *tally.Rule) { r.WindowDays = n }) }
	for _, c := range []struct {
		name string
		rule tally.Rule
		days []tally.Day
		last tally.Date
		want tally.Reason
	}{
		{"nothing counted", standard, nil, today, ""},

		{"fatal once", standard, ending(today, tally.Counts{Fatal: 1}), today, tally.Fatal},
		{"fatal and success on one day", standard, ending(today, fatal), today, tally.Fatal},
		{"fatal comes before gone and timeout", standard, ending(today, tally.Counts{Error: 9, Gone: 9, Timeout: 9000, Fatal: 1}), today, tally.Fatal},
		{"fatal on one day comes before gone and timeout on others", standard, ending(today, gone, tally.Counts{Timeout: 1000}, fatal), today, tally.Fatal},
		{"fatal on the window's first day", standard, ending(today, tally.Counts{Fatal: 1}, none, none, none, none, none, failing), today, tally.Fatal},
		{"fatal on the day before the window", standard, ending(today, tally.Counts{Fatal: 1}, none, none, none, none, none, none, failing), today, ""},

		{"two answers 410", standard, ending(today, tally.Counts{Error: 2, Gone: 2}), today, ""},
		{"three answers 410", standard, ending(today, gone), today, tally.Gone},
		{"two answers 410 and a success", standard, ending(today, tally.Counts{Success: 1, Error: 2, Gone: 2}), today, ""},
		{"three answers 410 and a success", standard, ending(today, tally.Counts{Success: 1, Error: 3, Gone: 3}), today, ""},
		{"three answers 410 over two days", standard, ending(today, tally.Counts{Error: 2, Gone: 2}, tally.Counts{Error: 1, Gone: 1}), today, ""},
		{"gone comes before timeout", standard, ending(today, tally.Counts{Error: 3, Gone: 3, Timeout: 1000}), today, tally.Gone},
		{"gone turned off", with(func(r *tally.Rule) { r.GoneThreshold = 0 }), ending(today, tally.Counts{Error: 99, Gone: 99}), today, ""},
		{"gone at one", with(func(r *tally.Rule) { r.GoneThreshold = 1 }), ending(today, tally.Counts{Error: 1, Gone: 1}), today, tally.Gone},

		{"999 time-outs", standard, ending(today, tally.Counts{Timeout: 999}), today, ""},
		{"999 time-outs among successes", standard, ending(today, tally.Counts{Success: 900, Timeout: 999}), today, ""},
		{"1000 time-outs", standard, ending(today, tally.Counts{Timeout: 1000}), today, tally.Timeout},
		{"1000 time-outs among successes", standard, ending(today, slow), today, tally.Timeout},
		{"1000 time-outs over two days", standard, ending(today, tally.Counts{Timeout: 500}, tally.Counts{Timeout: 500}), today, ""},
		{"timeout comes before error", standard, ending(today, append(each(6, failing), tally.Counts{Error: 1, Timeout: 1000})...), today, tally.Timeout},
		{"a low threshold", with(func(r *tally.Rule) { r.TimeoutThreshold = 1 }), ending(today, tally.Counts{Timeout: 1}), today, tally.Timeout},

		{"exactly the share", share(0.1), ending(today, slow), today, tally.Timeout},
		{"one success less than the share allows", share(0.1), ending(today, tally.Counts{Success: 9001, Timeout: 1000}), today, ""},
		{"errors are attempts too", share(0.5), ending(today, tally.Counts{Success: 1, Error: 1000, Timeout: 1000}), today, ""},
		{"a 410 is one attempt", share(0.5), ending(today, tally.Counts{Error: 1000, Gone: 1000, Timeout: 1000, Success: 0}), today, tally.Gone},
		{"a 410 is one attempt, below GoneThreshold", share(0.998), ending(today, tally.Counts{Error: 2, Gone: 2, Timeout: 1000}), today, tally.Timeout},
		{"a share of all", share(1), ending(today, tally.Counts{Timeout: 1000}), today, tally.Timeout},
		{"a share that no binary fraction is", with(func(r *tally.Rule) { r.TimeoutThreshold, r.TimeoutMinShare = 7, 0.07 }),
			ending(today, tally.Counts{Success: 93, Timeout: 7}), today, tally.Timeout},

		{"errors on all seven days", standard, ending(today, each(7, failing)...), today, tally.Error},
		{"errors on six days", standard, ending(today, each(6, failing)...), today, ""},
		{"errors on eight days", standard, ending(today, each(8, failing)...), today, tally.Error},
		{"a gap day", standard, ending(today, failing, failing, failing, none, failing, failing, failing), today, ""},
		{"a gap day filled by time-outs alone", standard, ending(today, failing, failing, failing, tally.Counts{Timeout: 999}, failing, failing, failing), today, ""},
		{"errors and time-outs on all days", standard, ending(today, each(7, tally.Counts{Error: 1, Timeout: 900})...), today, tally.Error},
		{"errors that are answers 410, below GoneThreshold", standard, ending(today, each(7, tally.Counts{Error: 2, Gone: 2})...), today, tally.Error},
		{"errors with successes on all days", standard, ending(today, each(7, mixed)...), today, ""},
		{"errors over a leap day", standard, ending("2028-03-03", each(7, failing)...), "2028-03-03", tally.Error},
		{"errors over a leap day with a gap on it", standard, ending("2028-03-03", failing, failing, failing, none, failing, failing, failing), "2028-03-03", ""},

		{"a window of one day", window(1), ending(today, failing), today, tally.Error},
		{"a window of one day with a success", window(1), ending(today, mixed), today, ""},
		{"a window of one day, errors the day before", window(1), ending(today, failing, none), today, ""},
		{"a window of 30 days", window(30), ending(today, each(30, failing)...), today, tally.Error},
		{"a window of 30 days with 29 counted", window(30), ending(today, each(29, failing)...), today, ""},

		{"a record of an old day", standard, ending(today.Plus(-3), each(7, failing)...), today.Plus(-3), tally.Error},
		{"today's days do not count for an old record", standard, ending(today, append(each(6, failing), failing)...), today.Plus(-1), ""},
		{"a success on the day after the record's", standard, append(ending(today.Plus(-3), each(7, failing)...), ending(today.Plus(-2), fine)...), today.Plus(-3), ""},
		{"a success among errors days after the record's", standard, append(ending(today.Plus(-3), each(7, failing)...), ending(today, mixed)...), today.Plus(-3), ""},
		{"errors alone after the record's day", standard, append(ending(today.Plus(-3), each(7, failing)...), ending(today, failing)...), today.Plus(-3), tally.Error},
		{"fatal, then a success on a later day", standard, ending(today, tally.Counts{Fatal: 1}, fine), today, ""},
		{"gone, then a success on a later day", standard, ending(today, gone, none, mixed), today, ""},
		{"time-outs, then a success on a later day", standard, ending(today, slow, fine), today, ""},
		{"a success, then fatal on a later day", standard, ending(today, fine, tally.Counts{Fatal: 1}), today, tally.Fatal},
		{"a success, then too many time-outs on the same day", standard, ending(today, slow, slow), today, tally.Timeout},
		{"a success on a later day that is itself timeout", standard, ending(today, tally.Counts{Fatal: 1}, slow), today, tally.Timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := c.rule.Judge(c.days, c.last)
			if v.Reason != c.want || v.Broken != (c.want != "") {
				t.Errorf("got broken %t, reason %q, want %q", v.Broken, v.Reason, c.want)
			}
		})
	}
}

func TestJudgeSparesAnAppForASuccessOnAnyOneOfSevenDays(t *testing.T) {
	for i := range 7 {
		counts := each(7, tally.Counts{Error: 900, Timeout: 900})
		counts[i].Success = 1
		if v := standard.Judge(ending(today, counts...), today); v.Broken {
			t.Errorf("a success on day %d of 7: broken, %s", i+1, v.Reason)
		}
	}
}

func TestJudgeHasTheWindowForEvidenceZerosIncluded(t *testing.T) {
	days := []tally.Day{ // in no order, with days before and after the window
		{Date: "2026-11-24", Counts: tally.Counts{Error: 1, Fatal: 2}},
		{Date: "2026-11-17", Counts: tally.Counts{Error: 9}},
		{Date: "2026-11-25", Counts: tally.Counts{Timeout: 9}},
		{Date: "2026-11-18", Counts: tally.Counts{Success: 3}},
		{Date: "2026-11-21", Counts: tally.Counts{Error: 4, Gone: 4}},
	}
	want := tally.Verdict{Broken: true, Reason: tally.Fatal, Evidence: []tally.Day{
		{Date: "2026-11-18", Counts: tally.Counts{Success: 3}},
		{Date: "2026-11-19"},
		{Date: "2026-11-20"},
		{Date: "2026-11-21", Counts: tally.Counts{Error: 4, Gone: 4}},
		{Date: "2026-11-22"},
		{Date: "2026-11-23"},
		{Date: "2026-11-24", Counts: tally.Counts{Error: 1, Fatal: 2}},
	}}
	if diff := cmp.Diff(want, standard.Judge(days, today)); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestRulesOutNeedsASuccessOnAHarmlessDay(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts tally.Counts
		want   bool
	}{
		{"a success", tally.Counts{Success: 1}, true},
		{"a success among errors", tally.Counts{Success: 1, Error: 900, Gone: 900, Timeout: 999}, true},
		{"errors", tally.Counts{Error: 1}, false},
		{"time-outs, which leave the days before as they are", tally.Counts{Timeout: 1}, false},
		{"a success and fatal", tally.Counts{Success: 1, Fatal: 1}, false},
		{"a success among too many time-outs", tally.Counts{Success: 1, Timeout: 1000}, false},
		{"nothing", tally.Counts{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := standard.RulesOut(c.counts); got != c.want {
				t.Errorf("RulesOut(%+v) = %t", c.counts, got)
			}
		})
	}
}

// The properties below draw small thresholds, so that days cross them often.

func drawRule(t *rapid.T) tally.Rule {
	return tally.Rule{
		WindowDays:       rapid.IntRange(1, 9).Draw(t, "WindowDays"),
		TimeoutThreshold: rapid.Int64Range(1, 6).Draw(t, "TimeoutThreshold"),
		TimeoutMinShare:  rapid.SampledFrom([]float64{0, 0, 0.1, 0.25, 0.5, 0.9, 1}).Draw(t, "TimeoutMinShare"),
		GoneThreshold:    rapid.Int64Range(0, 4).Draw(t, "GoneThreshold"),
	}
}

// outcomes is what one request or report may add to a day.
var outcomes = map[string]tally.Counts{
	"success": {Success: 1},
	"error":   {Error: 1},
	"gone":    {Error: 1, Gone: 1},
	"timeout": {Timeout: 1},
	"fatal":   {Fatal: 1},
}

// drawCounts draws a day. Tame days cross a threshold only by chance.
func drawCounts(t *rapid.T, tame bool) tally.Counts {
	few := rapid.SampledFrom([]int64{0, 0, 0, 1, 2, 3, 4, 5, 6, 7})
	fatal := rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
	if tame {
		few, fatal = rapid.SampledFrom([]int64{0, 0, 0, 1, 2}), rapid.Just(int64(0))
	}
	c := tally.Counts{Success: few.Draw(t, "success"), Timeout: few.Draw(t, "timeout"), Gone: few.Draw(t, "gone"), Fatal: fatal.Draw(t, "fatal")}
	c.Error = c.Gone + few.Draw(t, "error")
	return c
}

// drawDays draws a window and up to three more days on either side. Some days
// have no item. Windows are wild, tame, or almost broken by errors.
func drawDays(t *rapid.T, window int) []tally.Day {
	var days []tally.Day
	failing, tame := rapid.Bool().Draw(t, "mostly failing"), rapid.Bool().Draw(t, "tame")
	for back := -3; back < window+3; back++ {
		switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
		case failing && kind > 0:
			days = append(days, tally.Day{Date: today.Plus(-back), Counts: tally.Counts{Error: 1}})
		case kind < 7:
			days = append(days, tally.Day{Date: today.Plus(-back), Counts: drawCounts(t, tame)})
		}
	}
	return rapid.Permutation(days).Draw(t, "days")
}

// added is days with one more outcome on the day at index i.
func added(days []tally.Day, i int, outcome tally.Counts) []tally.Day {
	more := append([]tally.Day(nil), days...)
	more[i].Counts = more[i].Plus(outcome)
	return more
}

// has reports whether the outcome is already counted.
func has(c, outcome tally.Counts) bool {
	plainErrors := c.Error - c.Gone
	switch {
	case outcome.Gone > 0:
		return c.Gone > 0
	case outcome.Error > 0:
		return plainErrors > 0
	}
	return c.Success >= outcome.Success && c.Timeout >= outcome.Timeout && c.Fatal >= outcome.Fatal
}

// crosses reports whether a day has crossed a threshold, or whether it or the day
// after it has crossed that of the share, which spans a day and the day before. It
// follows the design's words and not the rule's code.
func crosses(r tally.Rule, days []tally.Day, i int, outcome tally.Counts) bool {
	counts := make(map[tally.Date]tally.Counts)
	for _, d := range days {
		counts[d.Date] = d.Counts
	}
	date := days[i].Date
	before, after := counts[date], counts[date].Plus(outcome)
	reachesShare := func(of tally.Date) bool {
		two := counts[of].Plus(counts[of.Plus(-1)])
		attempts := float64(two.Success + two.Error + two.Timeout + two.Fatal)
		return attempts > 0 && float64(two.Timeout)/attempts >= r.TimeoutMinShare
	}
	today, tomorrow := reachesShare(date), reachesShare(date.Plus(1))
	counts[date] = after
	return (before.Timeout >= r.TimeoutThreshold) != (after.Timeout >= r.TimeoutThreshold) ||
		(before.Gone >= r.GoneThreshold) != (after.Gone >= r.GoneThreshold) ||
		today != reachesShare(date) || tomorrow != reachesShare(date.Plus(1))
}

func TestJudgeChangesNothingForOneMoreOfTheSameBelowAThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := drawRule(t)
		days := drawDays(t, rule.WindowDays)
		type choice struct {
			day     int
			outcome string
		}
		var choices []choice
		for i, day := range days {
			for _, name := range slices.Sorted(maps.Keys(outcomes)) {
				if has(day.Counts, outcomes[name]) && !crosses(rule, days, i, outcomes[name]) {
					choices = append(choices, choice{i, name})
				}
			}
		}
		if len(choices) == 0 {
			return
		}
		c := rapid.SampledFrom(choices).Draw(t, "outcome")
		i, name, outcome := c.day, c.outcome, outcomes[c.outcome]
		before, after := rule.Judge(days, today), rule.Judge(added(days, i, outcome), today)
		if before.Broken != after.Broken || before.Reason != after.Reason {
			t.Fatalf("one more %s on %+v: %q became %q", name, days[i], before.Reason, after.Reason)
		}
	})
}

func TestJudgeNeverBreaksAnAppForASuccess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := drawRule(t)
		days := drawDays(t, rule.WindowDays)
		date := today.Plus(-rapid.IntRange(-1, rule.WindowDays).Draw(t, "back"))
		before := rule.Judge(days, today)
		after := rule.Judge(append(days, tally.Day{Date: date, Counts: tally.Counts{Success: 1}}), today)
		if !before.Broken && after.Broken {
			t.Fatalf("a success on %s broke it: %s", date, after.Reason)
		}
	})
}

func TestJudgeFindsAWindowHealthyWithASuccessAndNothingWorseThanErrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := drawRule(t)
		rule.TimeoutThreshold = 1000
		days := drawDays(t, rule.WindowDays)
		for i := range days {
			days[i].Fatal, days[i].Gone = 0, 0
		}
		date := today.Plus(-rapid.IntRange(0, rule.WindowDays-1).Draw(t, "back"))
		days = append(days, tally.Day{Date: date, Counts: tally.Counts{Success: 1}})
		if v := rule.Judge(days, today); v.Broken {
			t.Fatalf("broken: %s", v.Reason)
		}
	})
}

// If an image rules a verdict out without a read, a read would not have called
// the app broken either, whatever the days before and after it.
func TestRulesOutNobodyWhoIsBroken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := drawRule(t)
		for _, day := range drawDays(t, rule.WindowDays) {
			if day.Date != today || !rule.RulesOut(day.Counts) {
				continue
			}
			others := slices.DeleteFunc(drawDays(t, rule.WindowDays), func(d tally.Day) bool { return d.Date == today })
			if v := rule.Judge(append(others, day), today); v.Broken {
				t.Fatalf("ruled out by %+v, yet broken: %s", day, v.Reason)
			}
		}
	})
}
