package buffer

import "slices"

// Rule says when an app is broken. The zero thresholds mean: TimeoutThreshold
// is not allowed to be zero, GoneThreshold 0 turns that line off, TimeoutMinShare
// 0 asks for no share, WindowDays is at least 1.
type Rule struct {
	WindowDays       int
	TimeoutThreshold int64
	TimeoutMinShare  float64 // of the day's counted attempts, 0 to 1
	GoneThreshold    int64
}

// Reason is why an app is broken.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	Fatal   Reason = "fatal"   // the platform reported a fatal outcome
	Gone    Reason = "gone"    // the receiver said for good that it is gone
	Timeout Reason = "timeout" // very many time-outs and broken connections in one day
	Error   Reason = "error"   // errors on every day of the window, and no success
)

// Verdict is what the rule says about an app.
type Verdict struct {
	Broken   bool
	Reason   Reason // empty unless broken
	Evidence []Day  // the window, oldest day first, WindowDays elements
}

// Judge applies the rule to the WindowDays days that end with the day last.
// The days given may be in any order, lack those without counts, and go on
// after last: a success on a later day makes all days before it count for
// nothing, since the verdict is about now.
func (r Rule) Judge(days []Day, last Date) Verdict {
	counts := make(map[Date]Counts, len(days))
	var recovered Date // the newest day with a success
	for _, d := range days {
		counts[d.Date] = counts[d.Date].Plus(d.Counts)
		if d.Success > 0 {
			recovered = max(recovered, d.Date)
		}
	}
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
		kinds = append(kinds, r.kind(day.Counts))
	}
	v.Reason = verdict(kinds)
	v.Broken = v.Reason != ""
	return v
}

// RulesOut reports whether a day's own counts are enough to know that a window
// ending with it is healthy: it has a success, which clears the days before it,
// and is not itself fatal, gone or timeout.
func (r Rule) RulesOut(c Counts) bool { return c.Success > 0 && r.kind(c) == "" }

// kind is the first line of the rule that fits one day; empty if none does.
func (r Rule) kind(c Counts) Reason {
	switch attempts := c.Success + c.Error + c.Timeout + c.Fatal; {
	case c.Fatal > 0:
		return Fatal
	case r.GoneThreshold > 0 && c.Gone >= r.GoneThreshold && c.Success == 0:
		return Gone
	case c.Timeout >= r.TimeoutThreshold && float64(c.Timeout)/float64(attempts) >= r.TimeoutMinShare:
		return Timeout
	case c.Error > 0 && c.Success == 0:
		return Error
	}
	return ""
}

// verdict is the reason for which a window of days is broken; empty if it is
// healthy. One fatal, gone or timeout day is enough; errors must fill it.
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
