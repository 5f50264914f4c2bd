package reading

import (
	"slices"
	"strings"
	"time"

	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/cmd/hookwarden/internal/words"
)

func showStatus(p *show.Page, a statusAnswer) {
	p.Line(show.Styled(show.Bold, "%s", a.Stack), show.Text("  mode %s, %s", a.Mode, p.Time(a.At.Time)))
	registered, more := "not known how many", ""
	if a.Apps.Registered != nil {
		registered = "about " + digits(*a.Apps.Registered)
	}
	if a.Apps.More {
		more = "+"
	}
	p.Line(show.Text("apps: %s registered, ", registered),
		numbered(a.Apps.FailingToday, more, "failing today", show.Warn), show.Text(", "),
		numbered(a.Apps.Warned, more, "warned", show.Warn), show.Text(", "),
		numbered(a.Apps.Disabled, more, "disabled", show.Bad))
	showBrake(p, "brake", "disablings", a.Brake)
	showBrake(p, "brake on warnings", "warnings", a.WarningBrake)
	p.Heading("Problems")
	if len(a.Problems) == 0 {
		p.SayIn(show.Good, "none that can be seen from here")
	}
	for _, one := range a.Problems {
		p.Item("%s", one.Problem)
		if one.Command != "" {
			p.Line(show.Styled(show.Dim, "    %s", one.Command))
		}
	}
	if a.Paused == nil {
		p.Item("Whether deliveries or disablings are paused is not known: your credentials may not ask.")
	}
	if a.Alarms == nil {
		p.Item("Whether alarms ring is not known: this engine does not say, or your credentials may not ask.")
	}
	showLately(p, "Disabled within a day", "BECAUSE", a.DisabledLately)
	showLately(p, "Warned within a day", "OF", a.WarnedLately)
	p.Heading("Queues")
	var rows [][]show.Cell
	for _, q := range slices.Concat(a.Queues, a.DeadLetters) {
		style := show.Plain
		if strings.HasSuffix(q.Name, "DLQ") && q.all() > 0 {
			style = show.Bad
		}
		rows = append(rows, []show.Cell{show.Styled(style, "%s", q.Name), show.Styled(style, "%s", digits(q.Waiting)),
			show.Text("%s", digits(q.Delayed)), show.Text("%s", digits(q.InFlight)), show.Text("%s", oldest(q))})
	}
	p.Table([]show.Column{{Head: "QUEUE"}, {Head: "WAITING", Right: true}, {Head: "DELAYED", Right: true},
		{Head: "IN FLIGHT", Right: true}, {Head: "OLDEST", Right: true}}, rows)
}

func numbered(n int, more, what string, style show.Style) show.Cell {
	if n == 0 {
		style = show.Plain
	}
	return show.Styled(style, "%s%s %s", digits(int64(n)), more, what)
}

func oldest(q queueLine) string {
	switch {
	case q.all() == 0:
		return "-"
	case q.OldestSeconds == nil:
		return "not known"
	}
	return show.Span(time.Duration(*q.OldestSeconds) * time.Second)
}

func showBrake(p *show.Page, name, of string, b brakeLine) {
	p.Line(show.Text("%s: %d of %d %s used in this clock hour", name, b.UsedThisHour, b.Limit, of))
	if !b.LatchedUntil.IsZero() {
		p.SayIn(show.Bad, "%s: latched until %s by %s (app %s)", name, p.Time(b.LatchedUntil.Time), b.Reason, b.LatchedBy)
	}
	if !b.OpenUntil.IsZero() {
		p.SayIn(show.Warn, "%s: opened by hand until %s, nothing latches", name, p.Time(b.OpenUntil.Time))
	}
}

func showLately(p *show.Page, title, why string, lines []standingLine) {
	if len(lines) == 0 {
		return
	}
	p.Heading("%s", title)
	const most = 10
	var rows [][]show.Cell
	for _, l := range lines[:min(len(lines), most)] {
		cause := words.Reason(l.Reason)
		if l.Level != "" {
			cause = words.Level(l.Level)
		}
		rows = append(rows, []show.Cell{show.Text("%s", l.ID), show.Text("%s", l.Name), show.Text("%s", p.Short(l.At.Time)), show.Text("%s", cause)})
	}
	p.Table([]show.Column{{Head: "APP"}, {Head: "NAME", Cut: true}, {Head: "SINCE (" + p.ZoneName() + ")"}, {Head: why, Cut: true}}, rows)
	if left := len(lines) - most; left > 0 {
		p.Say("and %d more", left)
	}
}
