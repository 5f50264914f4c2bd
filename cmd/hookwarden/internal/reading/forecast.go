package reading

import (
	"context"
	"fmt"
	"slices"

	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/env"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// readSettings are the settings by which apps are judged. They are the template's
// defaults, and live is false, if those of the stack cannot be read.
func readSettings(ctx context.Context, from *source) (settings env.Disable, live bool) {
	settings, err := from.settings.ReadDisable(ctx)
	if err == nil {
		return settings, true
	}
	return env.ReadDisable(env.NewReader(func(string) (string, bool) { return "", false })), false
}

// judge is what the rule says of an app today.
func judge(rule tally.Rule, days []tally.Day, today tally.Date) tally.Verdict {
	if v := rule.Judge(days, today); v.Broken {
		return v
	}
	return rule.JudgeDead(days, today)
}

// horizon is how many days a forecast looks ahead: longer than any window.
const horizon = 31

// cutOn is the first day on which the rule disables an app if each day from now on goes
// as its newest failing day did, without a success. Empty: on none of the next days.
func cutOn(rule tally.Rule, days []tally.Day, today tally.Date) (tally.Date, tally.Reason) {
	failed := slices.DeleteFunc(slices.Clone(days), func(d tally.Day) bool { return d.Failures() == 0 })
	if len(failed) == 0 {
		return "", ""
	}
	like := slices.MaxFunc(failed, func(a, b tally.Day) int {
		if a.Date < b.Date {
			return -1
		}
		return 1
	}).Counts
	like.Success, like.Alive = 0, 0
	future := slices.Clone(days)
	for i := range horizon {
		date := today.Plus(i)
		if i > 0 {
			future = append(future, tally.Day{Date: date, Counts: like})
		}
		if v := judge(rule, future, date); v.Broken {
			return date, v.Reason
		}
	}
	return "", ""
}

// next says what happens to an app if nothing is done.
func next(app platform.App, settings env.Disable, days []tally.Day, today tally.Date, latched bool) string { //nolint:revive // latched is a fact about the brake
	switch {
	case app.Deleted:
		return "Nothing: it is deleted."
	case app.Disabled():
		return "It stays disabled until somebody enables it: the platform, or `hookwarden enable " + app.ID + "`. Its subscriptions are kept."
	case !app.Counted(settings.Guarded):
		return fmt.Sprintf("Nothing: only apps with the status %s are judged, and this one is %s.", texts(settings.Guarded), app.Status)
	case app.Breaker == platform.BreakOff:
		return "Nothing: its breaker is off, so no rule disables it."
	}
	date, reason := cutOn(settings.Rule, days, today)
	switch {
	case date == "" && !app.Warned.At.IsZero() && app.Warned.RecoveredAt.IsZero():
		return "It has no failures that could disable it. Its owners are told that it works again once a webhook succeeded and an hour passed without a failure."
	case date == "":
		return "Nothing: it has no failures that could disable it."
	case !app.Breaker.BreaksFor(reason):
		return fmt.Sprintf("Nothing: its breaker is fatal, so failures such as these (%s) disable nobody.", reason)
	case settings.Mode == "observe":
		return fmt.Sprintf("If it goes on like this without a success, the rule would say %s on %s. DisableMode is observe, so it is only written down.", reason, date)
	case latched:
		return "The rule may say that it is broken, but the brake is latched: nobody is disabled until it is open again."
	case date == today:
		return fmt.Sprintf("It is about to be disabled, since %s. If it is not within the hour, look at `hookwarden status`.", words.Reason(string(reason)))
	}
	if succeedsStill(days) {
		return fmt.Sprintf("Nothing, as long as some of its webhooks succeed. If all failed from tomorrow on, it would be disabled on %s (UTC), because %s.",
			date, words.Reason(string(reason)))
	}
	return fmt.Sprintf("If it goes on like this without a success, it is disabled on %s (UTC), because %s. One success is enough to start again.",
		date, words.Reason(string(reason)))
}

// succeedsStill reports whether the newest day on which anything was counted has a success.
func succeedsStill(days []tally.Day) bool {
	var newest tally.Day
	for _, d := range days {
		if d.Date >= newest.Date && !d.IsZero() {
			newest = d
		}
	}
	return newest.Success+newest.Alive > 0
}

func texts[S ~string](list []S) string {
	s := ""
	for i, one := range list {
		switch {
		case i > 0 && i == len(list)-1:
			s += " or "
		case i > 0:
			s += ", "
		}
		s += string(one)
	}
	return s
}
