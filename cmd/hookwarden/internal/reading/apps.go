package reading

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

type appsAnswer struct {
	Apps    []appLine `json:"apps"`
	Found   int       `json:"found"`             // how many there are, also those that are not listed
	More    bool      `json:"more,omitempty"`    // and at least one more than found
	Scanned int       `json:"scanned,omitempty"` // how many apps were looked at one by one; 0: an index has them
}

type appLine struct {
	ID             string    `json:"id"`
	Name           string    `json:"name"`
	Slug           string    `json:"slug,omitempty"`
	Kind           string    `json:"kind"`
	Status         string    `json:"status"`
	OrganizationID string    `json:"organization_id,omitempty"`
	State          string    `json:"state"` // ok, failing, warned, disabled, deleted
	WebhookURL     string    `json:"webhook_url,omitempty"`
	Since          show.Time `json:"since,omitzero"`   // of disabled and warned
	Reason         string    `json:"reason,omitempty"` // of disabled and warned

	Today        *dayCounts `json:"today,omitempty"`        // with --failing
	Failure      *howFailed `json:"last_failure,omitempty"` // with --failing: the newest of today, if it is known
	FailingSince show.Time  `json:"failing_since,omitzero"` // with --failing: the first failure of today since a success
}

type howFailed struct {
	Outcome string `json:"outcome"`
	Code    string `json:"error_code,omitempty"`
	Status  int    `json:"status,omitempty"`
}

func (f *howFailed) String() string {
	switch {
	case f == nil:
		return ""
	case f.Code != "":
		return f.Code
	case f.Status != 0:
		return fmt.Sprint(f.Outcome, " ", f.Status)
	}
	return f.Outcome
}

type dayCounts struct {
	Success int64 `json:"success"`
	Failed  int64 `json:"failed"`
}

type appsFlags struct {
	failing, disabled, warned bool
	limit                     int
}

func (r reader) listApps() *cobra.Command {
	var flags appsFlags
	cmd := &cobra.Command{
		Use:   "apps [TEXT]",
		Short: "Which apps fail, are disabled, are warned, or have TEXT in them",
		Long: `Which apps there are. --failing, --disabled and --warned read an index, and
make at most 50 requests however many apps there are. A TEXT is looked for in
each app's name, slug, id, uuid and URL: that reads the whole table of apps,
once.`,
		Example: "  hookwarden apps --failing\n  hookwarden apps --disabled --output json\n  hookwarden apps ci-bot",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fault.NewUsage("Put a TEXT with spaces in quotes.", "%s takes one TEXT, and %q is too much", cmd.CommandPath(), args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.runApps(cmd.Context(), flags, args) },
	}
	cmd.Flags().BoolVar(&flags.failing, "failing", false, "apps with a failure today (UTC)")
	cmd.Flags().BoolVar(&flags.disabled, "disabled", false, "apps that are disabled")
	cmd.Flags().BoolVar(&flags.warned, "warned", false, "apps whose owners are warned")
	cmd.Flags().IntVar(&flags.limit, "limit", 100, "list at most `N` apps (1 to 1000)")
	return cmd
}

const maxApps = 1000

func (r reader) runApps(ctx context.Context, flags appsFlags, args []string) error {
	if flags.limit < 1 || flags.limit > maxApps {
		return fault.NewUsage("", "--limit must be from 1 to %d", maxApps)
	}
	if flags.failing && flags.disabled || flags.failing && flags.warned || flags.disabled && flags.warned {
		return fault.NewUsage("Ask for one list at a time.", "of --failing, --disabled and --warned only one can be said")
	}
	text := ""
	if len(args) > 0 {
		text = args[0]
	}
	from, err := r.open(ctx)
	if err != nil {
		return err
	}
	var answer appsAnswer
	switch {
	case flags.failing:
		answer, err = readFailing(ctx, from, tally.DateOf(r.Now()))
	case flags.disabled:
		answer, err = readOfStanding(ctx, from, dynamo.StandingDisabled)
	case flags.warned:
		answer, err = readOfStanding(ctx, from, dynamo.StandingWarned)
	default:
		return r.scanApps(ctx, from, text, flags.limit)
	}
	if err != nil {
		return err
	}
	if text != "" {
		answer.Apps = slices.DeleteFunc(answer.Apps, func(l appLine) bool { return !l.has(text) })
		answer.Found = len(answer.Apps)
	}
	answer.Apps = answer.Apps[:min(len(answer.Apps), flags.limit)]
	return r.Print(answer, func(p *show.Page) { showApps(p, answer, flags) })
}

// lineOf is what a list says of an app.
func lineOf(app platform.App) appLine {
	l := appLine{ID: app.ID, Name: app.Name, Slug: app.Slug, Kind: app.Kind.String(), Status: string(app.Status),
		OrganizationID: app.OrganizationID, State: "ok", WebhookURL: app.WebhookURL}
	switch {
	case app.Deleted:
		l.State = "deleted"
	case app.Disabled():
		l.State, l.Since, l.Reason = "disabled", show.At(app.DisabledAt), app.DisabledReason
	case !app.Warned.At.IsZero() && app.Warned.RecoveredAt.IsZero():
		l.State, l.Since, l.Reason = "warned", show.At(app.Warned.At), app.Warned.Reason
	}
	return l
}

// has reports whether a text is in what people know an app by, in any case.
func (l appLine) has(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{l.Name, l.Slug, l.ID, l.WebhookURL}, func(s string) bool {
		return strings.Contains(strings.ToLower(s), text)
	})
}

func readOfStanding(ctx context.Context, from *source, standing string) (appsAnswer, error) {
	s, err := readStandings(ctx, from, standing, maxApps)
	if err != nil {
		return appsAnswer{}, err
	}
	answer := appsAnswer{Apps: []appLine{}, Found: len(s.ids), More: s.more}
	for _, app := range s.apps {
		answer.Apps = append(answer.Apps, lineOf(app))
	}
	slices.SortFunc(answer.Apps, func(a, b appLine) int {
		if a.Since.IsZero() || b.Since.IsZero() { // the index lags behind
			return strings.Compare(a.ID, b.ID)
		}
		return cmp.Or(b.Since.Compare(a.Since.Time), strings.Compare(a.ID, b.ID))
	})
	return answer, nil
}

// failingKeys are the keys that have a failure on a day.
func failingKeys(ctx context.Context, from *source, date tally.Date) (keys []string, more bool, err error) {
	return parts(ctx, func(ctx context.Context, part int) ([]string, bool, error) {
		return from.failing.ReadFailing(ctx, tally.FailingShard(date, part))
	})
}

// readFailing lists the apps that have a failure today, those that fail most first.
func readFailing(ctx context.Context, from *source, today tally.Date) (appsAnswer, error) {
	keys, more, err := failingKeys(ctx, from, today)
	if err != nil {
		return appsAnswer{}, fmt.Errorf("look for failing apps: %w", err)
	}
	answer := appsAnswer{Apps: []appLine{}, Found: len(keys), More: more}
	keys = keys[:min(len(keys), maxApps)]
	var days map[string]tally.Day
	var ids []string
	for _, key := range keys {
		if id, _, _, err := tally.SplitKey(key); err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var apps []platform.App
	err = together(ctx,
		func(ctx context.Context) (err error) {
			days, err = from.failing.ReadDay(ctx, today, keys)
			return err
		},
		func(ctx context.Context) (err error) { apps, err = from.apps.ReadSome(ctx, ids); return err },
	)
	if err != nil {
		return appsAnswer{}, err
	}
	for _, app := range apps {
		l := lineOf(app)
		d, current := days[tally.Key(app.ID, app.OrganizationID, app.Generation)]
		if !current {
			continue // what failed was before an enabling, or another organization's
		}
		l.Today = &dayCounts{d.Success, d.Failures()}
		clues := tally.Latest([]tally.Day{d})
		l.FailingSince = show.At(clues.FailingSince)
		if f := clues.LastFailure; !f.At.IsZero() {
			l.Failure = &howFailed{f.Outcome, f.Code, f.Status}
		}
		if l.State == "ok" {
			l.State = "failing"
		}
		answer.Apps = append(answer.Apps, l)
	}
	slices.SortFunc(answer.Apps, func(a, b appLine) int {
		return cmp.Or(cmp.Compare(b.Today.Failed, a.Today.Failed), strings.Compare(a.ID, b.ID))
	})
	if !more {
		answer.Found -= len(keys) - len(answer.Apps)
	}
	return answer, nil
}

// scanApps reads the whole table, and stops when it has enough.
func (r reader) scanApps(ctx context.Context, from *source, text string, limit int) error {
	total, err := from.finder.CountApps(ctx)
	if err != nil {
		total = -1
	}
	if text != "" {
		r.Note("Looking for %q through all apps (about %d): no index has texts.", text, max(total, 0))
	}
	progress := r.Progress(total, "apps")
	answer := appsAnswer{Apps: []appLine{}}
	for after := ""; ; {
		apps, next, err := from.finder.Scan(ctx, after)
		if err != nil {
			progress.Done()
			return fmt.Errorf("read the apps: %w", err)
		}
		progress.Add(len(apps))
		answer.Scanned += len(apps)
		for _, app := range apps {
			if l := lineOf(app); text == "" || l.has(text) || strings.EqualFold(app.UUID, text) {
				answer.Apps = append(answer.Apps, l)
			}
		}
		if after = next; after == "" || len(answer.Apps) > limit {
			answer.More = after != ""
			break
		}
	}
	progress.Done()
	answer.Found = len(answer.Apps)
	slices.SortFunc(answer.Apps, func(a, b appLine) int { return strings.Compare(a.ID, b.ID) })
	answer.Apps = answer.Apps[:min(len(answer.Apps), limit)]
	return r.Print(answer, func(p *show.Page) { showApps(p, answer, appsFlags{limit: limit}) })
}

func showApps(p *show.Page, a appsAnswer, flags appsFlags) {
	if len(a.Apps) == 0 {
		p.Say("no such app")
		return
	}
	columns := []show.Column{{Head: "APP"}, {Head: "NAME", Cut: true}, {Head: "STATUS"}, {Head: "STATE"}}
	switch {
	case flags.failing: // ours, if apps of many organizations fail in the same way since the same minute
		columns[2].Head = "ORG"
		columns = append(columns, show.Column{Head: "FAILED", Right: true}, show.Column{Head: "OK", Right: true},
			show.Column{Head: "HOW"}, show.Column{Head: "SINCE"})
	case flags.disabled, flags.warned:
		columns = append(columns, show.Column{Head: "SINCE (" + p.ZoneName() + ")"}, show.Column{Head: "REASON"})
	}
	columns = append(columns, show.Column{Head: "URL", Cut: true})
	var rows [][]show.Cell
	for _, l := range a.Apps {
		third := l.Status
		switch {
		case flags.failing:
			third = l.OrganizationID
		case l.Kind != "sentry-app":
			third = l.Kind
		}
		row := []show.Cell{show.Text("%s", l.ID), show.Text("%s", l.Name), show.Text("%s", third), show.Styled(styleOf(l.State), "%s", l.State)}
		switch {
		case flags.failing:
			row = append(row, show.Text("%s", digits(l.Today.Failed)), show.Text("%s", digits(l.Today.Success)),
				show.Text("%s", l.Failure), show.Text("%s", minute(p, l.FailingSince)))
		case flags.disabled, flags.warned:
			row = append(row, show.Text("%s", p.Short(l.Since.Time)), show.Text("%s", l.Reason))
		}
		rows = append(rows, append(row, show.Text("%s", l.WebhookURL)))
	}
	p.Table(columns, rows)
	if left := a.Found - len(a.Apps); left > 0 || a.More {
		more := digits(int64(left))
		if a.More {
			more = "at least " + digits(int64(max(left, 1)))
		}
		p.SayIn(show.Dim, "and %s more; --limit lists up to %d", more, maxApps)
	}
}

// minute is a time of the day; empty if it is not known.
func minute(p *show.Page, at show.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(p.Zone).Format("15:04")
}

func styleOf(state string) show.Style {
	switch state {
	case "disabled":
		return show.Bad
	case "warned", "failing":
		return show.Warn
	case "deleted":
		return show.Dim
	}
	return show.Plain
}
