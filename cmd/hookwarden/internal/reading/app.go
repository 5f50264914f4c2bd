package reading

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

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
	Organization    organizationLine `json:"organization"`
	WebhookURLError string           `json:"webhook_url_error,omitempty"`
	Events          []string         `json:"events"`
	Sentence        string           `json:"sentence"`
	Why             []string         `json:"why"`
	Next            string           `json:"next"`
	Counted         bool             `json:"counted"` // whether its outcomes are, so that the rule can judge it
	Disabled        *disabledLine    `json:"disabled,omitempty"`
	Warned          *warnedLine      `json:"warned,omitempty"`
	EnabledAt       *show.Time       `json:"enabled_at,omitempty"`
	LastSuccessAt   *show.Time       `json:"last_success_at,omitempty"`
	LastSuccessDay  tally.Date       `json:"last_success_day,omitempty"` // UTC, by the counts
	LastFailure     *failureLine     `json:"last_failure,omitempty"`
	Owners          []ownerLine      `json:"owners"`
	Days            []tally.Day      `json:"days"` // those of the last 30 that have counts

	rule tally.Rule
	log  dynamo.LogFound
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
	RecoveredAt *show.Time          `json:"recovered_at,omitempty"`
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

type ownerLine struct {
	Email string     `json:"email"`
	Name  string     `json:"name,omitempty"`
	About string     `json:"about,omitempty"` // the newest thing that there was to tell: app.disabled and so on
	State string     `json:"state"`           // claimed, sent, refused, outdated, none
	At    *show.Time `json:"at,omitempty"`
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
	a := appAnswer{appLine: lineOf(app), UUID: app.UUID, WebhookURLError: app.WebhookURLError, Events: list(app.Events), Days: list(days),
		Organization: organizationLine{app.OrganizationID, org.Slug, org.Name}, rule: settings.Rule, log: found}
	todays := countsOn(days, today)
	if a.State == "ok" && todays.Failed() {
		a.State = "failing"
	}
	a.EnabledAt, a.Counted = optional(app.EnabledAt), app.Counted(settings.Guarded)
	a.setLast(days, found.Entries)
	a.Sentence = sentence(app, settings, todays, found)
	a.Why = why(app, a, r.Say)
	a.Next = next(app, settings, days, today, latch.Latched(now))
	if !live {
		a.Next += " (By the template's defaults: the live rule's numbers could not be read.)"
	}
	if app.Disabled() {
		a.Disabled = &disabledLine{show.Time{Time: app.DisabledAt}, app.DisabledReason, app.DisabledBy.Raw, app.DisabledNote, app.DisabledEvidence, app.DisabledDiagnosis}
	}
	if w := app.Warned; !w.At.IsZero() {
		a.Warned = &warnedLine{At: show.Time{Time: w.At}, Levels: list(w.Levels), Reason: w.Reason, DisabledOn: w.Warning.CutOn,
			RecoveredAt: optional(w.RecoveredAt), Diagnosis: w.Diagnosis}
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

func optional(t time.Time) *show.Time {
	if t.IsZero() {
		return nil
	}
	return &show.Time{Time: t}
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
	a.LastSuccessAt = optional(success)
	for _, d := range days {
		if d.Success+d.Alive > 0 {
			a.LastSuccessDay = max(a.LastSuccessDay, d.Date)
		}
	}
	if !failure.At.IsZero() {
		a.LastFailure = &failureLine{show.Time{Time: failure.At}, failure.Outcome, failure.Code, failure.Status, failure.EventType, failure.WebhookID,
			explained(words.Attempt(failure.Outcome, failure.Code, failure.Status), detail)}
	}
}

// sentence is an app's state.
func sentence(app platform.App, settings env.Disable, today tally.Counts, found dynamo.LogFound) string {
	name := label(app)
	switch {
	case app.Deleted:
		return name + " is deleted: nothing is sent to it."
	case app.Disabled():
		return name + " is disabled: " + words.Reason(app.DisabledReason) + "."
	case app.WebhookURL == "" && !app.Kind.CalledByPlatform():
		return name + " has no webhook URL: nothing is sent to it."
	case app.WebhookURLError != "":
		return name + " has a webhook URL that cannot be called: " + strings.TrimSuffix(app.WebhookURLError, ".") + "."
	}
	failed, sent := today.Failures(), today.Attempts()
	of := "today"
	if !app.Counted(settings.Guarded) {
		failed, sent, of = 0, 0, "in the newest entries of the log"
		for _, e := range found.Entries {
			if e.Sent && !e.Test {
				sent++
				if e.Failed() {
					failed++
				}
			}
		}
	}
	warned := ""
	if !app.Warned.At.IsZero() && app.Warned.RecoveredAt.IsZero() {
		warned = " Its owners are warned."
	}
	switch {
	case sent == 0:
		return fmt.Sprintf("%s is enabled; nothing was sent to it %s.%s", name, of, warned)
	case failed == sent:
		return fmt.Sprintf("%s fails: %s %s, and none succeeded.%s", name, count(sent, "attempt"), of, warned)
	case failed > 0:
		return fmt.Sprintf("%s works in part: %s of %s failed %s.%s", name, digits(failed), count(sent, "attempt"), of, warned)
	}
	return fmt.Sprintf("%s works: %s %s, and none failed.%s", name, count(sent, "attempt"), of, warned)
}

// why lists what is known of the reasons.
func why(app platform.App, a appAnswer, say func(time.Time) string) []string {
	reasons := []string{}
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if app.Disabled() {
		by := "the rule"
		if app.DisabledReason == platform.Manual {
			by = "a person"
			if who := actorName(app.DisabledBy.Raw); who != "" {
				by = who
			}
		}
		add("Disabled by %s on %s.", by, say(app.DisabledAt))
		if app.DisabledNote != "" {
			add("The note says: %s", app.DisabledNote)
		}
		if e := app.DisabledEvidence; len(e) > 0 {
			var sum tally.Counts
			for _, d := range e {
				sum = sum.Plus(d.Counts)
			}
			add("From %s to %s, %s succeeded; %s.", e[0].Date, e[len(e)-1].Date, digits(sum.Success), kinds(sum))
		}
	}
	if w := app.Warned; !w.At.IsZero() && w.RecoveredAt.IsZero() {
		until := ""
		if w.Warning.CutOn != "" {
			until = fmt.Sprintf(" It would be disabled on %s (UTC).", w.Warning.CutOn)
		}
		add("Its owners were warned on %s of %s.%s", say(w.At), words.Level(string(w.Warning.Level)), until)
	}
	diagnosis := app.DisabledDiagnosis
	if diagnosis == nil {
		diagnosis = app.Warned.Diagnosis
	}
	if diagnosis != nil {
		for _, answer := range diagnosis.Answers {
			add("%s (%s of the %s failures that were looked at)", words.Attempt(answer.Outcome, answer.Code, answer.Status), digits(answer.Count), digits(diagnosis.Read))
		}
		if e := diagnosis.Example; e != nil {
			add("%s", explained(fmt.Sprintf("For example webhook %s, %s, at %s.", e.WebhookID, e.EventType, sayText(e.At, say)), e.Detail))
			if e.Body != "" {
				add("It answered: %s", e.Body)
			}
		}
		if diagnosis.FailingSince != "" {
			add("It had failed since %s.", sayText(diagnosis.FailingSince, say))
		}
		return reasons
	}
	for _, line := range commonest(a.log.Entries) {
		add("%s (%s of the newest %d log entries)", words.Attempt(line.outcome, line.code, line.status), digits(int64(line.count)), len(a.log.Entries))
	}
	return reasons
}

// sayText says a time of a table; as it is if it is none.
func sayText(at string, say func(time.Time) string) string {
	t, err := platform.ParseTime(at)
	if err != nil {
		return at
	}
	return say(t)
}

// kinds says how failures divide.
func kinds(c tally.Counts) string {
	var said []string
	for _, k := range []struct {
		n    int64
		what string
	}{{c.Error - c.Gone, "answered with 4xx"}, {c.Gone, "answered 410"}, {c.Timeout, "timed out or lost the connection"},
		{c.Other, "failed otherwise (5xx, redirects, forbidden URLs)"}, {c.Fatal, "reported as fatal"}} {
		if k.n > 0 {
			said = append(said, digits(k.n)+" "+k.what)
		}
	}
	if len(said) == 0 {
		return "none failed"
	}
	return strings.Join(said, ", ")
}

// ending is a way in which entries ended.
type ending struct {
	outcome, code string
	status, count int
}

// commonest groups what was not a success, the commonest first, five at most.
func commonest(entries []delivery.Entry) []ending {
	groups := make(map[ending]int)
	for _, e := range entries {
		if !e.Test && (e.Failed() || !e.Sent) {
			groups[ending{outcome: e.Outcome, code: e.Code, status: e.ResponseCode}]++
		}
	}
	var endings []ending
	for g, n := range groups {
		g.count = n
		endings = append(endings, g)
	}
	slices.SortFunc(endings, func(a, b ending) int {
		if a.count != b.count {
			return b.count - a.count
		}
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return endings[:min(len(endings), platform.MaxAnswers)]
}

// actorName is who did something, as far as it is said.
func actorName(raw json.RawMessage) string {
	var actor struct {
		Name  string `json:"name"`
		Email string `json:"email"`
		Type  string `json:"type"`
		ID    any    `json:"id"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &actor) != nil {
		return ""
	}
	name := actor.Name
	switch {
	case name != "" && actor.Email != "":
		name += " <" + actor.Email + ">"
	case name == "":
		name = actor.Email
	}
	if name == "" && actor.ID != nil {
		name = strings.TrimSpace(fmt.Sprintf("%s %v", actor.Type, actor.ID))
	}
	return name
}

// told are the changes of an app's standing that its owners hear of, newest first.
type change struct {
	kind platform.NoticeKind
	at   time.Time
}

func changes(app platform.App) []change {
	all := []change{{platform.AppDisabled, app.DisabledAt}, {platform.AppEnabled, app.EnabledAt},
		{platform.AppWarning, app.Warned.At}, {platform.AppRecovered, app.Warned.RecoveredAt}}
	all = slices.DeleteFunc(all, func(c change) bool { return c.at.IsZero() })
	slices.SortFunc(all, func(a, b change) int { return b.at.Compare(a.at) })
	return all
}

// maxOwners is how many owners are looked at: a hundred notices are one request.
const maxOwners = 100

// readOwners says of each owner what became of the newest mail.
func readOwners(ctx context.Context, from *source, app platform.App, org platform.Organization) ([]ownerLine, error) {
	owners := org.Owners[:min(len(org.Owners), maxOwners)]
	lines := make([]ownerLine, 0, len(owners))
	newest := changes(app)
	if len(newest) == 0 {
		for _, o := range owners {
			lines = append(lines, ownerLine{Email: o.Email, Name: o.Name, State: "none"})
		}
		return lines, nil
	}
	org.Owners = owners
	notices := platform.Notices(newest[0].kind, app, org, newest[0].at)
	var ids []string
	for _, n := range notices {
		ids = append(ids, n.ID)
	}
	states, err := from.notices.ReadNotices(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read what became of the mails: %w", err)
	}
	for _, n := range notices {
		line := ownerLine{Email: n.To.Email, Name: n.To.Name, About: string(n.Kind), State: "none"}
		if s, ok := states[n.ID]; ok {
			line.State, line.At = s.State, optional(s.SentAt)
			if s.SentAt.IsZero() {
				line.At = optional(s.ClaimedAt)
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func showApp(p *show.Page, a appAnswer, now time.Time) {
	p.SayIn(show.Bold, "%s", a.Sentence)
	p.Field("organization", show.Text("%s", strings.TrimSpace(a.Organization.Name+" "+a.Organization.Slug+" ("+a.Organization.ID+")")))
	p.Field("status", show.Text("%s, %s", a.Status, a.Kind))
	p.Field("URL", show.Text("%s", a.WebhookURL))
	p.Field("URL is wrong", show.Styled(show.Bad, "%s", a.WebhookURLError))
	p.Field("events", show.Text("%s", strings.Join(a.Events, ", ")))
	if a.Disabled != nil {
		p.Field("disabled", show.Styled(show.Bad, "%s", p.When(a.Disabled.At.Time)))
	}
	if a.Warned != nil {
		p.Field("warned", show.Styled(show.Warn, "%s", p.When(a.Warned.At.Time)))
	}
	if a.EnabledAt != nil {
		p.Field("enabled", show.Text("%s", p.When(a.EnabledAt.Time)))
	}
	if len(a.Why) > 0 {
		p.Heading("Why")
		for _, line := range a.Why {
			p.Item("%s", line)
		}
	}
	p.Heading("30 days")
	today := tally.DateOf(now)
	switch {
	case len(a.Days) > 0:
		showChart(p, a.Days, firstDay(today), today)
	case !a.Counted:
		p.Say("The outcomes of this app are not counted. `hookwarden requests %s` has its log.", a.ID)
	default:
		p.Say("Nothing was counted.")
	}
	last := "none is known"
	switch {
	case a.LastSuccessAt != nil && tally.DateOf(a.LastSuccessAt.Time) >= a.LastSuccessDay:
		last = p.When(a.LastSuccessAt.Time)
	case a.LastSuccessDay != "":
		last = fmt.Sprintf("on %s (UTC)", a.LastSuccessDay)
	}
	p.Field("last success", show.Text("%s", last))
	last = "none is known"
	if f := a.LastFailure; f != nil {
		last = strings.TrimSpace(p.When(f.At.Time) + " " + f.EventType + ". " + f.Words)
	}
	p.Field("last failure", show.Text("%s", last))
	p.Heading("Owners")
	showOwners(p, a.Owners)
	p.Heading("Next")
	p.Say("%s", a.Next)
}

func showOwners(p *show.Page, owners []ownerLine) {
	if len(owners) == 0 {
		p.Say("nobody is known who could be told")
		return
	}
	var rows [][]show.Cell
	for _, o := range owners {
		at := ""
		if o.At != nil {
			at = p.Short(o.At.Time)
		}
		rows = append(rows, []show.Cell{show.Text("%s", o.Email), show.Text("%s", o.Name), show.Text("%s", o.About), show.Text("%s", mailState(o.State)), show.Text("%s", at)})
	}
	p.Table([]show.Column{{Head: "OWNER"}, {Head: "NAME", Cut: true}, {Head: "ABOUT"}, {Head: "MAIL", Cut: true}, {Head: "AT (" + p.ZoneName() + ")"}}, rows)
}

// mailState says what became of a mail.
func mailState(state string) string {
	switch state {
	case "claimed":
		return "being sent"
	case "refused":
		return "refused by SES"
	case "outdated":
		return "not sent: outdated"
	case "none":
		return "none"
	}
	return state
}
