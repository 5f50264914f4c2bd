package steering

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/platform"
)

// Commands are the commands of this package.
func Commands(s *session.Session) []*cobra.Command {
	return []*cobra.Command{enableCommand(s), disableCommand(s), testCommand(s), openBrakeCommand(s), deleteCommand(s)}
}

// options are the flags that these commands share.
type options struct {
	dryRun, yes           bool
	wait                  time.Duration
	actorName, actorEmail string
}

func (o *options) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print the message, and send nothing")
	cmd.Flags().DurationVar(&o.wait, "wait", time.Minute, "how long to wait for the effect; 0: do not wait")
}

func (o *options) addActor(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.actorName, "actor-name", "", "the `NAME` that the audit and the owners' mails have (default: that of your AWS user or session)")
	cmd.Flags().StringVar(&o.actorEmail, "actor-email", "", "your `ADDRESS`: as an owner you get no mail about what you did yourself")
}

func (o *options) addYes(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
}

// dryRun is a message that is not sent.
type dryRun struct {
	Queue   string          `json:"queue"`
	Group   string          `json:"group"`
	Message json.RawMessage `json:"message"`
}

func printOrder(s *session.Session, o order) error {
	d := dryRun{"RegistryQueue", o.group, o.body}
	return s.Print(d, func(p *show.Page) {
		p.Line(show.Text("%s", string(o.body)))
		p.Say("This would be sent to %s, with the MessageGroupId %s.", d.Queue, d.Group)
	})
}

// queued is the answer if nobody waits.
func queued(s *session.Session, o order) error {
	return s.Print(dryRun{"RegistryQueue", o.group, o.body}, func(p *show.Page) { p.Say("The message is queued.") })
}

func enableCommand(s *session.Session) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "enable ID",
		Short: "Enable a disabled app",
		Long: `Enable an app that is disabled, for whatever reason. It gets its subscriptions back, and
its counts start from zero. Its owners get a mail, except for you.`,
		Example: "  hookwarden enable 17\n  hookwarden enable 17 --actor-name \"Ada Lovelace\" --actor-email ada@acme.example",
		Args:    session.Args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := openDesk(cmd.Context(), s)
			if err != nil {
				return err
			}
			return enable(cmd.Context(), s, d, args[0], o)
		},
	}
	o.add(c)
	o.addActor(c)
	return c
}

func enable(ctx context.Context, s *session.Session, d *desk, id string, opts options) error {
	app, err := d.knownApp(ctx, id)
	if err != nil {
		return err
	}
	if !app.Disabled() {
		done := standingOf(app, didNothing, time.Time{})
		return s.Print(done, func(p *show.Page) { printStanding(p, done) })
	}
	o, err := d.newEnable(ctx, app, opts.actorName, opts.actorEmail)
	if err != nil {
		return err
	}
	if opts.dryRun {
		return printOrder(s, o)
	}
	done, err := d.steer(ctx, o, app, opts.wait)
	return answer(s, o, opts, err, done, func(p *show.Page) { printStanding(p, done) })
}

// answer ends a command: with the error, with what it did, or with what is queued.
func answer(s *session.Session, o order, opts options, err error, done any, page func(*show.Page)) error {
	if err != nil {
		return err
	}
	if opts.wait <= 0 {
		return queued(s, o)
	}
	return s.Print(done, page)
}

func disableCommand(s *session.Session) *cobra.Command {
	var o options
	var note string
	c := &cobra.Command{
		Use:   "disable ID",
		Short: "Disable an app by hand, whatever it answers",
		Long: `Disable an app of any status and kind by hand, whatever it answers and whatever the
brake says. It stays disabled until somebody enables it. Its owners get a mail with
your name and the note.`,
		Example: "  hookwarden disable 17 --note \"It sends what it gets to a host that nobody knows.\"\n  hookwarden disable 17 --dry-run",
		Args:    session.Args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := openDesk(cmd.Context(), s)
			if err != nil {
				return err
			}
			return disable(cmd.Context(), s, d, args[0], note, o)
		},
	}
	c.Flags().StringVar(&note, "note", "", "why, in a `SENTENCE` for the owners")
	o.add(c)
	o.addActor(c)
	o.addYes(c)
	return c
}

func disable(ctx context.Context, s *session.Session, d *desk, id, note string, opts options) error {
	app, err := d.knownApp(ctx, id)
	if err != nil {
		return err
	}
	if app.Disabled() {
		done := standingOf(app, didNothing, time.Time{})
		return s.Print(done, func(p *show.Page) { printStanding(p, done) })
	}
	o, err := d.newDisable(ctx, app, opts.actorName, opts.actorEmail, note)
	if err != nil {
		return err
	}
	if opts.dryRun {
		return printOrder(s, o)
	}
	if err := s.Confirm(fmt.Sprintf("Disable app %s (%s) of organization %s? It gets no webhooks then, and its owners get a mail.", app.ID, app.Name, app.OrganizationID), opts.yes); err != nil {
		return err
	}
	done, err := d.steer(ctx, o, app, opts.wait)
	return answer(s, o, opts, err, done, func(p *show.Page) { printStanding(p, done) })
}

func testCommand(s *session.Session) *cobra.Command {
	var o options
	var event, data string
	c := &cobra.Command{
		Use:   "test ID",
		Short: "Send an app a test, and show how it answers",
		Long: `Send an app one webhook, also if it is disabled or not subscribed, and show how it
answers. The test counts for nothing. The exit code is 1 if it did not succeed.`,
		Example: "  hookwarden test 17\n  hookwarden test 17 --event issue.created --data '{\"issue\": {\"id\": \"1\"}}'",
		Args:    session.Args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := openDesk(cmd.Context(), s)
			if err != nil {
				return err
			}
			id := make([]byte, 13)
			_, _ = rand.Read(id) // never fails
			return test(cmd.Context(), s, d, args[0], "tst_"+hex.EncodeToString(id), event, data, o)
		},
	}
	c.Flags().StringVar(&event, "event", "test.ping", "the webhook's `RESOURCE.ACTION`")
	c.Flags().StringVar(&data, "data", "{}", "the webhook's data, a `JSON` object")
	o.add(c)
	return c
}

func test(ctx context.Context, s *session.Session, d *desk, id, testID, event, data string, opts options) error {
	app, err := d.knownApp(ctx, id)
	if err != nil {
		return err
	}
	o, err := newTest(app, testID, event, data)
	if err != nil {
		return err
	}
	if opts.dryRun {
		return printOrder(s, o)
	}
	done, err := d.test(ctx, o, opts.wait)
	if err := answer(s, o, opts, err, done, func(p *show.Page) { printTested(p, done) }); err != nil || opts.wait <= 0 {
		return err
	}
	if done.Outcome != "success" {
		return fault.NewFailed("", "the test of app %s did not succeed", id)
	}
	return nil
}

func openBrakeCommand(s *session.Session) *cobra.Command {
	var o options
	var brake string
	var hours int
	c := &cobra.Command{
		Use:   "open-brake --hours N",
		Short: "Open the brake on disablings or warnings, once you know that the apps are broken",
		Long: `Open the brake that holds disablings, or the one that holds warnings, and keep it from
latching for N hours (1-48). The hourly limit still holds. Do this once you know
that the apps are broken, and that it is not hookwarden's own fault.`,
		Example: "  hookwarden open-brake --hours 4\n  hookwarden open-brake --brake warning --hours 12",
		Args:    session.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("hours") {
				return fault.NewUsage("From 1 to 48, as in --hours 4.", "say for how long: --hours")
			}
			if !slices.Contains(brakes(), brake) {
				return fault.NewUsage("It is "+strings.Join(brakes(), " or ")+".", "there is no brake %q", brake)
			}
			d, err := openDesk(cmd.Context(), s)
			if err != nil {
				return err
			}
			return openBrake(cmd.Context(), s, d, platform.Brake(brake), hours, o)
		},
	}
	c.Flags().StringVar(&brake, "brake", "disable", "which `BRAKE`: disable (on disablings) or warning (on warnings)")
	c.Flags().IntVar(&hours, "hours", 0, "for how many `HOURS`, 1-48")
	_ = c.RegisterFlagCompletionFunc("brake", cobra.FixedCompletions(brakes(), cobra.ShellCompDirectiveNoFileComp))
	o.add(c)
	o.addActor(c)
	o.addYes(c)
	return c
}

func brakes() []string { return []string{string(platform.BrakeDisable), string(platform.BrakeWarning)} }

func openBrake(ctx context.Context, s *session.Session, d *desk, brake platform.Brake, hours int, opts options) error {
	was, err := d.brakes.ReadState(ctx, brake)
	if err != nil {
		return fmt.Errorf("read the brake: %w", err)
	}
	o, err := d.newOpening(ctx, was, brake, hours, opts.actorName, opts.actorEmail)
	if err != nil {
		return err
	}
	if opts.dryRun {
		return printOrder(s, o)
	}
	if err := s.Confirm(fmt.Sprintf("Open the brake on %s for %d hours?%s", brakeOf(brake), hours, latched(was, d.now())), opts.yes); err != nil {
		return err
	}
	done, err := d.open(ctx, o, brake, was, opts.wait)
	return answer(s, o, opts, err, done, func(p *show.Page) { printOpened(p, done) })
}

func deleteCommand(s *session.Session) *cobra.Command {
	var o options
	var version int64
	c := &cobra.Command{
		Use:   "delete-organization ID --version N",
		Short: "Erase an organization, its apps and its audit entries",
		Long: `Erase an organization: its names and owners, its apps with their secrets, and its audit
entries. Tombstones stay. The version is the platform's, which numbers each change of an
organization: no other is right, so none is made up here.`,
		Example: "  hookwarden delete-organization 42 --version 18 --dry-run\n  hookwarden delete-organization 42 --version 18",
		Args:    session.Args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("version") {
				return fault.NewUsage("It is the platform's: the one that it gives to this deletion.", "say which version: --version")
			}
			d, err := openDesk(cmd.Context(), s)
			if err != nil {
				return err
			}
			return erase(cmd.Context(), s, d, args[0], version, o)
		},
	}
	c.Flags().Int64Var(&version, "version", 0, "the platform's `VERSION` of this deletion")
	o.add(c)
	o.addYes(c)
	return c
}

func erase(ctx context.Context, s *session.Session, d *desk, id string, version int64, opts options) error {
	o, e, err := d.newErase(ctx, id, version)
	if err != nil {
		return err
	}
	if opts.dryRun {
		return printOrder(s, o)
	}
	if err := s.Confirm(fmt.Sprintf("Erase organization %s (%s) with %s, for good?", id, e.Name, apps(e.Apps)), opts.yes); err != nil {
		return err
	}
	done, err := d.erase(ctx, o, e, opts.wait)
	return answer(s, o, opts, err, done, func(p *show.Page) { printErased(p, done) })
}
