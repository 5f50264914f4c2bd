package tally_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hookwarden/shared/tally"
)

// What warnings on days must hold, over the receivers of TestJudgeDeadCutsNobodyWhoAnswersAndFindsWhoIsGone:
// if an app is disabled, its owners were warned on an earlier day; if it still answers, they are
// hardly ever warned. (An outage of more than two days is worth a mail.)
func TestWarnRuleWarnsWhoIsCutBeforeAndHardlyAnyoneWhoAnswers(t *testing.T) {
	const rounds, length = 120, 45 // apps of each kind, and days
	r := rand.New(rand.NewPCG(1, 5))
	warned, mails, cut, unwarned := map[string]int{}, map[string]int{}, 0, 0
	var late, ahead []int // days from the first failure to the first warning, and from there to the cut
	for round := range rounds {
		perDay := 0.3 * math.Pow(5000/0.3, float64(round)/(rounds-1))
		weekdays := round%3 == 0
		kinds := histories(r, 24*(1+r.IntN(7)))
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			s := simulate(r, kinds[kind], perDay, weekdays, length)
			if len(s.warnings) > 0 {
				warned[kind]++
			}
			mails[kind] += len(s.warnings)
			if s.cut < 0 {
				continue
			}
			cut++
			if len(s.warnings) == 0 || s.warnings[0] >= s.cut {
				unwarned++
				t.Errorf("%s, %.1f a day: cut on day %d, warned on %v", kind, perDay, s.cut, s.warnings)
				continue
			}
			late, ahead = append(late, s.warnings[0]-s.firstFailure), append(ahead, s.cut-s.warnings[0])
		}
	}
	slices.Sort(late)
	slices.Sort(ahead)
	for _, kind := range slices.Sorted(maps.Keys(warned)) {
		t.Logf("%-22s %3d of %d warned, %d mails", kind, warned[kind], rounds, mails[kind])
	}
	t.Logf("%d cut, %d of them unwarned; first warning %d days after the first failure (median, nine of ten within %d), %d days before the cut (median, least %d)",
		cut, unwarned, late[len(late)/2], late[len(late)*9/10], ahead[len(ahead)/2], ahead[0])
	for _, kind := range []string{"always well", "our network is down"} {
		if warned[kind] > 0 {
			t.Errorf("%s: %d are warned", kind, warned[kind])
		}
	}
	if warned["dead"] < rounds*9/10 || warned["flapping"]+warned["half of all fails"] > 2*rounds/10 {
		t.Errorf("warned: %v", warned)
	}
}

// simulated is what happened to an app, in days from the first.
type simulated struct {
	warnings          []int // each with a mail
	firstFailure, cut int   // of the newest run; cut is -1 if the app was not disabled
}

// simulate judges an app every twelve hours. It gives a level once until a success.
func simulate(r *rand.Rand, answers history, perDay float64, weekdays bool, length int) (s simulated) {
	var days []tally.Day
	given := map[tally.Level]bool{}
	s.cut, s.firstFailure = -1, -1
	for day := range length {
		date := today.Plus(day)
		days = append(days, tally.Day{Date: date})
		for hour := range 24 {
			if sends := !weekdays || day%7 < 5; sends {
				n := poisson(r, perDay/24)
				for range min(n, 20) { // more in one hour show nothing new
					switch {
					case answers(24*day + hour):
						days[day].Success++
						s.firstFailure = -1
						clear(given)
					default:
						days[day].Other++
						if s.firstFailure < 0 {
							s.firstFailure = day
						}
					}
				}
			}
			if hour%12 != 11 {
				continue
			}
			seen := days[max(0, day-40):]
			if byDefault.JudgeDead(seen, date).Broken {
				s.cut = day
				return s
			}
			now := date.End().Add(-time.Duration(24-hour) * time.Hour)
			fresh := false
			for _, threat := range early.Judge(byDefault, seen, tally.Occasion{Now: now, May: may}) {
				fresh = fresh || !given[threat.Level]
				given[threat.Level] = true
			}
			if fresh {
				s.warnings = append(s.warnings, day)
			}
		}
	}
	return s
}
