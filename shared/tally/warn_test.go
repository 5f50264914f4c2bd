package tally_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/tally"
)

// early is the template's rule for warnings.
var early = tally.WarnRule{AfterDays: []int{3, 5}, Early: 10 * time.Minute}

var noonToday = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// may be disabled for any reason.
func may(tally.Reason) bool { return true }

func mayOnly(reasons ...tally.Reason) func(tally.Reason) bool {
	return func(r tally.Reason) bool { return slices.Contains(reasons, r) }
}

// due is the threats without their evidence.
func due(threats []tally.Threat) (said []tally.Threat) {
	for _, t := range threats {
		t.Evidence = nil
		said = append(said, t)
	}
	return said
}

func days(n int, reason tally.Reason, day int, cut tally.Date) tally.Threat {
	return tally.Threat{Level: tally.DaysLevel(n), Reason: reason, Day: day, CutOn: cut}
}

func TestWarnRuleSaysWhatIsDueOnWhichDay(t *testing.T) {
	var (
		none  = tally.Counts{}
		wrong = tally.Counts{Error: 1}
		many  = tally.Counts{Error: 9}
		down  = tally.Counts{Other: 9}
		fine  = tally.Counts{Success: 1}
		mixed = tally.Counts{Success: 1, Error: 9}
		slow  = tally.Counts{Timeout: 500}
		alert = tally.Counts{Alive: 1}
	)
	noDead := with(func(r *tally.Rule) { r.DeadDays, r.TimeoutMinShare = 0, 0.5 })
	window := func(n int) tally.Rule {
		return with(func(r *tally.Rule) { r.WindowDays = n })
	}
	timeouts := tally.Threat{Level: tally.LevelTimeouts, Reason: tally.Timeout}
	for _, c := range []struct {
		name string
		rule tally.Rule
		days []tally.Day
		want []tally.Threat
	}{
		{"two days of errors", noDead, ending(today, each(2, many)...), nil},
		{"three days of errors, which end it on the seventh", noDead, ending(today, each(3, wrong)...), []tally.Threat{days(3, tally.Error, 3, "2026-11-28")}},
		{"four days of errors, the third was missed", noDead, ending(today, each(4, wrong)...), []tally.Threat{days(3, tally.Error, 4, "2026-11-27")}},
		{"five days of errors", noDead, ending(today, each(5, wrong)...), []tally.Threat{days(5, tally.Error, 5, "2026-11-26"), days(3, tally.Error, 5, "2026-11-26")}},
		{"a window of five days has no fifth day before its end", window(5), ending(today, each(4, wrong)...), []tally.Threat{days(3, tally.Error, 4, "2026-11-25")}},
		{"a window of three has no third", window(3), ending(today, each(3, wrong)...), nil},
		{"errors until yesterday", noDead, ending(today, wrong, wrong, wrong, none), nil},
		{"a day without any in between", noDead, ending(today, wrong, wrong, none, wrong), nil},
		{"a success among them", noDead, ending(today, wrong, mixed, wrong, wrong), nil},
		{"a success today", noDead, ending(today, wrong, wrong, wrong, mixed), nil},
		{"a success tomorrow, on another function's clock", noDead, append(ending(today, each(4, wrong)...), ending(today.Plus(1), fine)...), nil},
		{"a success before them", noDead, ending(today, fine, wrong, wrong, wrong), []tally.Threat{days(3, tally.Error, 3, "2026-11-28")}},

		{"a server that is down for three days is dead after the fifth", byDefault, ending(today, each(3, down)...), []tally.Threat{days(3, tally.Dead, 3, "2026-11-27")}},
		{"the fifth day of it is the last before", byDefault, ending(today, each(5, down)...), []tally.Threat{days(5, tally.Dead, 5, "2026-11-25"), days(3, tally.Dead, 5, "2026-11-25")}},
		{"many errors are dead before their window is full", byDefault, ending(today, each(3, many)...), []tally.Threat{days(3, tally.Dead, 3, "2026-11-27")}},
		{"few errors are not", byDefault, ending(today, each(3, wrong)...), []tally.Threat{days(3, tally.Error, 3, "2026-11-28")}},
		{"quiet on a weekend", byDefault, ending(today, down, none, none, down), []tally.Threat{days(3, tally.Dead, 4, "2026-11-26")}},
		{"quiet today", byDefault, ending(today, down, down, none), []tally.Threat{days(3, tally.Dead, 3, "2026-11-27")}},
		{"quiet since the day before yesterday", byDefault, ending(today, down, down, none, none), nil},
		{"one day", byDefault, ending(today, down, none, none), nil},
		{"one day, and quiet before it", byDefault, ending(today, none, none, down), nil},
		{"few failures that come to an end on no day", byDefault, ending(today, tally.Counts{Other: 3}, none, none, tally.Counts{Other: 2}), []tally.Threat{days(3, tally.Dead, 4, "")}},
		{"four failures", byDefault, ending(today, tally.Counts{Other: 3}, none, none, tally.Counts{Other: 1}), nil},
		{"few failures, the day for them is over", byDefault, ending(today, append([]tally.Counts{{Other: 4}}, append(each(7, none), tally.Counts{Other: 4})...)...), []tally.Threat{days(5, tally.Dead, 9, ""), days(3, tally.Dead, 9, "")}},
		{"an alert rule's webhook got through", byDefault, ending(today, down, alert, down), nil},
		{"days of failures that are no errors, where nobody is dead", noDead, ending(today, each(5, down)...), nil},

		{"half of the time-outs", byDefault, ending(today, slow), []tally.Threat{timeouts}},
		{"one less", byDefault, ending(today, tally.Counts{Timeout: 499}), nil},
		{"half, rounded up", with(func(r *tally.Rule) { r.TimeoutThreshold = 5 }), ending(today, tally.Counts{Timeout: 3}), []tally.Threat{timeouts}},
		{"less than half, rounded up", with(func(r *tally.Rule) { r.TimeoutThreshold = 5 }), ending(today, tally.Counts{Timeout: 2}), nil},
		{"half of the time-outs, too small a share", byDefault, ending(today, tally.Counts{Timeout: 500, Success: 501}), nil},
		{"a share that is too small with the day before", byDefault, ending(today, tally.Counts{Success: 501}, slow), nil},
		{"half of them yesterday", byDefault, ending(today, slow, none), nil},
		{"a success tomorrow", byDefault, append(ending(today, slow), ending(today.Plus(1), fine)...), nil},
		{"time-outs and days", byDefault, ending(today, slow, slow, slow), []tally.Threat{timeouts, days(3, tally.Dead, 3, "2026-11-27")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := due(early.Judge(c.rule, c.days, tally.Occasion{Now: noonToday, May: may}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

// One bad day is not dead, and so not a run.
func TestWarnRuleWarnsOfDeadDaysFromTheSecondOn(t *testing.T) {
	first := tally.WarnRule{AfterDays: []int{1}}
	for n, want := range map[int]int{1: 0, 2: 1} {
		days := ending(today, each(n, tally.Counts{Other: 9})...)
		if got := first.Judge(byDefault, days, tally.Occasion{Now: noonToday, May: may}); len(got) != want {
			t.Errorf("%d days: %+v", n, got)
		}
	}
}

// Seven failures are too few to be dead, and the sixth day would have been the last.
func TestWarnRuleKnowsNoDayThatIsNotBeforeTheLast(t *testing.T) {
	for n, want := range map[int]int{5: 1, 6: 0} {
		on := tally.WarnRule{AfterDays: []int{n}}
		days := ending(today, each(7, tally.Counts{Other: 1})...)
		if got := on.Judge(byDefault, days, tally.Occasion{Now: noonToday, May: may}); len(got) != want {
			t.Errorf("on day %d: %+v", n, got)
		}
	}
}

func TestWarnRuleWarnsOfNothingThatMayNotDisable(t *testing.T) {
	down, wrong := ending(today, each(3, tally.Counts{Other: 9})...), ending(today, each(3, tally.Counts{Error: 9})...)
	slow, gone := ending(today, tally.Counts{Timeout: 600}), ending(today, tally.Counts{Error: 1, Gone: 1})
	gone[0].Clues.Permanent = 1
	for _, c := range []struct {
		name string
		days []tally.Day
		may  []tally.Reason
		want []tally.Threat
	}{
		{"dead", down, []tally.Reason{tally.Fatal, tally.Error}, nil},
		{"dead before errors", wrong, []tally.Reason{tally.Error}, []tally.Threat{days(3, tally.Error, 3, "2026-11-28")}},
		{"errors too", wrong, []tally.Reason{tally.Fatal}, nil},
		{"time-outs", slow, []tally.Reason{tally.Fatal, tally.Error, tally.Dead}, nil},
		{"gone", gone, []tally.Reason{tally.Fatal}, nil},
		{"gone before dead", gone, []tally.Reason{tally.Dead}, []tally.Threat{{Level: tally.LevelPermanent, Reason: tally.Dead, CutOn: "2026-11-29"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := due(early.Judge(byDefault, c.days, tally.Occasion{Now: noonToday, Swept: true, May: mayOnly(c.may...)}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWarnRuleWarnsEarlyOfWhatDoesNotPassByItself(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noonToday.Add(-d) }
	certificate := func(date tally.Date, since time.Time, permanent int64, also tally.Counts) tally.Day {
		return tally.Day{Date: date, Counts: also.Plus(tally.Counts{Timeout: 9}), Clues: tally.Clues{FailingSince: since, Permanent: permanent}}
	}
	permanent := func(reason tally.Reason, cut tally.Date) []tally.Threat {
		return []tally.Threat{{Level: tally.LevelPermanent, Reason: reason, CutOn: cut}}
	}
	overtaken := func(success time.Time) tally.Day { // invocations count in any order
		d := certificate(today, ago(time.Hour), 1, tally.Counts{Success: 1})
		d.Clues.LastFailure.At, d.Clues.LastSuccess = ago(time.Hour), success
		return d
	}
	dead := permanent(tally.Dead, "2026-11-29")
	success, none := tally.Counts{Success: 1}, tally.Counts{}
	yesterday := today.Plus(-1)
	for _, c := range []struct {
		name  string
		days  []tally.Day
		swept bool
		want  []tally.Threat
	}{
		{"ten minutes old", []tally.Day{certificate(today, ago(10*time.Minute), 1, none)}, false, dead},
		{"younger", []tally.Day{certificate(today, ago(10*time.Minute-time.Millisecond), 1, none)}, false, nil},
		{"younger, when the sweep looks", []tally.Day{certificate(today, ago(time.Minute), 1, none)}, true, nil},
		{"of an unknown age", []tally.Day{certificate(today, time.Time{}, 1, none)}, false, nil},
		{"of an unknown age, when the sweep looks", []tally.Day{certificate(today, time.Time{}, 1, none)}, true, dead},
		{"one that passes", []tally.Day{certificate(today, ago(time.Hour), 0, none)}, false, nil},
		{"counted after a later success", []tally.Day{overtaken(ago(time.Minute))}, true, nil},
		{"counted after an earlier success", []tally.Day{overtaken(ago(2 * time.Hour))}, true, permanent(tally.Dead, "2026-11-30")},
		{"after a success today", []tally.Day{certificate(today, ago(time.Hour), 1, success)}, false, permanent(tally.Dead, "2026-11-30")},
		{"yesterday, nothing since", []tally.Day{certificate(yesterday, ago(13*time.Hour), 1, none)}, false, permanent(tally.Dead, "2026-11-28")},
		{"yesterday, what passes since", []tally.Day{certificate(yesterday, ago(13*time.Hour), 1, none), certificate(today, ago(time.Hour), 0, none)}, false, nil},
		{"yesterday, a success since", []tally.Day{certificate(yesterday, ago(13*time.Hour), 1, none), {Date: today, Counts: success}}, true, nil},
		{"a success tomorrow", []tally.Day{certificate(today, ago(time.Hour), 1, none), {Date: today.Plus(1), Counts: success}}, true, nil},
		{"the day before yesterday", []tally.Day{certificate(today.Plus(-2), ago(40*time.Hour), 1, none)}, true, nil},
		{"a 410", []tally.Day{{Date: today, Counts: tally.Counts{Error: 1, Gone: 1}, Clues: tally.Clues{FailingSince: ago(time.Hour), Permanent: 1}}}, false,
			permanent(tally.Gone, "")},
		{"a forbidden URL", []tally.Day{{Date: today, Counts: tally.Counts{Other: 1}, Clues: tally.Clues{Permanent: 1}}}, true, dead},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := due(early.Judge(byDefault, c.days, tally.Occasion{Now: noonToday, Swept: c.swept, May: may}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("where nobody is dead a forbidden URL has no consequence", func(t *testing.T) {
		days := []tally.Day{{Date: today, Counts: tally.Counts{Other: 1}, Clues: tally.Clues{Permanent: 1}}}
		if got := early.Judge(standard, days, tally.Occasion{Now: noonToday, Swept: true, May: may}); len(got) > 0 {
			t.Errorf("due: %+v", got)
		}
	})
}

func TestWarnRuleHasTheDaysThatItGoesByAsEvidence(t *testing.T) {
	down, wrong := tally.Counts{Other: 9}, tally.Counts{Error: 1}
	for reason, c := range map[tally.Reason]struct {
		days []tally.Day
		want []tally.Day
	}{
		tally.Dead:    {ending(today, wrong, tally.Counts{Success: 1}, down, tally.Counts{}, down), ending(today, down, tally.Counts{}, down)},
		tally.Error:   {ending(today, wrong, wrong, wrong), ending(today, append(each(4, tally.Counts{}), wrong, wrong, wrong)...)},
		tally.Timeout: {ending(today, tally.Counts{Timeout: 600}), ending(today, append(each(6, tally.Counts{}), tally.Counts{Timeout: 600})...)},
	} {
		threats := early.Judge(byDefault, c.days, tally.Occasion{Now: noonToday, May: may})
		if len(threats) != 1 || threats[0].Reason != reason {
			t.Fatalf("%s: due %+v", reason, threats)
		}
		if diff := cmp.Diff(c.want, threats[0].Evidence); diff != "" {
			t.Errorf("%s: evidence (-want +got):\n%s", reason, diff)
		}
	}
}

func TestWarnRuleRulesOutADayWithASuccessThatIsNowhereNearAWarning(t *testing.T) {
	for _, c := range []struct {
		name string
		day  tally.Day
		want bool
	}{
		{"a success", tally.Day{Counts: tally.Counts{Success: 1, Error: 5}}, true},
		{"no success", tally.Day{Counts: tally.Counts{Error: 5}}, false},
		{"half of the time-outs", tally.Day{Counts: tally.Counts{Success: 1, Timeout: 500}}, false},
		{"half of the time-outs of a large app", tally.Day{Counts: tally.Counts{Success: 501, Timeout: 500}}, true},
		{"fewer", tally.Day{Counts: tally.Counts{Success: 1, Timeout: 499}}, true},
		{"a failure that does not pass since the success", tally.Day{Counts: tally.Counts{Success: 1, Timeout: 1}, Clues: tally.Clues{Permanent: 1}}, false},
	} {
		if got := early.RulesOut(byDefault, c.day); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
