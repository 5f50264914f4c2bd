package notice

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// explain says in a sentence each what was counted, why that disables an app,
// and how to fix it.
func (c *Composer) explain(n platform.Notice) (happened, rule, advice string) {
	name, r := clean(c.config.PlatformName, nameLimit), ruleOf(n)
	decided := deciding(n)
	on, many := longDay(decided.Date), counted(decided, n.Reason)
	reason := tally.Reason(n.Reason)
	if len(n.Evidence) == 0 {
		reason = "" // nothing to speak of
	}
	switch reason {
	case tally.Fatal:
		return fmt.Sprintf("On %s, %s ended in a fatal error.", on, webhooks(many)),
			fmt.Sprintf("A single fatal error is enough for %s to disable an integration.", name),
			"Look up the failed requests on the integration's dashboard and fix what went wrong."
	case tally.Gone:
		return fmt.Sprintf("On %s, the webhook URL answered %s with 410 Gone, which says that it is gone for good, and no webhook succeeded.",
				on, times(many)),
			fmt.Sprintf("%s disables an integration when that happens %s or more in one day.", name, times(max(r.GoneThreshold, 1))),
			"Check the webhook URL. If your receiver has moved, enter its new address in the settings; if it is still there, find out why it answers 410."
	case tally.Timeout:
		return fmt.Sprintf("On %s, %s got no complete answer in time or lost the connection.", on, webhooks(many)),
			fmt.Sprintf("%s disables an integration when that happens %s or more in one day%s.", name, times(r.TimeoutThreshold), share(r)),
			"Make sure that your receiver is up and can be reached. Let it answer each webhook with a 2xx status right away, and do its work afterwards."
	case tally.Error:
		return fmt.Sprintf("On %s, webhooks were answered with errors, and not a single one succeeded.", allDays(n.Evidence)),
			fmt.Sprintf("%s disables an integration when that is so %s.", name, inARow(len(n.Evidence))),
			"Look up the failed requests on the integration's dashboard, and let your receiver answer webhooks with a 2xx status again."
	case tally.Dead:
		return fmt.Sprintf("Since %s, %s failed, and not a single one succeeded.", longDay(n.Evidence[0].Date), webhooks(failures(n.Evidence))),
			fmt.Sprintf("%s disables an integration when nothing but failures came back for %s.", name, atLeastDays(r.DeadDays)),
			"Check the webhook URL, and make sure that your receiver is up and answers webhooks with a 2xx status. The dashboard shows what came back instead."
	}
	return "Too many of its webhooks failed.",
		fmt.Sprintf("%s disables an integration whose webhooks keep failing, to spare both sides.", name),
		"Look up the failed requests on the integration's dashboard, and let your receiver answer webhooks with a 2xx status again."
}

// ruleOf is the rule by which the app was judged. Notices that an older version
// queued have none: they get the usual one.
func ruleOf(n platform.Notice) platform.NoticeRule {
	if n.Rule == nil {
		return platform.NoticeRule{TimeoutThreshold: 1000, GoneThreshold: 3, DeadDays: 5}
	}
	return *n.Rule
}

// deciding is the day that disabled the app: the newest that reaches the reason's
// threshold. If there is none it is the day that comes nearest.
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

// failures is how many webhooks failed in all.
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

// counted is what a day has of a reason's outcomes.
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

func share(r platform.NoticeRule) string {
	if r.TimeoutMinShare == 0 {
		return ""
	}
	percent := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", 100*r.TimeoutMinShare), "0"), ".")
	return fmt.Sprintf(" and to at least %s%% of the webhooks of that day and the day before", percent)
}

func webhooks(n int64) string {
	if n == 1 {
		return "1 webhook"
	}
	return count(n) + " webhooks"
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

// short is count for columns that must fit on a phone: from 100,000 on in
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
