package notice

import (
	"fmt"
	"slices"
	"strconv"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// explain says, in a sentence each, what was counted, why that disables an app,
// and how to fix it.
func (m *message) explain(n platform.Notice) {
	reason := tally.Reason(n.Reason)
	if len(n.Evidence) == 0 {
		reason = "" // there are no counts to explain
	}
	w := wordsOf(n.App.Kind)
	m.Cause, m.Happened, m.Rule = w.cause, w.tooMany, m.Platform+" disables an integration that keeps failing, to spare both sides."
	if n.App.Kind.CalledByPlatform() {
		m.Advice = m.adviceOnProvider(reason)
	} else {
		m.Advice = m.adviceOnReceiver(reason)
	}
	r, decided := ruleOf(n), deciding(n)
	on, many := longDay(decided.Date), counted(decided, n.Reason)
	switch reason {
	case tally.Fatal: // only the platform's own calls can be fatal
		m.Cause = "of a fatal error"
		m.Happened = fmt.Sprintf("On %s, %s to the integration ended in a fatal error.", on, calls().of(many))
		m.Rule = fmt.Sprintf("A single fatal error is enough for %s to disable an integration.", m.Platform)
	case tally.Gone:
		m.Happened = fmt.Sprintf(w.gone, on, times(many))
		m.Rule = fmt.Sprintf("%s disables an integration when that happens %s or more in one day.", m.Platform, times(max(r.GoneThreshold, 1)))
	case tally.Timeout:
		m.Happened = fmt.Sprintf("On %s, %s got no complete answer in time or lost the connection.", on, w.of(many))
		m.Rule = fmt.Sprintf("%s disables an integration when that happens %s or more in one day%s.", m.Platform, times(r.TimeoutThreshold), w.share(r))
	case tally.Error:
		m.Happened = fmt.Sprintf("On %s, %ss were answered with errors, and not a single one succeeded.", allDays(n.Evidence), w.one)
		m.Rule = fmt.Sprintf("%s disables an integration when that happens %s.", m.Platform, inARow(len(n.Evidence)))
	case tally.Dead:
		m.Happened = fmt.Sprintf("Since %s, %s failed, and not a single one succeeded.", longDay(n.Evidence[0].Date), w.of(failures(n.Evidence)))
		m.Rule = fmt.Sprintf("%s disables an integration when nothing but failures came back for %s.", m.Platform, atLeastDays(r.DeadDays))
	}
}

// ruleOf is the rule by which the app was judged. Notices from older versions
// have no rule and get the usual one.
func ruleOf(n platform.Notice) tally.Rule {
	if n.Rule == nil {
		return tally.Rule{TimeoutThreshold: 1000, GoneThreshold: 3, DeadDays: 5}
	}
	return *n.Rule
}

// deciding is the day that disabled the app: the newest that reaches the reason's
// threshold, or if there is none, the day that comes closest.
func deciding(n platform.Notice) tally.Day {
	r := ruleOf(n)
	threshold := map[tally.Reason]int64{tally.Fatal: 1, tally.Gone: r.GoneThreshold, tally.Timeout: r.TimeoutThreshold, tally.Error: 1}[tally.Reason(n.Reason)]
	var nearest tally.Day
	for _, d := range slices.Backward(n.Evidence) {
		if counted(d, n.Reason) >= max(threshold, 1) && (n.Reason != string(tally.Gone) || d.Success == 0) {
			return d
		}
		if nearest.Date == "" || counted(d, n.Reason) > counted(nearest, n.Reason) {
			nearest = d
		}
	}
	return nearest
}

// failures is the total number of failed webhooks.
func failures(days []tally.Day) (sum int64) {
	for _, d := range days {
		sum += d.Failures()
	}
	return sum
}

func atLeastDays(n int) string {
	if n == 1 {
		return "at least a day"
	}
	return fmt.Sprintf("at least %d days", n)
}

// oneDayDecides reports whether a single day is enough for the reason.
func oneDayDecides(reason string) bool {
	r := tally.Reason(reason)
	return r == tally.Fatal || r == tally.Gone || r == tally.Timeout
}

// counted is how many of a reason's outcomes a day has.
func counted(d tally.Day, reason string) int64 {
	switch tally.Reason(reason) {
	case tally.Fatal:
		return d.Fatal
	case tally.Gone:
		return d.Gone
	case tally.Timeout:
		return d.Timeout
	case tally.Error:
		return d.Error
	case tally.Dead:
		return d.Failures()
	}
	return 0
}

func allDays(days []tally.Day) string {
	if len(days) == 1 {
		return longDay(days[0].Date)
	}
	return fmt.Sprintf("each of the %d days up to %s", len(days), longDay(days[len(days)-1].Date))
}

func inARow(days int) string {
	if days == 1 {
		return "on one day"
	}
	return fmt.Sprintf("for %d days in a row", days)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return count(n) + " times"
}

// count writes a number with commas.
func count(n int64) string {
	digits := strconv.FormatInt(max(n, 0), 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// short is count for columns that must fit on a phone. From 100,000 on it is in
// thousands or millions, rounded down.
func short(n int64) string {
	switch {
	case n >= 10_000_000:
		return count(n/1_000_000) + "M"
	case n >= 1_000_000:
		return fmt.Sprintf("%d.%dM", n/1_000_000, n/100_000%10)
	case n >= 100_000:
		return count(n/1000) + "k"
	}
	return count(n)
}
