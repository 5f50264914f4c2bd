package reading

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/delivery"
	"hookwarden/shared/disabling"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

type appAnswer struct {
	appLine
	UUID            string           `json:"uuid,omitempty"`
	Generation      int64            `json:"generation"` // grows with each enabling and each new URL: counts of those before say nothing
	Organization    organizationLine `json:"organization"`
	WebhookURLError string           `json:"webhook_url_error,omitempty"`
	Events          []string         `json:"events"`
	Sentence        string           `json:"sentence"`
	Why             []string         `json:"why"`
	Next            string           `json:"next"`
	Counted         bool             `json:"counted"` // whether its outcomes are, so that the rule can judge it
	Disabled        *disabledLine    `json:"disabled,omitempty"`
	Warned          *warnedLine      `json:"warned,omitempty"`
	EnabledAt       show.Time        `json:"enabled_at,omitzero"`
	LastSuccessAt   show.Time        `json:"last_success_at,omitzero"`
	LastSuccessDay  tally.Date       `json:"last_success_day,omitempty"` // UTC, by the counts
	LastFailure     *failureLine     `json:"last_failure,omitempty"`
	Owners          []ownerLine      `json:"owners"`
	Days            []tally.Day      `json:"days"` // those of the last 30 that have counts

	log dynamo.LogFound
}

type organizationLine struct {
	ID   string `json:"id"`
	Slug string `json:"slug,omitempty"`
	Name string `json:"name,omitempty"`
}

type disabledLine struct {
	At        show.Time           `json:"at"`
	Reason    string              `json:"reason"`
	Actor     json.RawMessage     `json:"actor,omitempty"`
	Note      string              `json:"note,omitempty"`
	Evidence  []tally.Day         `json:"evidence,omitempty"`
	Diagnosis *platform.Diagnosis `json:"diagnosis,omitempty"`
}

type warnedLine struct {
	At          show.Time           `json:"at"`
	Levels      []platform.Level    `json:"levels"`
	Reason      string              `json:"reason"`
	DisabledOn  string              `json:"disabled_on,omitempty"`
	RecoveredAt show.Time           `json:"recovered_at,omitzero"`
	Diagnosis   *platform.Diagnosis `json:"diagnosis,omitempty"`
}

type failureLine struct {
	At        show.Time `json:"at"`
	Outcome   string    `json:"outcome"`
	Code      string    `json:"error_code,omitempty"`
	Status    int       `json:"status,omitempty"`
	EventType string    `json:"event,omitempty"`
	WebhookID string    `json:"webhook_id,omitempty"`
	Words     string    `json:"words"`
}

func (r reader) app() *cobra.Command {
	return &cobra.Command{
		Use:   "app ID",
		Short: "One app: its state, why, 30 days, who was told, what comes next",
		Long: `One app: its state in a sentence, why, its last 30 days, the last success and
failure, which owners were told and when, and what would happen next by the
live rule.

It makes at most 20 requests.`,
		Example: "  hookwarden app 17\n  hookwarden app 17 --output json | jq -r .next",
		Args:    session.Args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := r.open(cmd.Context())
			if err != nil {
				return err
			}
			answer, err := r.readAppAnswer(cmd.Context(), from, args[0])
			if err != nil {
				return err
			}
			return r.Print(answer, func(p *show.Page) { showApp(p, answer, r.Now()) })
		},
	}
}

// How much of the log `app` looks at for the last success and failure.
const (
	appLogEntries  = 200
	appLogRequests = 8
)

func (r reader) readAppAnswer(ctx context.Context, from *source, id string) (appAnswer, error) {
	app, err := r.known(ctx, from, id)
	if err != nil {
		return appAnswer{}, err
	}
	now := r.Now()
	today := tally.DateOf(now)
	var org platform.Organization
	var days []tally.Day
	var settings env.Disable
	var live bool
	var latch disabling.Latch
	var found dynamo.LogFound
	err = together(ctx,
		func(ctx context.Context) (err error) {
			org, _, err = from.organizations.ReadOrganization(ctx, app.OrganizationID)
			return err
		},
		func(ctx context.Context) (err error) {
			days, err = from.days.ReadDays(ctx, tally.Key(app.ID, app.OrganizationID, app.Generation), firstDay(today), today)
			return err
		},
		func(ctx context.Context) error { settings, live = readSettings(ctx, from); return ctx.Err() },
		func(ctx context.Context) (err error) {
			latch, err = from.brake.ReadLatch(ctx, platform.BrakeDisable)
			return err
		},
		func(ctx context.Context) (err error) {
			found, err = from.log.Search(ctx, dynamo.LogSearch{AppID: app.ID, Since: now.AddDate(0, 0, -appLogRequests), Until: now,
				Read: appLogEntries, MaxRequests: appLogRequests})
			return err
		},
	)
	if err != nil {
		return appAnswer{}, err
	}
	a := appAnswer{appLine: lineOf(app), UUID: app.UUID, Generation: app.Generation, WebhookURLError: app.WebhookURLError, Events: list(app.Events), Days: list(days),
		Organization: organizationLine{app.OrganizationID, org.Slug, org.Name}, log: found}
	todays := countsOn(days, today)
	if a.State == "ok" && todays.Failed() {
		a.State = "failing"
	}
	a.EnabledAt, a.Counted = show.At(app.EnabledAt), app.Counted(settings.Guarded)
	a.setLast(days, found.Entries)
	a.Sentence = sentence(app, settings, todays, found)
	a.Why = why(app, a, r.Say)
	a.Next = next(app, settings, days, today, latch.Latched(now))
	if !live {
		a.Next += " (By the template's defaults: the live rule's numbers could not be read.)"
	}
	if app.Disabled() {
		a.Disabled = &disabledLine{show.At(app.DisabledAt), app.DisabledReason, app.DisabledBy.Raw, app.DisabledNote, app.DisabledEvidence, app.DisabledDiagnosis}
	}
	if w := app.Warned; !w.At.IsZero() {
		a.Warned = &warnedLine{At: show.At(w.At), Levels: list(w.Levels), Reason: w.Reason, DisabledOn: w.Warning.CutOn,
			RecoveredAt: show.At(w.RecoveredAt), Diagnosis: w.Diagnosis}
	}
	a.Owners, err = readOwners(ctx, from, app, org)
	return a, err
}

func firstDay(today tally.Date) tally.Date { return today.Plus(1 - logDays) }

func countsOn(days []tally.Day, date tally.Date) (counts tally.Counts) {
	for _, d := range days {
		if d.Date == date {
			counts = counts.Plus(d.Counts)
		}
	}
	return counts
}

func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

// setLast finds the last success and failure by the days' clues and by the log,
// whichever is newer: the log may be turned off, and clues are of what is counted.
func (a *appAnswer) setLast(days []tally.Day, entries []delivery.Entry) {
	clues := tally.Latest(days)
	success, failure, detail := clues.LastSuccess, clues.LastFailure, ""
	for _, e := range entries {
		switch {
		case e.Test:
		case e.Failed() && e.Time.After(failure.At):
			detail = e.Detail
			failure = tally.Failure{At: e.Time, Outcome: e.Outcome, Code: e.Code, Status: e.ResponseCode, EventType: e.EventType, WebhookID: e.WebhookID}
		case e.Sent && !e.Failed() && e.Time.After(success):
			success = e.Time
		}
	}
	a.LastSuccessAt = show.At(success)
	for _, d := range days {
		if d.Success+d.Alive > 0 {
			a.LastSuccessDay = max(a.LastSuccessDay, d.Date)
		}
	}
	if !failure.At.IsZero() {
		a.LastFailure = &failureLine{show.At(failure.At), failure.Outcome, failure.Code, failure.Status, failure.EventType, failure.WebhookID,
			explained(words.Attempt(failure.Outcome, failure.Code, failure.Status), detail)}
	}
}
