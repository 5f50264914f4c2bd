package tally

import "slices"

// Rule says when an app is broken. TimeoutThreshold and WindowDays are at least
// 1. GoneThreshold 0 and DeadDays 0 turn their lines off. TimeoutMinShare 0
// requires no share.
type Rule struct {
	WindowDays       int     `json:"window_days"`
	TimeoutThreshold int64   `json:"timeout_threshold"`
	TimeoutMinShare  float64 `json:"timeout_min_share"` // share of the counted attempts of the day and the day before it, 0 to 1
	GoneThreshold    int64   `json:"gone_threshold"`
	DeadDays         int     `json:"dead_days"` // how long before today the first failure must be
}

// Reason is why an app is broken.
type Reason string

// The reasons, in the order in which they are checked.
const (
	Fatal   Reason = "fatal"   // the platform reported a fatal outcome
	Gone    Reason = "gone"    // the receiver said that it is permanently gone
	Timeout Reason = "timeout" // very many time-outs and broken connections in one day
	Error   Reason = "error"   // errors on every day of the window, and no success
	Dead    Reason = "dead"    // nothing but failures, for days
)

// What failures must be, in addition to DeadDays, for an app to be dead. They
// must be on several days, so that one bad day is not enough. There must be
// enough of them, so that an app that is seldom sent anything has had its
// chances.
const (
	deadWindow      = 30 // days, today included
	deadFailingDays = 3
	deadFailures    = 10
)

// Verdict is what the rule says about an app.
type Verdict struct {
	Broken   bool
	Reason   Reason // empty unless broken
	Evidence []Day  // oldest day first, zeros included: the window, or for Dead from its first failing day to today
}

// First is the first day that Judge looks at for the window that ends with the
// day last.
func (r Rule) First(last Date) Date { return last.Plus(-r.WindowDays) }

// FirstDead is the first day that JudgeDead looks at.
func FirstDead(today Date) Date { return today.Plus(1 - deadWindow) }

// Judge applies the rule except Dead to the WindowDays days that end with the
// day last. The given days may be in any order and may lack days without counts.
// They may begin before the window, since the share of time-outs needs one more
// day. They may go on after last: the verdict is about now, so a success on a
// later day cancels all days before it.
func (r Rule) Judge(days []Day, last Date) Verdict {
	counts := byDate(days)
	recovered := newest(days, func(c Counts) bool { return c.Success > 0 })
	v := Verdict{Evidence: make([]Day, 0, r.WindowDays)}
	kinds := make([]Reason, 0, r.WindowDays)
	for i := r.WindowDays - 1; i >= 0; i-- {
		day := Day{Date: last.Plus(-i)}
		day.Counts = counts[day.Date]
		v.Evidence = append(v.Evidence, day)
		if day.Date < recovered {
			kinds = append(kinds, "")
			continue
		}
		kinds = append(kinds, r.kind(day.Counts, counts[day.Date.Plus(-1)]))
	}
	v.Reason = verdict(kinds)
	v.Broken = v.Reason != ""
	return v
}

// JudgeDead says whether an app does nothing but fail. Since its newest success,
// or within the last 30 days if it had none, it must have failed on at least 3
// days and at least 10 times, and for the first time DeadDays ago or earlier.
// Anything less is not dead, however many failures there are: one bad day, or a
// few failures, prove nothing. The days are as for Judge.
func (r Rule) JudgeDead(days []Day, today Date) Verdict {
	dead := r.deadRun(days, today)
	if r.DeadDays == 0 || dead.failing < deadFailingDays || dead.failures < deadFailures || dead.first > today.Plus(-r.DeadDays) {
		return Verdict{}
	}
	return Verdict{Broken: true, Reason: Dead, Evidence: between(byDate(days), dead.first, today)}
}

func byDate(days []Day) map[Date]Counts {
	counts := make(map[Date]Counts, len(days))
	for _, d := range days {
		counts[d.Date] = counts[d.Date].Plus(d.Counts)
	}
	return counts
}

// newest is the newest day with such counts; empty if there is none.
func newest(days []Day, so func(Counts) bool) (date Date) {
	for _, d := range days {
		if so(d.Counts) {
			date = max(date, d.Date)
		}
	}
	return date
}

// RulesOut reports whether a day's own counts show that a window ending with it
// is healthy. The day has a success, which clears the days before it. It is not
// itself fatal or gone, and has too few time-outs to need the day before it for
// their share.
func (r Rule) RulesOut(c Counts) bool {
	return c.Success > 0 && c.Timeout < r.TimeoutThreshold && r.kind(c, Counts{}) == ""
}

// kind is the first line of the rule that a day meets, given the counts of the
// day before it; empty if it meets none.
func (r Rule) kind(c, before Counts) Reason {
	switch {
	case c.Fatal > 0:
		return Fatal
	case r.GoneThreshold > 0 && c.Gone >= r.GoneThreshold && c.Success == 0:
		return Gone
	case c.Timeout >= r.TimeoutThreshold && share(c.Plus(before)) >= r.TimeoutMinShare:
		return Timeout
	case c.Error > 0 && c.Success == 0:
		return Error
	}
	return ""
}

// share is the part of the counted attempts that timed out.
func share(c Counts) float64 { return float64(c.Timeout) / float64(c.Attempts()) }

// verdict is the reason for which a window of days is broken; empty if it is
// healthy. One fatal, gone or timeout day is enough. Errors must be on every
// day.
func verdict(kinds []Reason) Reason {
	for _, reason := range []Reason{Fatal, Gone, Timeout} {
		if slices.Contains(kinds, reason) {
			return reason
		}
	}
	if slices.ContainsFunc(kinds, func(k Reason) bool { return k != Error }) {
		return ""
	}
	return Error
}
