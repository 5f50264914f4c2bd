package simulate

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/tally"
)

// Commands are the commands of this package.
func Commands(s *session.Session) []*cobra.Command {
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Say whom another rule would disable or spare",
		Long: `Judge the stored counts by another rule, and compare with the live one: whom it would
disable or spare. It looks at the apps that a sweep looks at: those that failed in the
last days. An app that is disabled is judged as of when that was. Nothing is changed.

What you do not name is as in the live rule.`,
		Example: "  hookwarden simulate --dead-days 3\n  hookwarden simulate --timeout-threshold 200 --timeout-min-share 0.8 --output json | jq '.apps[] | select(.effect != \"same\")'",
		Args:    session.Args(),
	}
	for _, f := range parameters() {
		c.Flags().String(f.flag, "", f.help)
	}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		changed := make(map[string]string)
		for _, f := range parameters() {
			if flag := cmd.Flags().Lookup(f.flag); flag.Changed {
				changed[f.variable] = strings.TrimSpace(flag.Value.String())
			}
		}
		return simulate(cmd.Context(), s, changed)
	}
	return []*cobra.Command{c}
}

// parameter is one number of the rule.
type parameter struct{ flag, variable, help string }

func parameters() []parameter {
	return []parameter{
		{"dead-days", "DEAD_DAYS", "DeadDays: an app that does nothing but fail is dead after this many `DAYS` (0-29; 0: never)"},
		{"timeout-threshold", "TIMEOUT_THRESHOLD", "TimeoutThreshold: this many `TIME-OUTS` in a day"},
		{"timeout-min-share", "TIMEOUT_MIN_SHARE", "TimeoutMinShare: what `SHARE` of two days' attempts they must be (0-1)"},
		{"window-days", "WINDOW_DAYS", "WindowDays: how many `DAYS` of errors disable an app (1-30)"},
		{"gone-threshold", "GONE_THRESHOLD", "GoneThreshold: this many `ANSWERS` of 410 in a day (0: off)"},
	}
}

// rules are the live rule, and the one with the changes. The checks are those of the
// functions themselves.
func rules(variables, changed map[string]string) (live env.Disable, other tally.Rule, err error) {
	live, err = read(variables)
	if err != nil {
		return live, other, fault.NewFailed("The stack may be of another version: deploy this one.", "the settings of disable: %w", err)
	}
	if len(changed) == 0 {
		return live, other, fault.NewUsage("As in --dead-days 3.", "say what is to be different")
	}
	with := maps.Clone(variables)
	for variable, value := range changed {
		if value == "" {
			value = "nothing" // an empty variable is an absent one
		}
		with[variable] = value
	}
	changedTo, err := read(with)
	if err != nil {
		return live, other, fault.NewUsage("`hookwarden simulate --help` has the limits.", "no such rule: %w", err)
	}
	return live, changedTo.Rule, nil
}

func read(variables map[string]string) (env.Disable, error) {
	r := env.NewReader(func(name string) (string, bool) { v, ok := variables[name]; return v, ok })
	return env.ReadDisable(r), r.Err()
}

func simulate(ctx context.Context, s *session.Session, changed map[string]string) error {
	c, err := s.Open(ctx)
	if err != nil {
		return err
	}
	variables, err := c.Environment(ctx, "DISABLE_FUNCTION")
	if err != nil {
		return err
	}
	live, other, err := rules(variables, changed)
	if err != nil {
		return err
	}
	var bar *show.Progress
	begin := func(total int, what string) func(int) {
		if bar != nil {
			bar.Done()
		}
		bar = s.Progress(int64(total), what)
		return bar.Add
	}
	a, err := (&comparison{counts: dynamo.Buffer{API: c.DynamoDB, Table: live.BufferTable}, apps: dynamo.Apps{API: c.DynamoDB, Table: live.AppsTable},
		live: live.Rule, other: other, guarded: live.Guarded, now: s.Now(), begin: begin}).run(ctx)
	bar.Done()
	if err != nil {
		return err
	}
	return s.Print(a, func(p *show.Page) { printAnswer(p, a) })
}

func printAnswer(p *show.Page, a Answer) {
	p.Field("live rule", show.Text("%s", ruleText(a.LiveRule)))
	p.Field("other rule", show.Text("%s", ruleText(a.OtherRule)))
	groups := make(map[Effect][]Judged)
	for _, j := range a.Apps {
		groups[j.Effect] = append(groups[j.Effect], j)
	}
	p.Line()
	p.Say("Judged: %s that failed lately and may be disabled. Already disabled: %d. The other rule would disable %d more and spare %d; both call %d broken.",
		show.Count(a.Failing, "app", "apps"), a.Disabled, len(groups[Disables]), len(groups[Spares]), len(groups[Same]))
	printGroup(p, "Would be disabled", groups[Disables], func(j Judged) string { return j.Other })
	printGroup(p, "Would be spared", groups[Spares], func(j Judged) string { return j.Live })
}

const shownApps = 50

func printGroup(p *show.Page, title string, list []Judged, reason func(Judged) string) {
	if len(list) == 0 {
		return
	}
	p.Heading("%s: %d", title, len(list))
	var rows [][]show.Cell
	for _, j := range list[:min(shownApps, len(list))] {
		rows = append(rows, []show.Cell{show.Text("%s", j.AppID), show.Text("%s", j.Name), show.Text("%s", reason(j)),
			show.Text("%s", standing(p, j)), show.Text("%s", summary(j.Evidence))})
	}
	p.Table([]show.Column{{Head: "APP"}, {Head: "NAME", Cut: true}, {Head: "REASON"}, {Head: "NOW"}, {Head: "COUNTS", Cut: true}}, rows)
	if len(list) > shownApps {
		p.Say("And %d more: --output json has all.", len(list)-shownApps)
	}
}

func standing(p *show.Page, j Judged) string {
	if j.DisabledAt.IsZero() {
		return "enabled"
	}
	return "disabled " + p.Ago(j.DisabledAt.Time)
}

// summary is the sums of what led to a verdict.
func summary(days []tally.Day) string {
	var all tally.Counts
	for _, d := range days {
		all = all.Plus(d.Counts)
	}
	var parts []string
	for _, c := range []struct {
		n    int64
		name string
	}{{all.Success, "success"}, {all.Error, "error"}, {all.Timeout, "timeout"}, {all.Gone, "gone"}, {all.Fatal, "fatal"}, {all.Other, "other"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", c.name, c.n))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	in := fmt.Sprintf("%d days", len(days))
	if len(days) == 1 {
		in = "a day"
	}
	return strings.Join(parts, ", ") + " in " + in
}

func ruleText(r tally.Rule) string {
	return fmt.Sprintf("WindowDays=%d TimeoutThreshold=%d TimeoutMinShare=%v GoneThreshold=%d DeadDays=%d",
		r.WindowDays, r.TimeoutThreshold, r.TimeoutMinShare, r.GoneThreshold, r.DeadDays)
}
