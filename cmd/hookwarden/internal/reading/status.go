package reading

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// statusAnswer is what status answers. Its pointers are nil for what is not known.
type statusAnswer struct {
	Stack          string         `json:"stack"`
	At             show.Time      `json:"at"`
	Mode           string         `json:"mode"`
	Paused         []paused       `json:"paused,omitempty"` // queues and tables whose functions do not read them
	Apps           appNumbers     `json:"apps"`
	DisabledLately []standingLine `json:"disabled_lately"`
	WarnedLately   []standingLine `json:"warned_lately"`
	Queues         []queueLine    `json:"queues"`
	DeadLetters    []queueLine    `json:"dead_letters"`
	Brake          brakeLine      `json:"brake"`         // on disablings
	WarningBrake   brakeLine      `json:"warning_brake"` // on warnings
	Alarms         []alarmLine    `json:"alarms"`        // null: not known
	Problems       []problem      `json:"problems"`
}

type appNumbers struct {
	Registered   int64 `json:"registered_about"` // as DynamoDB counted within the last hours
	Disabled     int   `json:"disabled"`
	Warned       int   `json:"warned"`
	FailingToday int   `json:"failing_today"`
	More         bool  `json:"more,omitempty"` // there are more than these numbers say
}

type standingLine struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	At     show.Time `json:"at"`
	Reason string    `json:"reason,omitempty"` // why it is disabled, or would be
	Level  string    `json:"level,omitempty"`  // of a warning
	Told   bool      `json:"told"`             // the owners' mails were queued
}

type queueLine struct {
	Name string `json:"name"`
	depth
	OldestSeconds *int64 `json:"oldest_seconds"` // null: not known
}

type brakeLine struct {
	UsedThisHour int64      `json:"used_this_hour"`
	Limit        int        `json:"limit"` // in a clock hour
	LatchedUntil *show.Time `json:"latched_until,omitempty"`
	LatchedBy    string     `json:"latched_by,omitempty"` // the app that it was about
	Reason       string     `json:"reason,omitempty"`
	OpenUntil    *show.Time `json:"open_until,omitempty"`
}

type alarmLine struct {
	Name  string    `json:"name"`
	Since show.Time `json:"since"`
	Why   string    `json:"why,omitempty"`
}

type problem struct {
	Problem string `json:"problem"`
	Command string `json:"command,omitempty"` // what helps to see more, or to fix it
}

func (r reader) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "One screen: what fails, waits and rings, and what helps",
		Long: `The stack on one screen: its mode, its apps by state, who was disabled and
warned within a day, queues, dead letters, the brake, alarms that ring, and
each problem with the command that helps.

It makes at most 85 requests, however large the stack is.`,
		Example: "  hookwarden status\n  hookwarden --stack hookwarden-prod status --output json | jq '.problems'",
		Args:    session.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := r.open(cmd.Context())
			if err != nil {
				return err
			}
			answer, err := readStatus(cmd.Context(), from, r.Now(), r.Say)
			if err != nil {
				return err
			}
			return r.Print(answer, func(p *show.Page) { showStatus(p, answer) })
		},
	}
}

// The queues of a stack, by their names in stack.env.
func queueNames() []string {
	return []string{"WEBHOOK_QUEUE_URL", "RETRY_QUEUE_URL", "REGISTRY_QUEUE_URL", "NOTIFICATION_QUEUE_URL", "EVENTS_QUEUE_URL"}
}

func letterNames() []string {
	return []string{"WEBHOOK_DLQ_URL", "REGISTRY_DLQ_URL", "NOTIFICATION_DLQ_URL", "STREAM_DLQ_URL"}
}

// spoken writes WEBHOOK_DLQ_URL as WebhookDLQ, as the template does.
func spoken(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(strings.TrimSuffix(name, "_URL"), "_") {
		if word == "DLQ" {
			b.WriteString(word)
			continue
		}
		b.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return b.String()
}

const (
	lately      = 24 * time.Hour
	standingMax = 500 // apps of a standing that status reads at most
)

func readStatus(ctx context.Context, from *source, now time.Time, say func(time.Time) string) (statusAnswer, error) {
	a := statusAnswer{Stack: from.stack, At: show.Time{Time: now}}
	var settings env.Disable
	var live bool
	var disabled, warned, failing standings
	var queues []queueLine
	err := together(ctx,
		func(ctx context.Context) error { settings, live = readSettings(ctx, from); return ctx.Err() },
		func(ctx context.Context) (err error) { a.Paused, err = from.settings.ReadPaused(ctx); return err },
		func(ctx context.Context) (err error) { a.Apps.Registered, err = from.finder.CountApps(ctx); return err },
		func(ctx context.Context) (err error) {
			disabled, err = readStandings(ctx, from, dynamo.StandingDisabled)
			return err
		},
		func(ctx context.Context) (err error) {
			warned, err = readStandings(ctx, from, dynamo.StandingWarned)
			return err
		},
		func(ctx context.Context) (err error) {
			today := tally.DateOf(now)
			failing.ids, failing.more, err = parts(ctx, func(ctx context.Context, part int) ([]string, bool, error) {
				return from.failing.ReadFailing(ctx, tally.FailingShard(today, part))
			})
			return err
		},
		func(ctx context.Context) (err error) {
			a.Brake, err = readBrake(ctx, from, platform.BrakeDisable, now)
			return err
		},
		func(ctx context.Context) (err error) {
			a.WarningBrake, err = readBrake(ctx, from, platform.BrakeWarning, now)
			return err
		},
		func(ctx context.Context) (err error) {
			queues, err = readQueues(ctx, from, slices.Concat(queueNames(), letterNames()))
			return err
		},
		func(ctx context.Context) error { a.Alarms = readAlarms(ctx, from); return ctx.Err() },
	)
	if err != nil {
		return a, err
	}
	if a.Mode = settings.Mode; !live {
		a.Mode = "not known"
	}
	a.Apps.Disabled, a.Apps.Warned, a.Apps.FailingToday = len(disabled.ids), len(warned.ids), len(failing.ids)
	a.Apps.More = disabled.more || warned.more || failing.more
	a.DisabledLately = latest(disabled.apps, now, func(app platform.App) standingLine {
		return standingLine{ID: app.ID, Name: app.Name, At: show.Time{Time: app.DisabledAt}, Reason: app.DisabledReason, Told: !app.NotifiedAt.IsZero()}
	})
	a.WarnedLately = latest(warned.apps, now, func(app platform.App) standingLine {
		return standingLine{ID: app.ID, Name: app.Name, At: show.Time{Time: app.Warned.At}, Reason: app.Warned.Reason, Level: string(app.Warned.Warning.Level), Told: !app.Warned.NotifiedAt.IsZero()}
	})
	a.Queues, a.DeadLetters = []queueLine{}, []queueLine{}
	for _, q := range queues {
		if strings.HasSuffix(q.Name, "DLQ") {
			a.DeadLetters = append(a.DeadLetters, q)
		} else {
			a.Queues = append(a.Queues, q)
		}
	}
	a.Brake.Limit, a.WarningBrake.Limit = settings.MaxPerHour, settings.MaxWarningsPerHour
	a.Problems = problemsOf(a, disabled.apps, now, say)
	return a, nil
}

func readBrake(ctx context.Context, from *source, brake platform.Brake, now time.Time) (b brakeLine, err error) {
	latch, err := from.brake.ReadLatch(ctx, brake)
	if err != nil {
		return b, err
	}
	if latch.Latched(now) {
		b.LatchedUntil, b.LatchedBy, b.Reason = &show.Time{Time: latch.Until}, latch.AppID, string(latch.Reason)
	}
	if latch.OpenUntil.After(now) {
		b.OpenUntil = &show.Time{Time: latch.OpenUntil}
	}
	b.UsedThisHour, err = from.brake.ReadHour(ctx, brake, now)
	return b, err
}

// standings are the apps of a standing: the ids of all, and some of them in full.
type standings struct {
	ids  []string
	apps []platform.App
	more bool
}

func readStandings(ctx context.Context, from *source, standing string) (standings, error) {
	var s standings
	var err error
	s.ids, s.more, err = parts(ctx, func(ctx context.Context, part int) ([]string, bool, error) {
		return from.finder.ReadStanding(ctx, standing, part)
	})
	if err != nil {
		return s, fmt.Errorf("look for %s apps: %w", standing, err)
	}
	s.apps, err = from.apps.ReadSome(ctx, s.ids[:min(len(s.ids), standingMax)])
	return s, err
}

// latest are the lines of a day, newest first.
func latest(apps []platform.App, now time.Time, line func(platform.App) standingLine) []standingLine {
	lines := []standingLine{}
	for _, app := range apps {
		if l := line(app); now.Sub(l.At.Time) < lately {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b standingLine) int {
		return cmp.Or(b.At.Compare(a.At.Time), strings.Compare(a.ID, b.ID))
	})
	return lines
}

// readQueues reads depths, and ages as far as they are known.
func readQueues(ctx context.Context, from *source, names []string) ([]queueLine, error) {
	lines := make([]queueLine, len(names))
	there := make([]bool, len(names))
	var ages map[string]time.Duration
	err := each(ctx, len(names)+1, func(ctx context.Context, i int) (err error) {
		if i == len(names) {
			ages, _ = from.watch.ReadAges(ctx, names) // or they are not known
			return nil
		}
		lines[i].Name = spoken(names[i])
		lines[i].depth, there[i], err = from.queues.ReadDepth(ctx, names[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	found := []queueLine{}
	for i, line := range lines {
		if !there[i] {
			continue
		}
		if age, ok := ages[names[i]]; ok {
			seconds := int64(age / time.Second)
			line.OldestSeconds = &seconds
		}
		found = append(found, line)
	}
	return found, nil
}

// readAlarms is nil if nobody knows.
func readAlarms(ctx context.Context, from *source) []alarmLine {
	ringing, err := from.watch.ReadAlarms(ctx)
	if err != nil {
		return nil
	}
	lines := []alarmLine{}
	for _, a := range ringing {
		lines = append(lines, alarmLine{a.Name, show.Time{Time: a.Since}, a.Why})
	}
	slices.SortFunc(lines, func(a, b alarmLine) int { return strings.Compare(a.Name, b.Name) })
	return lines
}

// How long the oldest message may be in a queue before that is a problem: as long as the
// queue's alarm waits.
func patience(queue string) time.Duration {
	switch queue {
	case "WebhookQueue":
		return 5 * time.Minute
	case "RegistryQueue":
		return 20 * time.Minute
	case "NotificationQueue":
		return time.Hour
	case "EventsQueue":
		return 24 * time.Hour
	}
	return 0 // RetryQueue is where things wait
}

func problemsOf(a statusAnswer, disabled []platform.App, now time.Time, say func(time.Time) string) []problem {
	problems := []problem{}
	add := func(command, format string, args ...any) {
		problems = append(problems, problem{fmt.Sprintf(format, args...), command})
	}
	for _, p := range a.Paused {
		add("hookwarden resume "+p.What, "The %s are paused: nobody reads %s.", p.What, p.Name)
	}
	if b := a.Brake; b.LatchedUntil != nil {
		add("hookwarden apps --failing", "The brake is latched (%s): nobody is disabled until %s, or until somebody who has looked says `hookwarden open-brake`.",
			b.Reason, say(b.LatchedUntil.Time))
	} else if b.Limit > 0 && b.UsedThisHour >= int64(b.Limit) {
		add("hookwarden apps --disabled", "The brake holds: %d apps were disabled within this clock hour.", b.UsedThisHour)
	}
	if b := a.WarningBrake; b.LatchedUntil != nil {
		add("hookwarden apps --failing", "The brake on warnings is latched (%s): nobody is warned until %s, or until somebody who has looked says `hookwarden open-brake --brake warning`.",
			b.Reason, say(b.LatchedUntil.Time))
	} else if b.Limit > 0 && b.UsedThisHour >= int64(b.Limit) {
		add("hookwarden apps --warned", "The brake on warnings holds: %d apps were warned of within this clock hour.", b.UsedThisHour)
	}
	for _, q := range a.DeadLetters {
		if n := q.all(); n > 0 {
			add("hookwarden letters "+strings.ToLower(strings.TrimSuffix(q.Name, "DLQ")), "%s in %s.", count(n, "dead letter"), q.Name)
		}
	}
	for _, q := range a.Queues {
		if limit := patience(q.Name); limit > 0 && q.OldestSeconds != nil && time.Duration(*q.OldestSeconds)*time.Second > limit {
			add("docs/operations.md, "+q.Name+"AgeAlarm", "The oldest message of %s has waited for %s.", q.Name, show.Span(time.Duration(*q.OldestSeconds)*time.Second))
		}
	}
	for _, alarm := range a.Alarms {
		add("docs/operations.md, "+alarm.Name, "%s rings.", alarm.Name)
	}
	for _, app := range disabled {
		if app.NotifiedAt.IsZero() && !app.Deleted && now.Sub(app.DisabledAt) > time.Hour {
			add("hookwarden app "+app.ID, "Nobody was told that %s is disabled.", label(app))
		}
	}
	if a.Mode == "observe" {
		add("", "DisableMode is observe: the rule decides, and disables nobody.")
	}
	return problems
}

// count writes a number and its noun.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", digits(n), noun)
}

// digits writes a number with commas.
func digits(n int64) string {
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func showStatus(p *show.Page, a statusAnswer) {
	p.Line(show.Styled(show.Bold, "%s", a.Stack), show.Text("  mode %s, %s", a.Mode, p.Time(a.At.Time)))
	about, more := "about ", ""
	if a.Apps.More {
		more = "+"
	}
	p.Line(show.Text("apps: %s%s registered, ", about, digits(a.Apps.Registered)),
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
	if b.LatchedUntil != nil {
		p.SayIn(show.Bad, "%s: latched until %s by %s (app %s)", name, p.Time(b.LatchedUntil.Time), b.Reason, b.LatchedBy)
	}
	if b.OpenUntil != nil {
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
