package tally

import "slices"

// JudgeNow is the verdict on an app today: of the windows that end with those of the given
// dates on which it failed, the newest first, and then of Dead. Verdicts for a reason that
// breaks does not want are passed over. The days are as for Judge, from the earlier of First
// of the earliest date and FirstDead.
func (r Rule) JudgeNow(days []Day, dates []Date, today Date, breaks func(Reason) bool) Verdict {
	for _, last := range slices.Backward(slices.Sorted(slices.Values(dates))) {
		if !slices.ContainsFunc(days, func(d Day) bool { return d.Date == last && d.Failed() }) {
			continue
		}
		if v := r.Judge(days, last); v.Broken && breaks(v.Reason) {
			return v
		}
	}
	if v := r.JudgeDead(days, today); v.Broken && breaks(v.Reason) {
		return v
	}
	return Verdict{}
}
