package tally

import "slices"

// JudgeNow is the verdict on an app today. It judges the windows that end with those of the
// given dates on which the app failed, newest first, and then Dead. It ignores verdicts for
// reasons that breaks does not accept. The days are as for Judge, from First of the earliest
// date or FirstDead, whichever is earlier.
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
