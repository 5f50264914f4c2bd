package letters

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
)

// Commands are the commands of this package.
func Commands(s *session.Session) []*cobra.Command {
	return []*cobra.Command{listCommand(s), redriveCommand(s)}
}

func listCommand(s *session.Session) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "letters [QUEUE]",
		Short: "List the dead letters: all of them, by reason, the oldest first",
		Long: `List the letters of a dead-letter queue, or of all four: all of them, by reason, the
oldest first. QUEUE is webhook, registry, notification or stream.

Looking hides letters from others for a while, as every receive does. When the list
is complete they are made visible again; if you interrupt it, they come back by
themselves after two minutes, or later if they are many.

A letter without a reason of hookwarden's was moved by SQS (--reason moved). Of
letters of the registry no body is shown: those that SQS moved hold secrets.`,
		Example:           "  hookwarden letters\n  hookwarden letters webhook --reason unknown_app\n  hookwarden letters webhook --output json | jq -r '.queues[].letters[].app_id' | sort | uniq -c",
		Args:              atMostOne,
		ValidArgsFunction: cobra.FixedCompletions(names(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.Open(cmd.Context())
			if err != nil {
				return err
			}
			queues, err := find(strings.Join(args, ""), c.Name)
			if err != nil {
				return err
			}
			listings, err := listEach(cmd.Context(), s, c.SQS, queues, reason)
			if err != nil {
				return err
			}
			return s.Print(Answer{listings}, func(p *show.Page) { printListings(p, listings) })
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "only letters with this `REASON`, as in unknown_app; moved: those that SQS moved")
	completeReasons(c)
	return c
}

func completeReasons(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("reason", cobra.FixedCompletions([]string{"invalid_message", "unknown_app", "expired", "refused",
		"mail_ours", "mail_throttled", "mail_unknown", "mail_unreadable", "mail_claimed", "mail_no_time", Moved}, cobra.ShellCompDirectiveNoFileComp))
}

// Answer is what letters answers.
type Answer struct {
	Queues []Listing `json:"queues"`
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fault.NewUsage("`"+cmd.CommandPath()+" --help` has examples.", "%s takes one queue at most", cmd.CommandPath())
	}
	return nil
}

// listEach lists queue after queue.
func listEach(ctx context.Context, s *session.Session, api API, queues []Queue, reason string) ([]Listing, error) {
	var listings []Listing
	for _, q := range queues {
		now, err := q.look(ctx, api, s.Now())
		if err != nil {
			return nil, err
		}
		bar := s.Progress(int64(now.waiting), q.Is)
		l, err := list(ctx, api, q, now, bar.Add)
		bar.Done()
		if err != nil && l.StayHidden > 0 {
			s.Note("%s of %s hidden for up to %s.", show.Count(l.StayHidden, "letter stays", "letters stay"), q.Is, show.Span(hiddenFor(now.waiting)))
		}
		if err != nil {
			return nil, err
		}
		if reason != "" {
			l.only(reason)
		}
		listings = append(listings, l)
	}
	return listings, nil
}

func printListings(p *show.Page, listings []Listing) {
	for i, l := range listings {
		if i > 0 {
			p.Line()
		}
		printListing(p, l)
	}
}

func printListing(p *show.Page, l Listing) {
	style := show.Bold
	if len(l.Letters) > 0 {
		style = show.Bad
	}
	p.Line(show.Styled(style, "%s: %s", l.Queue, letters(len(l.Letters))))
	if l.HiddenBefore > 0 {
		p.Say("%s hidden and not listed: somebody else looks at them, or did within the last minutes.", show.Count(l.HiddenBefore, "letter is", "letters are"))
	}
	if l.StayHidden > 0 {
		p.SayIn(show.Warn, "%s not be made visible again, and %s so by itself in a while.", show.Count(l.StayHidden, "letter could", "letters could"),
			map[bool]string{true: "becomes", false: "become"}[l.StayHidden == 1])
	}
	if l.Reason != "" && len(l.Letters) == 0 {
		p.Say("N%s.", strings.TrimPrefix(noneHas(l.Queue, l.Reason, l.Others), "n"))
	}
	counts := make(map[string]int)
	for _, letter := range l.Letters {
		counts[letter.Reason]++
	}
	for _, reason := range byCount(counts) {
		p.Line()
		p.Line(show.Styled(show.Bold, "%s: %d", reason, counts[reason]))
		details := make(map[string]bool)
		for _, letter := range l.Letters {
			if letter.Reason == reason {
				details[letter.Detail] = true
			}
		}
		if len(details) == 1 { // else each has its own
			p.Say("%s", slices.Collect(maps.Keys(details))[0])
		}
		var rows [][]show.Cell
		var below []string
		for _, letter := range l.Letters {
			if letter.Reason == reason {
				if len(details) > 1 {
					below = append(below, letter.Detail)
				}
				rows = append(rows, []show.Cell{show.Text("%s", shortID(letter.ID)), show.Text("%s", p.Short(letter.SentAt.Time)),
					show.Text("%s", letter.AppID), show.Text("%s", letter.about())})
			}
		}
		p.Table([]show.Column{{Head: "LETTER"}, {Head: "SENT (" + p.ZoneName() + ")"}, {Head: "APP", Cut: true}, {Head: "WHAT", Cut: true}}, rows, below...)
	}
}

func letters(n int) string { return show.Count(n, "letter", "letters") }

// byCount are the reasons, the most frequent first.
func byCount(counts map[string]int) []string {
	reasons := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(reasons, func(a, b string) int { return counts[b] - counts[a] })
	return reasons
}

// shortID is enough of a letter's id to name it.
func shortID(id string) string {
	if first, _, ok := strings.Cut(id, "-"); ok && len(first) >= 8 {
		return first
	}
	return id
}

func redriveCommand(s *session.Session) *cobra.Command {
	var choice Choice
	var yes bool
	c := &cobra.Command{
		Use:   "redrive QUEUE (--all | --reason REASON | --letter ID)",
		Short: "Send dead letters back to the queue that they were meant for",
		Long: `Send dead letters back to the queue that they were meant for: all of them, those with
one reason, or one letter. QUEUE is webhook, registry or notification. Fix the cause
first. A letter keeps its MessageGroupId and its producer's attributes; the age of a
webhook and its attempts start from zero.

Each letter is sent first and deleted then, so that none is lost. If the command is
killed between, that letter may go out twice; its Request-ID is the same.

Left where they are, and told of: bodies that were redacted or not kept, counts,
outcomes and tests (what they say is of their time), enablings and disablings that
name no time, and with --all what is invalid and would only come back.

Letters of the stream cannot go back. The hourly sweep does what they asked for.`,
		Example: "  hookwarden redrive webhook --reason unknown_app --dry-run\n  hookwarden redrive webhook --reason unknown_app\n  hookwarden redrive registry --letter 1f0c2a9b --yes",
		Args:    session.Args("QUEUE"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []string{"webhook", "registry", "notification"}, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice.check(); err != nil {
				return err
			}
			return redriveFrom(cmd.Context(), s, args[0], choice, yes)
		},
	}
	c.Flags().BoolVar(&choice.All, "all", false, "all letters but those that would only come back")
	c.Flags().StringVar(&choice.Reason, "reason", "", "the letters with this `REASON`, as in unknown_app; moved: those that SQS moved")
	completeReasons(c)
	c.Flags().StringVar(&choice.Letter, "letter", "", "the one letter whose `ID` is this, or begins with it")
	c.Flags().BoolVar(&choice.DryRun, "dry-run", false, "look at all letters, and say what would be done")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// check says whether exactly one choice is made.
func (c Choice) check() error {
	n := 0
	for _, made := range []bool{c.All, c.Reason != "", c.Letter != ""} {
		if made {
			n++
		}
	}
	if n != 1 {
		return fault.NewUsage("`hookwarden letters` shows what there is.", "say which letters: one of --all, --reason and --letter")
	}
	return nil
}

func redriveFrom(ctx context.Context, s *session.Session, word string, choice Choice, yes bool) error { //nolint:revive // yes is the flag's value
	c, err := s.Open(ctx)
	if err != nil {
		return err
	}
	queues, err := find(word, c.Name)
	if err != nil {
		return err
	}
	q := queues[0]
	if q.Home == "" {
		return fault.NewUsage("The hourly sweep judges these apps anyway. When its line \"swept\" says faults 0, purge StreamDLQ.",
			"letters of %s say where Lambda gave up records of the stream: there is nothing to send back", q.Is)
	}
	now, err := q.look(ctx, c.SQS, s.Now())
	if err != nil {
		return err
	}
	if !choice.DryRun {
		if err := s.Confirm(fmt.Sprintf("%s has %s. Send %s back to %s?", q.Is, letters(now.waiting), choice.what(), path.Base(q.Home)), yes); err != nil {
			return err
		}
	}
	bar := s.Progress(int64(now.waiting), q.Is)
	result, failed := newRedrive(c.SQS, q, now, choice, bar.Add).run(ctx)
	bar.Done()
	if code := fault.CodeOf(failed); code == fault.NotFound || code == fault.Usage {
		return failed
	}
	if err := s.Print(result, func(p *show.Page) { printRedriven(p, result) }); err != nil {
		return err
	}
	return failed
}

func (c Choice) what() string {
	switch {
	case c.All:
		return "all of them"
	case c.Reason != "":
		return "those with the reason " + c.Reason
	}
	return "the letter " + c.Letter
}

func printRedriven(p *show.Page, r Redriven) {
	did := "went back from %s to %s."
	if r.DryRun {
		did = "would go back from %s to %s."
	}
	p.Line(show.Styled(show.Bold, "%s "+did, letters(r.Sent), r.Queue, r.To))
	for _, reason := range byCount(r.SentByWhy) {
		p.Item("%d %s", r.SentByWhy[reason], reason)
	}
	for _, why := range byCount(r.Kept) {
		p.Say("%s left: %s.", show.Count(r.Kept[why], "is", "are"), why)
	}
	printIDs(p, r.NotSent, "could not be sent, and are letters still")
	printIDs(p, r.MayBeSent, "are letters still, but may have been sent as well, since the answer was lost")
	printIDs(p, r.NotDeleted, "were sent, but could not be deleted: delete them, or they go out twice with the next redrive")
	if r.StayHidden > 0 {
		p.SayIn(show.Warn, "%s be made visible again; they become so by themselves in a while.", show.Count(r.StayHidden, "letter could not", "letters could not"))
	}
}

const shownIDs = 20

func printIDs(p *show.Page, ids []string, what string) {
	if len(ids) == 0 {
		return
	}
	more := ""
	if len(ids) > shownIDs {
		more = fmt.Sprintf(" and %d more", len(ids)-shownIDs)
	}
	p.SayIn(show.Bad, "%d %s: %s%s.", len(ids), what, strings.Join(ids[:min(shownIDs, len(ids))], " "), more)
}
