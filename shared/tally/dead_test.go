package tally_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hookwarden/shared/tally"
)

// byDefault is the rule with the template's defaults, Dead and share included.
var byDefault = with(func(r *tally.Rule) { r.DeadDays, r.TimeoutMinShare = 5, 0.5 })

func TestJudgeDeadNeedsTenFailuresOnThreeDaysOverFiveDays(t *testing.T) {
	var (
		none  = tally.Counts{}
		one   = tally.Counts{Other: 1}
		many  = tally.Counts{Other: 100}
		four  = tally.Counts{Other: 4}
		fine  = tally.Counts{Success: 1}
		alert = tally.Counts{Alive: 1}
		off   = with(func(*tally.Rule) {})
		long  = with(func(r *tally.Rule) { r.DeadDays = 30 })
	)
	for _, c := range []struct {
		name string
		rule tally.Rule
		days []tally.Day
		want bool
	}{
		{"ten failures on three days, the first five days ago", byDefault, ending(today, four, none, none, four, none, tally.Counts{Other: 2}), true},
		{"nine failures", byDefault, ending(today, four, none, none, four, none, one), false},
		{"two days", byDefault, ending(today, tally.Counts{Other: 9}, none, none, none, none, none, tally.Counts{Other: 9}), false},
		{"ten thousand failures on one day", byDefault, ending(today, tally.Counts{Other: 10_000}), false},
		{"the first of them four days ago", byDefault, ending(today, many, many, none, many, none), false},
		{"quiet since", byDefault, ending(today, four, four, four, none, none, none, none), true},
		{"quiet on weekends", byDefault, ending(today, many, none, none, many, many), false},
		{"quiet on weekends, a week", byDefault, ending(today, four, none, none, four, four, none, none, four), true},
		{"failures of any kind", byDefault, ending(today, tally.Counts{Error: 3}, none, tally.Counts{Timeout: 3}, none, none, tally.Counts{Other: 4}), true},
		{"a 410 is one failure", byDefault, ending(today, tally.Counts{Error: 3, Gone: 3}, none, tally.Counts{Error: 3, Gone: 3}, none, none, one), false},
		{"a success on the last day", byDefault, ending(today, four, none, none, four, none, tally.Counts{Other: 9, Success: 1}), false},
		{"a success days ago, failures enough since", byDefault, ending(today, fine, four, none, none, four, none, four), true},
		{"a success days ago, failures enough only with those before", byDefault, ending(today, four, four, fine, four, none, none, none, none, one), false},
		{"failures on the day of the success do not count", byDefault, ending(today, tally.Counts{Other: 9, Success: 1}, none, none, none, four, four), false},
		{"an alert rule's webhook succeeds", byDefault, ending(today, four, none, none, four, none, four, alert), false},
		{"a success tomorrow, on another function's clock", byDefault, append(ending(today, four, none, none, four, none, four), ending(today.Plus(1), fine)...), false},
		{"within thirty days", byDefault, ending(today.Plus(-27), four, four, four), true},
		{"before thirty days", byDefault, ending(today.Plus(-28), four, four, four), false},
		{"turned off", off, ending(today, four, four, four, four, four, four, four), false},
		{"thirty days, which no window has", long, ending(today, each(30, four)...), false},
		{"nothing", byDefault, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := c.rule.JudgeDead(c.days, today)
			if v.Broken != c.want || (v.Reason == tally.Dead) != c.want {
				t.Errorf("got broken %t, reason %q", v.Broken, v.Reason)
			}
		})
	}
}

func TestJudgeDeadHasEvidenceFromTheFirstFailureUntilToday(t *testing.T) {
	four := tally.Counts{Other: 4}
	v := byDefault.JudgeDead(ending(today, tally.Counts{Success: 3}, tally.Counts{}, four, four, four, tally.Counts{}, tally.Counts{}, tally.Counts{}), today)
	want := []tally.Day{{Date: "2026-11-19", Counts: four}, {Date: "2026-11-20", Counts: four}, {Date: "2026-11-21", Counts: four},
		{Date: "2026-11-22"}, {Date: "2026-11-23"}, {Date: "2026-11-24"}}
	if diff := cmp.Diff(want, v.Evidence); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
}

func TestJudgeTakesTimeOutsAsAShareOfTwoDays(t *testing.T) {
	for _, c := range []struct {
		name string
		days []tally.Day
		want tally.Reason
	}{
		{"an app that restarts at midnight, well the day before", ending(today, tally.Counts{Success: 80_000}, tally.Counts{Timeout: 1000}), ""},
		{"half of both days", ending(today, tally.Counts{Success: 1000}, tally.Counts{Timeout: 1000}), tally.Timeout},
		{"one more success", ending(today, tally.Counts{Success: 1001}, tally.Counts{Timeout: 1000}), ""},
		{"nothing the day before", ending(today, tally.Counts{Timeout: 1000}), tally.Timeout},
		{"other failures are attempts too", ending(today, tally.Counts{Other: 1001}, tally.Counts{Timeout: 1000}), ""},
		{"the day before the window's first counts", ending(today, append([]tally.Counts{{Success: 80_000}, {Timeout: 1000}}, each(6, tally.Counts{})...)...), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v := byDefault.Judge(c.days, today); v.Reason != c.want {
				t.Errorf("got %q, want %q", v.Reason, c.want)
			}
		})
	}
}

func TestJudgeDeadIsNeverForOneMoreSuccess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := drawDays(t, 30)
		alive := rapid.SampledFrom([]tally.Counts{{Success: 1}, {Alive: 1}}).Draw(t, "success")
		date := today.Plus(-rapid.IntRange(-1, 30).Draw(t, "back"))
		after := byDefault.JudgeDead(append(days, tally.Day{Date: date, Counts: alive}), today)
		if !byDefault.JudgeDead(days, today).Broken && after.Broken {
			t.Fatalf("%+v on %s killed it", alive, date)
		}
	})
}

// history reports whether an app answers at an hour, counted from the first.
type history func(hour int) bool

// The histories that a receiver may have. dead is when it stops for good.
func histories(r *rand.Rand, dead int) map[string]history {
	outage := 2 + r.IntN(70) // hours
	period := 1 + r.IntN(24)
	return map[string]history{
		"dead":                func(hour int) bool { return hour < dead },
		"out for a while":     func(hour int) bool { return hour < dead || hour >= dead+outage },
		"flapping":            func(hour int) bool { return hour/period%2 == 0 },
		"half of all fails":   func(int) bool { return r.IntN(2) == 0 },
		"our network is down": func(hour int) bool { return hour < dead || hour >= dead+12 },
		"always well":         func(int) bool { return true },
	}
}

// What Dead must achieve by itself, over receivers that get 0.3 to 5,000 webhooks
// a day, a third of them none on weekends: it disables no app that still answers,
// and finds nine of ten that are gone for good. (Of the receivers that fail at
// random half of the time, one in a thousand fails ten times in a row: other seeds
// disable up to two of six hundred, all of them with fewer than three webhooks a
// day.)
func TestJudgeDeadCutsNobodyWhoAnswersAndFindsWhoIsGone(t *testing.T) {
	const rounds, length = 120, 45 // apps of each kind, and days
	r := rand.New(rand.NewPCG(1, 5))
	found, gone, wrong := 0, 0, 0
	for round := range rounds {
		perDay := 0.3 * math.Pow(5000/0.3, float64(round)/(rounds-1))
		weekdays := round%3 == 0
		dead := 24 * (1 + r.IntN(7))
		kinds := histories(r, dead)
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			cut := cutOn(r, kinds[kind], perDay, weekdays, length)
			switch {
			case kind == "dead" && cut >= 0:
				found++
			case kind != "dead" && cut >= 0:
				wrong++
				t.Errorf("%s, %.1f a day: cut on day %d", kind, perDay, cut)
			}
		}
		gone++
	}
	t.Logf("%d of %d dead found, %d cut wrongly", found, gone, wrong)
	if found < gone*9/10 {
		t.Errorf("only %d of %d dead were found", found, gone)
	}
}

// cutOn is the day on which the rule calls an app dead, if it is applied every
// twelve hours; -1 if it never does.
func cutOn(r *rand.Rand, answers history, perDay float64, weekdays bool, length int) int {
	var days []tally.Day
	for day := range length {
		date := today.Plus(day)
		days = append(days, tally.Day{Date: date})
		for hour := range 24 {
			if sends := !weekdays || day%7 < 5; sends {
				n := poisson(r, perDay/24)
				for range min(n, 20) { // more in one hour show nothing new
					if answers(24*day + hour) {
						days[day].Success++
					} else {
						days[day].Other++
					}
				}
			}
			if hour%12 == 11 && byDefault.JudgeDead(days[max(0, day-40):], date).Broken {
				return day
			}
		}
	}
	return -1
}

func poisson(r *rand.Rand, mean float64) int {
	if mean > 30 {
		return int(mean)
	}
	n, p := 0, r.Float64()
	for limit := math.Exp(-mean); p > limit; n++ {
		p *= r.Float64()
	}
	return n
}
