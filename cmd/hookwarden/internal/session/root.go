package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/show"
)

// Group is a group of commands in the help.
type Group struct {
	ID, Title string
	Commands  []*cobra.Command
}

const about = `hookwarden shows and steers a hookwarden stack: which apps fail and why, what
was sent, who was told, and what waits. It reads the stack's tables, queues
and alarms with your own AWS credentials. It never prints a secret.

It finds the stack by --stack NAME (in your account), by --env FILE (a
stack.env), or else by the .local/stack.env of a local stack, in this folder
or above it.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found.`

// Root is the program with its commands.
func (s *Session) Root(groups ...Group) *cobra.Command {
	cobra.EnableCommandSorting = false // the order of the groups is that in which one asks
	root := &cobra.Command{
		Use:               "hookwarden",
		Short:             "See and steer a hookwarden stack",
		Long:              about,
		Example:           "  hookwarden status\n  hookwarden --stack hookwarden-prod why 17 --event issue.created\n  hookwarden app 17 --output json | jq .state",
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              noSuchCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: s.checkFlags,

		SuggestionsMinimumDistance: 2,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&s.choice.Stack, "stack", "", "the stack of this `NAME` in your account")
	flags.StringVar(&s.choice.EnvFile, "env", "", "the stack that this stack.env `FILE` names")
	flags.StringVar(&s.choice.Region, "region", "", "with --stack: the AWS `REGION`, if not the default")
	flags.StringVar(&s.choice.Profile, "profile", "", "with --stack: the AWS `PROFILE`, if not the default")
	flags.StringVarP(&s.output, "output", "o", "table", "answer as a `FORMAT`: table or json")
	flags.BoolVar(&s.utc, "utc", false, "times in UTC, not in the local zone (json: always)")
	flags.BoolVar(&s.debug, "debug", false, "say on standard error which calls AWS got")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"stack", "region", "profile"} {
		_ = root.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fault.NewUsage("`"+cmd.CommandPath()+" --help` has the flags.", "%w", err)
	})
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.ID, Title: g.Title})
		for _, c := range g.Commands {
			c.GroupID = g.ID
			if c.ValidArgsFunction == nil {
				c.ValidArgsFunction = cobra.NoFileCompletions // ids are no files
			}
			root.AddCommand(c)
		}
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return root
}

func (s *Session) checkFlags(*cobra.Command, []string) error {
	if s.output != "table" && s.output != "json" {
		return fault.NewUsage("It is table or json.", "unknown --output %q", s.output)
	}
	return nil
}

func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "`hookwarden --help` has the commands."
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "Did you mean " + strings.Join(near, " or ") + "?"
	}
	return fault.NewUsage(hint, "unknown command %q", args[0])
}

// Args checks that a command gets the arguments that its Use names, as in Args("ID").
func Args(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		takes := "no argument"
		if len(names) > 0 {
			takes = strings.Join(names, " ")
		}
		hint := "`" + cmd.CommandPath() + " --help` has examples."
		if len(args) > len(names) {
			return fault.NewUsage(hint, "%s takes %s, and %q is too much", cmd.CommandPath(), takes, args[len(names)])
		}
		return fault.NewUsage(hint, "%s needs %s", cmd.CommandPath(), takes)
	}
}

// Run runs the program and returns its exit code. What went wrong is said on Err.
func (s *Session) Run(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if s.debug {
		s.calls.report(s.Err, s.begun)
	}
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		_, _ = fmt.Fprintln(s.Err, "hookwarden: interrupted")
		return int(fault.Failed)
	}
	_, _ = fmt.Fprintln(s.Err, "hookwarden: "+show.Clean(err.Error()))
	if hint := fault.HintOf(err); hint != "" {
		_, _ = fmt.Fprintln(s.Err, show.Clean(hint))
	}
	return int(fault.CodeOf(err))
}
