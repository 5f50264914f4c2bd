package pausing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
)

// Commands are the commands of this package.
func Commands(s *session.Session) []*cobra.Command {
	return []*cobra.Command{pauseCommand(s), resumeCommand(s)}
}

func pauseCommand(s *session.Session) *cobra.Command {
	var yes, dry bool
	c := &cobra.Command{
		Use:   "pause (deliveries | disablings)",
		Short: "Stop deliveries or disablings for a while",
		Long: `Stop deliveries, or disablings by the rule, for a while. What runs is
finished, which takes up to a minute (a sweep: five). Everything else waits:

deliveries  WebhookQueue and RetryQueue keep webhooks for 7 days. Those older than
            MaxAgeHours (default 72) end as expired when deliveries go on.
disablings  Nobody is disabled by the rule, and no owner is told of what was begun.
            Counts older than 6 hours become letters of StreamDLQ (the stream itself
            keeps them for 24 hours); the first sweep afterwards makes up for them.
            To decide and change nothing, deploy DisableMode=observe instead.

A deployment does not resume it.`,
		Example:           "  hookwarden pause disablings\n  hookwarden pause deliveries --yes",
		Args:              oneOfWhats,
		ValidArgsFunction: cobra.FixedCompletions(whats(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			ask := func() error { return s.Confirm("Pause "+args[0]+"? "+cost(args[0]), yes) }
			return lookOrChange(cmd.Context(), s, args[0], dry, ask, false)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&dry, "dry-run", false, "show how things stand, and change nothing")
	return c
}

func resumeCommand(s *session.Session) *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:               "resume (deliveries | disablings)",
		Short:             "Let what was paused go on",
		Long:              "Let deliveries, or disablings, go on: whatever paused them.",
		Example:           "  hookwarden resume disablings",
		Args:              oneOfWhats,
		ValidArgsFunction: cobra.FixedCompletions(whats(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			return lookOrChange(cmd.Context(), s, args[0], dry, func() error { return nil }, true)
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "show how things stand, and change nothing")
	return c
}

// lookOrChange shows how things stand, in a dry run, or else turns them on or off once ask
// allows it.
func lookOrChange(ctx context.Context, s *session.Session, what string, dry bool, ask func() error, on bool) error { //nolint:revive // dry is the flag, on the state
	b, err := openStack(ctx, s)
	if err != nil {
		return err
	}
	if dry {
		return look(ctx, s, b, what)
	}
	if err := ask(); err != nil {
		return err
	}
	return change(ctx, s, b, what, on)
}

func oneOfWhats(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && slices.Contains(whats(), args[0]) {
		return nil
	}
	return fault.NewUsage("As in `"+cmd.CommandPath()+" "+Disablings+"`.", "say what: %s", strings.Join(whats(), " or "))
}

// cost is what a pause costs, in a sentence.
func cost(what string) string {
	if what == Deliveries {
		return "Webhooks wait for up to 7 days; those older than MaxAgeHours (default 72) end as expired when deliveries go on."
	}
	return "Nobody is disabled by the rule. Counts older than 6 hours become letters of StreamDLQ; the first sweep afterwards makes up for them."
}

// after is what to know of it when it goes on.
func after(what string) string {
	if what == Deliveries {
		return "What waited is sent now."
	}
	return "What waited is judged now; the next sweep, within the hour, does the rest. Letters of StreamDLQ can be purged when it is done."
}

func openStack(ctx context.Context, s *session.Session) (switchboard, error) {
	c, err := s.Open(ctx)
	if err != nil {
		return nil, err
	}
	var rule string
	return stack{lambda: c.Lambda, rules: eventbridge.NewFromConfig(c.Config), name: c.Name, rule: func(ctx context.Context) (string, error) {
		if rule != "" {
			return rule, nil
		}
		resources, err := c.Resources(ctx)
		if err != nil {
			return "", err
		}
		if rule = resources[SweepRule]; rule == "" {
			return "", fault.NewFailed("It may be of another version.", "the stack %s has no %s", c.Stack, SweepRule)
		}
		return rule, nil
	}}, nil
}

func look(ctx context.Context, s *session.Session, b switchboard, what string) error {
	parts, err := b.Parts(ctx, what)
	if err != nil {
		return err
	}
	r := resultOf(what, parts)
	return s.Print(r, func(p *show.Page) { printParts(p, r) })
}

func change(ctx context.Context, s *session.Session, b switchboard, what string, on bool) error { //nolint:revive // on is the state
	parts, err := b.Parts(ctx, what)
	if err != nil {
		return err
	}
	bar := s.Progress(int64(len(parts)), what)
	r, failed := turn(ctx, b, what, on, func() { bar.Add(1) })
	bar.Done()
	if r.Parts != nil {
		if err := s.Print(r, func(p *show.Page) { printResult(p, r, on, failed) }); err != nil {
			return err
		}
	}
	if failed != nil {
		hint := fault.HintOf(failed)
		if hint == "" {
			hint = "Run it again: what is already done stays as it is."
		}
		return fault.NewFailed(hint, "%s: not all is %s: %w", what, map[bool]string{true: "on", false: "off"}[on], failed)
	}
	return nil
}

func printResult(p *show.Page, r Result, on bool, failed error) { //nolint:revive // on is the state
	switch {
	case failed != nil:
	case on:
		p.SayIn(show.Good, "%s go on. %s", title(r.What), after(r.What))
	default:
		p.SayIn(show.Warn, "%s are paused. %s", title(r.What), cost(r.What))
		p.Say("`hookwarden resume %s` lets them go on; a deployment does not.", r.What)
	}
	printParts(p, r)
}

func printParts(p *show.Page, r Result) {
	var rows [][]show.Cell
	for _, part := range r.Parts {
		style := show.Good
		if !part.On {
			style = show.Warn
		}
		rows = append(rows, []show.Cell{show.Text("%s", part.Name), show.Styled(style, "%s", strings.ToLower(part.State)), show.Text("%s", part.ID)})
	}
	p.Table([]show.Column{{Head: "STARTED BY"}, {Head: "STATE"}, {Head: "ID"}}, rows)
}

func title(what string) string { return fmt.Sprint(strings.ToUpper(what[:1]), what[1:]) }
