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
	Paused         []paused       `json:"paused"` // null: not known
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
	Registered   *int64 `json:"registered_about"` // as DynamoDB counted within the last hours; null: not known
	Disabled     int    `json:"disabled"`
	Warned       int    `json:"warned"`
	FailingToday int    `json:"failing_today"`
	More         bool   `json:"more,omitempty"` // there are more than these numbers say
}

type standingLine struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	At     show.Time `json:"at"`
	Reason string    `json:"reason,omitempty"` // why it is disabled, or would be
	Level  string    `json:"level,omitempty"`  // of a warning
	Told   bool      `json:"told"`             // the owners' mails were queued
}

type brakeLine struct {
	UsedThisHour int64     `json:"used_this_hour"`
	Limit        int       `json:"limit"` // in a clock hour
	LatchedUntil show.Time `json:"latched_until,omitzero"`
	LatchedBy    string    `json:"latched_by,omitempty"` // the app that it was about
	Reason       string    `json:"reason,omitempty"`
	OpenUntil    show.Time `json:"open_until,omitzero"`
}

type alarmLine struct {
	Name  string    `json:"name"`
	Since show.Time `json:"since"`
	Why   string    `json:"why,omitempty"`
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

const (
	lately      = 24 * time.Hour
	standingMax = 500 // apps of a standing that status reads at most
)

func readStatus(ctx context.Context, from *source, now time.Time, say func(time.Time) string) (statusAnswer, error) {
	a := statusAnswer{Stack: from.stack, At: show.At(now), Queues: []queueLine{}, DeadLetters: []queueLine{}}
	f, err := a.gather(ctx, from, now)
	if err != nil {
		return a, err
	}
	if a.Mode = f.settings.Mode; !f.live {
		a.Mode = "not known"
	}
	a.Apps.Disabled, a.Apps.Warned, a.Apps.FailingToday = len(f.disabled.ids), len(f.warned.ids), len(f.failing.ids)
	a.Apps.More = f.disabled.more || f.warned.more || f.failing.more
	a.DisabledLately = latest(f.disabled.apps, now, func(app platform.App) standingLine {
		return standingLine{ID: app.ID, Name: app.Name, At: show.At(app.DisabledAt), Reason: app.DisabledReason, Told: !app.NotifiedAt.IsZero()}
	})
	a.WarnedLately = latest(f.warned.apps, now, func(app platform.App) standingLine {
		return standingLine{ID: app.ID, Name: app.Name, At: show.At(app.Warned.At), Reason: app.Warned.Reason, Level: string(app.Warned.Warning.Level), Told: !app.Warned.NotifiedAt.IsZero()}
	})
	for _, q := range f.queues {
		if strings.HasSuffix(q.Name, "DLQ") {
			a.DeadLetters = append(a.DeadLetters, q)
		} else {
			a.Queues = append(a.Queues, q)
		}
	}
	a.Brake.Limit, a.WarningBrake.Limit = f.settings.MaxPerHour, f.settings.MaxWarningsPerHour
	a.Problems = problemsOf(a, f.disabled.apps, now, say)
	return a, nil
}

// statusFacts are what the rest of the answer is made of.
type statusFacts struct {
	settings                  env.Disable
	live                      bool // settings were read
	disabled, warned, failing standings
	queues                    []queueLine
}

// gather reads all at the same time: what stands in the answer as it is read, and the facts.
func (a *statusAnswer) gather(ctx context.Context, from *source, now time.Time) (f statusFacts, err error) {
	err = together(ctx,
		func(ctx context.Context) error { f.settings, f.live = readSettings(ctx, from); return ctx.Err() },
		func(ctx context.Context) error {
			if off, err := from.settings.ReadPaused(ctx); err == nil {
				a.Paused = list(off)
			}
			return ctx.Err()
		},
		func(ctx context.Context) error {
			if n, err := from.finder.CountApps(ctx); err == nil {
				a.Apps.Registered = &n
			}
			return ctx.Err()
		},
		func(ctx context.Context) (err error) {
			f.disabled, err = readStandings(ctx, from, dynamo.StandingDisabled, standingMax)
			return err
		},
		func(ctx context.Context) (err error) {
			f.warned, err = readStandings(ctx, from, dynamo.StandingWarned, standingMax)
			return err
		},
		func(ctx context.Context) (err error) {
			f.failing.ids, f.failing.more, err = failingKeys(ctx, from, tally.DateOf(now))
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
			f.queues, err = readQueues(ctx, from, slices.Concat(queueNames(), letterNames()))
			return err
		},
		func(ctx context.Context) error { a.Alarms = readAlarms(ctx, from); return ctx.Err() },
	)
	return f, err
}

func readBrake(ctx context.Context, from *source, brake platform.Brake, now time.Time) (b brakeLine, err error) {
	latch, err := from.brake.ReadLatch(ctx, brake)
	if err != nil {
		return b, err
	}
	if latch.Latched(now) {
		b.LatchedUntil, b.LatchedBy, b.Reason = show.At(latch.Until), latch.AppID, string(latch.Reason)
	}
	if latch.OpenUntil.After(now) {
		b.OpenUntil = show.At(latch.OpenUntil)
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

// readStandings reads the ids of all apps of a standing, and in full at most that many apps.
func readStandings(ctx context.Context, from *source, standing string, most int) (standings, error) {
	var s standings
	var err error
	s.ids, s.more, err = parts(ctx, func(ctx context.Context, part int) ([]string, bool, error) {
		return from.finder.ReadStanding(ctx, standing, part)
	})
	if err != nil {
		return s, fmt.Errorf("look for %s apps: %w", standing, err)
	}
	s.apps, err = from.apps.ReadSome(ctx, s.ids[:min(len(s.ids), most)])
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

// readAlarms is nil if nobody knows.
func readAlarms(ctx context.Context, from *source) []alarmLine {
	ringing, err := from.watch.ReadAlarms(ctx)
	if err != nil {
		return nil
	}
	lines := []alarmLine{}
	for _, a := range ringing {
		lines = append(lines, alarmLine{a.Name, show.At(a.Since), a.Why})
	}
	slices.SortFunc(lines, func(a, b alarmLine) int { return strings.Compare(a.Name, b.Name) })
	return lines
}
