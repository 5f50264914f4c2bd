package notice

import (
	"fmt"
	"strconv"
	"strings"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// sayWarning says, before an app is disabled, what fails, since when, and what will
// happen and when if nothing changes.
func (m *message) sayWarning(n platform.Notice, c *Composer) {
	w := wordsOf(n.App.Kind)
	m.Subject = "Your " + m.App + " integration is failing"
	m.Failing = w.failing
	m.Days = c.daysTable(n)
	warning, reason := warningOf(n), tally.Reason(n.Reason)
	m.Rule = m.whatHappens(warning, n)
	switch warning.Level {
	case platform.LevelTimeouts:
		m.Happened, reason = w.timeouts(n.Evidence), tally.Timeout
	case platform.LevelPermanent:
		m.Happened = w.permanent
	default:
		m.Happened = fmt.Sprintf("%s, %ss have been failing, and not a single one has succeeded. The count of days starts again as soon as one succeeds.",
			sinceWhen(warning.Day, n.Evidence), w.one)
	}
	if reason == "" { // the message does not have it
		reason = tally.Dead
	}
	if n.App.Kind.CalledByPlatform() {
		m.Advice = m.adviceOnProvider(reason)
	} else {
		m.Advice = m.adviceOnReceiver(reason)
	}
	m.diagnose(n)
}

// warningOf is the notice's warning. If it has no day, the day is taken from its
// level.
func warningOf(n platform.Notice) platform.Warning {
	var warning platform.Warning
	if n.Warning != nil {
		warning = *n.Warning
	}
	if day, ok := strings.CutPrefix(string(warning.Level), "days:"); ok && warning.Day == 0 {
		warning.Day, _ = strconv.Atoi(day) // 0 if it cannot be read, which is unknown
	}
	return warning
}

// whatHappens is what will happen to the app, and when, if nothing changes.
func (m *message) whatHappens(warning platform.Warning, n platform.Notice) string {
	r, w, reason := ruleOf(n), wordsOf(n.App.Kind), tally.Reason(n.Reason)
	if warning.Level == platform.LevelTimeouts {
		reason = tally.Timeout
	}
	switch {
	case warning.CutOn != "":
		return fmt.Sprintf("If nothing changes, %s will disable the integration on %s.", m.Platform, longDay(tally.Date(warning.CutOn)))
	case reason == tally.Timeout && r.TimeoutMinShare > 0:
		return fmt.Sprintf("%s will disable the integration once %s of one day time out or lose the connection, if they are at least %s of the %ss of that day and the day before.",
			m.Platform, w.of(r.TimeoutThreshold), percentage(r.TimeoutMinShare), w.one)
	case reason == tally.Timeout:
		return fmt.Sprintf("%s will disable the integration once %s of one day time out or lose the connection.", m.Platform, w.of(r.TimeoutThreshold))
	case reason == tally.Gone:
		return fmt.Sprintf("%s will disable the integration once %s of one day are answered with 410 Gone and none succeeds.", m.Platform, w.of(max(r.GoneThreshold, 1)))
	}
	return fmt.Sprintf("If this goes on, %s will disable the integration.", m.Platform)
}

// sinceWhen is the first day of a run of failing days of which the last evidence is the
// given day. That day may have no failure yet, so it does not say for how long.
func sinceWhen(day int, evidence []tally.Day) string {
	if day == 0 || len(evidence) == 0 {
		return "For " + daysLong(day)
	}
	return "Since " + longDay(evidence[len(evidence)-1].Date.Plus(1-day))
}

// daysLong is a number of days in words; 0 is unknown.
func daysLong(n int) string {
	switch n {
	case 0:
		return "days"
	case 1:
		return "a day"
	}
	return strconv.Itoa(n) + " days"
}

// timeouts says how many time-outs there were on the newest day of the evidence,
// the day of the warning.
func (w words) timeouts(days []tally.Day) string {
	if len(days) == 0 || days[len(days)-1].Timeout == 0 {
		return fmt.Sprintf("Many %ss get no complete answer in time or lose the connection.", w.one)
	}
	today := days[len(days)-1]
	return fmt.Sprintf("On %s, %s got no complete answer in time or lost the connection.", longDay(today.Date), w.of(today.Timeout))
}

func (m message) warningText() string {
	return m.hello() + `

` + m.Failing + ` your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + ` are failing. ` + m.Rule + `
` + m.webhookURLText() + `

WHY

` + m.diagnosisText() + m.Happened + `
` + m.Days.text() + m.Example.text() + `

WHAT TO DO

` + m.Advice + `
` + indented(m.DashboardURL) + m.settingsOfText() + `
` + m.footer() + `
`
}

func (m message) warningPage() markup {
	return m.page(m.title(`is failing`) + m.greeting() +
		paragraph(esc(m.Failing)+` your `+m.integration()+` are failing. <b>`+esc(m.Rule)+`</b>`) +
		m.webhookURL() +
		heading(`Why`) + m.diagnosis() + paragraph(esc(m.Happened)) + m.Days.html() + m.Example.html() +
		heading(`What to do`) + paragraph(esc(m.Advice)+m.dashboardLink()) + m.settingsButton())
}
