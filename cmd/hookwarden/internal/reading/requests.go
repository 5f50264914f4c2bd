package reading

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
)

type requestsAnswer struct {
	Entries []entryLine `json:"entries"`        // newest first
	Read    int         `json:"read"`           // how many were looked at
	Whole   bool        `json:"whole"`          // all since --since were
	Next    string      `json:"next,omitempty"` // for --after
}

type entryLine struct {
	Key        string    `json:"key"` // for `request`
	At         show.Time `json:"at"`
	Event      string    `json:"event"`
	Outcome    string    `json:"outcome"`
	Code       string    `json:"error_code,omitempty"`
	Status     int       `json:"status,omitempty"` // of a complete answer
	DurationMS int64     `json:"duration_ms,omitempty"`
	Attempt    int       `json:"attempt"`
	WebhookID  string    `json:"webhook_id"`
	URL        string    `json:"url,omitempty"`
	Test       bool      `json:"test,omitempty"`
	Repeated   bool      `json:"repeated,omitempty"`
	Detail     string    `json:"detail,omitempty"` // what the code leaves out, in a sentence
}

func entryOf(e delivery.Entry) entryLine {
	return entryLine{dynamo.EntryKey(e), show.At(e.Time), e.EventType, e.Outcome, e.Code, e.ResponseCode,
		e.Duration.Milliseconds(), e.Attempt, e.WebhookID, e.URL, e.Test, e.Repeated, e.Detail}
}

// explained puts what the code leaves out behind what it means.
func explained(words, detail string) string { return strings.TrimSpace(words + " " + detail) }

// ended is how an entry ended, in a column.
func (l entryLine) ended() string {
	switch {
	case l.Code != "":
		return l.Outcome + " " + l.Code
	case l.Status != 0 && l.Outcome != "success":
		return fmt.Sprintf("%s %d", l.Outcome, l.Status)
	case l.Status != 0:
		return fmt.Sprint("success ", l.Status)
	}
	return l.Outcome
}

func (l entryLine) style() show.Style {
	switch l.Outcome {
	case "success":
		return show.Good
	case "skipped":
		return show.Warn
	}
	return show.Bad
}

// outcomes are those that the log has.
func outcomes() []string {
	return []string{"success", "error", "throttled", "gone", "redirect", "server_error", "timeout", "connection_error", "blocked", "skipped", "expired"}
}

// searchRequests is how many requests a look at the log costs at most.
const searchRequests = 50

func (r reader) requests() *cobra.Command {
	since := &sinceFlag{now: r.Now}
	var failures bool
	var search dynamo.LogSearch
	var after string
	cmd := &cobra.Command{
		Use:   "requests ID",
		Short: "The log of an app: what was sent, and how it ended",
		Long: `The log of an app, newest first: each attempt, each webhook that was skipped
and why, each that expired. A page makes at most 51 requests, and says how to
get the next. The log is kept for 30 days. With --failures an index is read
that has failed attempts and expired webhooks alone.`,
		Example: "  hookwarden requests 17 --since 24h\n  hookwarden requests 17 --failures --event issue.created\n  hookwarden requests 17 --outcome skipped --output json",
		Args:    session.Args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if search.Wanted < 1 || search.Wanted > maxApps {
				return fault.NewUsage("", "--limit must be from 1 to %d", maxApps)
			}
			if search.Outcome != "" && !slices.Contains(outcomes(), search.Outcome) {
				return fault.NewUsage("It is one of "+strings.Join(outcomes(), ", ")+".", "%q is no outcome", search.Outcome)
			}
			from, err := r.open(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := r.known(cmd.Context(), from, args[0]); err != nil {
				return err
			}
			search.AppID, search.Since, search.Until = args[0], since.or(logDays), r.Now()
			search.MaxRequests, search.Failures, search.After = searchRequests, failures, strings.Replace(after, "/", " ", 1)
			return r.printRequests(cmd.Context(), from, search)
		},
	}
	sinceVar(cmd, since, "not before this `TIME`: 24h, 7d, 2026-11-24")
	cmd.Flags().BoolVar(&failures, "failures", false, "failed attempts and expired webhooks alone")
	cmd.Flags().StringVar(&search.EventType, "event", "", "of this event `TYPE` alone, as in issue.created")
	cmd.Flags().StringVar(&search.Outcome, "outcome", "", "of this `OUTCOME` alone, as in timeout or skipped")
	_ = cmd.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions(outcomes(), cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().IntVar(&search.Wanted, "limit", 50, "a page has at most `N` entries (1 to 1000)")
	cmd.Flags().StringVar(&after, "after", "", "the page after this `MARK`, with which one ends")
	return cmd
}

func (r reader) printRequests(ctx context.Context, from *source, search dynamo.LogSearch) error {
	found, err := from.log.Search(ctx, search)
	if errors.Is(err, dynamo.ErrBadPage) {
		return fault.NewUsage("It must be what the page before ended with, with the same --since.", "--after: %w", err)
	}
	if err != nil {
		return err
	}
	a := requestsAnswer{Entries: []entryLine{}, Read: found.Read, Whole: found.Whole, Next: strings.Replace(found.Next, " ", "/", 1)}
	for _, e := range found.Entries {
		a.Entries = append(a.Entries, entryOf(e))
	}
	return r.Print(a, func(p *show.Page) {
		showEntries(p, a.Entries)
		switch {
		case len(a.Entries) == 0 && a.Whole:
			p.Say("The log has no such entry since %s.", p.Time(search.Since))
		case a.Next != "":
			p.Line(show.Styled(show.Dim, "%s read; for the next page add", entries(a.Read)))
			p.Line(show.Text("--after %s", a.Next))
		}
	})
}

func showEntries(p *show.Page, entries []entryLine) {
	if len(entries) == 0 {
		return
	}
	var rows [][]show.Cell
	for _, l := range entries {
		ms := ""
		if l.Outcome != "skipped" && l.Outcome != "expired" {
			ms = digits(l.DurationMS)
		}
		event := l.Event
		if l.Test {
			event += " (test)"
		}
		rows = append(rows, []show.Cell{show.Text("%s", l.At.In(p.Zone).Format("01-02 15:04:05")), show.Text("%s", event),
			show.Styled(l.style(), "%s", l.ended()), show.Text("%s", ms), show.Text("%d", l.Attempt), show.Text("%s", l.WebhookID)})
	}
	p.Table([]show.Column{{Head: "TIME (" + p.ZoneName() + ")"}, {Head: "EVENT", Cut: true}, {Head: "ENDED AS", Cut: true}, {Head: "MS", Right: true},
		{Head: "TRY", Right: true}, {Head: "WEBHOOK"}}, rows)
}

type requestAnswer struct {
	entryLine
	Words          string            `json:"words"`
	OrganizationID string            `json:"organization_id,omitempty"`
	ErrorID        string            `json:"error_id,omitempty"`
	ProjectID      string            `json:"project_id,omitempty"`
	RequestHeaders map[string]string `json:"request_headers,omitempty"`
	RequestBody    string            `json:"request_body,omitempty"`
	ResponseBody   string            `json:"response_body,omitempty"`
	Others         []entryLine       `json:"others"` // the webhook's other entries that were found, newest first
}

func (r reader) request() *cobra.Command {
	since := &sinceFlag{now: r.Now}
	attempt := 0
	cmd := &cobra.Command{
		Use:   "request ID WEBHOOK-ID",
		Short: "One log entry: headers, bodies, and what its error code means",
		Long: `One entry of an app's log: its headers, the beginnings of both bodies (of
failures: successes are logged without), and what its error code means.
WEBHOOK-ID is the webhook's id, which is looked for in the newest 1,000
entries, or in all since --since; or the key of an entry, as "hookwarden
requests ID --output json" has it.`,
		Example: "  hookwarden request 17 evt_01J9\n  hookwarden request 17 evt_01J9 --attempt 2 --since 7d",
		Args:    session.Args("ID", "WEBHOOK-ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := r.open(cmd.Context())
			if err != nil {
				return err
			}
			answer, err := r.readRequest(cmd.Context(), from, args[0], args[1], attempt, since)
			if err != nil {
				return err
			}
			return r.Print(answer, func(p *show.Page) { showRequest(p, answer) })
		},
	}
	cmd.Flags().IntVar(&attempt, "attempt", 0, "the `N`th attempt (default: the newest entry)")
	sinceVar(cmd, since, "look at all since this `TIME`: 24h, 7d, 2026-11-24")
	return cmd
}

func (r reader) readRequest(ctx context.Context, from *source, appID, id string, attempt int, since *sinceFlag) (requestAnswer, error) {
	key := id
	var others []entryLine
	if !strings.Contains(id, "#") {
		found, err := r.search(ctx, from, newest(dynamo.LogSearch{AppID: appID, WebhookID: id}, since, r.Now()))
		if err != nil {
			return requestAnswer{}, err
		}
		at := slices.IndexFunc(found.Entries, func(e delivery.Entry) bool { return attempt == 0 || e.Attempt == attempt })
		if at < 0 {
			return requestAnswer{}, fault.NewNotFound("`hookwarden why "+appID+" --webhook "+id+"` says where it may wait, `hookwarden letters webhook` which are dead letters. Older entries: --since 7d.",
				"%s", notInLog(found, id, attempt))
		}
		key = dynamo.EntryKey(found.Entries[at])
		for i, e := range found.Entries {
			if i != at {
				others = append(others, entryOf(e))
			}
		}
	}
	e, ok, err := from.log.ReadEntry(ctx, appID, key)
	if err != nil {
		return requestAnswer{}, err
	}
	if !ok {
		return requestAnswer{}, fault.NewNotFound("Entries are kept for 30 days.", "app %s has no log entry %s", appID, key)
	}
	return requestAnswer{entryOf(e), words.Attempt(e.Outcome, e.Code, e.ResponseCode), e.OrganizationID, e.ErrorID, e.ProjectID,
		e.RequestHeaders, e.RequestBody, e.ResponseBody, list(others)}, nil
}

func notInLog(found dynamo.LogFound, id string, attempt int) string {
	what := "webhook " + id
	if attempt > 0 && len(found.Entries) > 0 {
		what = fmt.Sprintf("attempt %d of webhook %s", attempt, id)
	}
	return fmt.Sprintf("%s is not among the %d newest entries of the log", what, found.Read)
}

// The log's newest entries, and what all since a time cost at most.
const (
	newestEntries  = 1000
	newestRequests = 40  // 31 days that may be empty, and a few for entries that are large
	sinceRequests  = 200 // some 200 MB of the log
)

// newest is a search that looks at the newest 1,000 entries, or at all since a time.
func newest(s dynamo.LogSearch, since *sinceFlag, now time.Time) dynamo.LogSearch {
	s.Since, s.Until = since.or(logDays), now
	s.Read, s.MaxRequests = newestEntries, newestRequests
	if !since.at.IsZero() {
		s.Read, s.MaxRequests = 0, sinceRequests
	}
	return s
}

// piece is how many requests are made before a person hears how far it has come.
const piece = 40

// search looks through the log as far as the search goes, and shows how far it has come.
func (r reader) search(ctx context.Context, from *source, s dynamo.LogSearch) (dynamo.LogFound, error) {
	progress := r.Progress(-1, "entries of the log")
	defer progress.Done()
	var all dynamo.LogFound
	for left := s.MaxRequests; ; left -= piece {
		s.MaxRequests = min(left, piece)
		found, err := from.log.Search(ctx, s)
		if err != nil {
			return all, err
		}
		all.Entries = append(all.Entries, found.Entries...)
		all.Read, all.Whole, all.Next = all.Read+found.Read, found.Whole, found.Next
		if !found.Oldest.IsZero() {
			all.Oldest = found.Oldest
		}
		full := s.Read > 0 && all.Read >= s.Read
		if s.After = found.Next; found.Whole || full || left <= piece {
			return all, nil
		}
		progress.Add(found.Read)
	}
}

func showRequest(p *show.Page, a requestAnswer) {
	p.Line(show.Styled(show.Bold, "%s", a.Event), show.Text("  "), show.Styled(a.style(), "%s", a.ended()))
	p.Say("%s", explained(a.Words, a.Detail))
	p.Field("webhook", show.Text("%s", a.WebhookID))
	p.Field("at", show.Text("%s", p.When(a.At.Time)))
	p.Field("attempt", show.Text("%d", a.Attempt))
	p.Field("URL", show.Text("%s", a.URL))
	if a.Outcome != "skipped" && a.Outcome != "expired" {
		p.Field("took", show.Text("%s ms", digits(a.DurationMS)))
	}
	if a.Repeated {
		p.Field("sent twice", show.Text("%s", "the connection ended before an answer, so the same request was sent once more"))
	}
	if a.Test {
		p.Field("test", show.Text("%s", "yes: it is counted for nothing"))
	}
	p.Field("error id", show.Text("%s", a.ErrorID))
	p.Field("project id", show.Text("%s", a.ProjectID))
	p.Field("key", show.Text("%s", a.Key))
	if len(a.RequestHeaders) > 0 {
		p.Heading("Request headers")
		for _, name := range slices.Sorted(maps.Keys(a.RequestHeaders)) {
			p.Block(name + ": " + a.RequestHeaders[name])
		}
	}
	showBody(p, "Request body, its beginning", a.RequestBody)
	showBody(p, "Answer, its beginning", a.ResponseBody)
	if len(a.Others) > 0 {
		p.Heading("Other entries of this webhook")
		showEntries(p, a.Others)
	}
}

func showBody(p *show.Page, title, body string) {
	if body != "" {
		p.Heading("%s", title)
		p.Block(body)
	}
}
