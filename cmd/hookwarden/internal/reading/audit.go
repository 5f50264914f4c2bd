package reading

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/cmd/hookwarden/internal/words"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

type auditAnswer struct {
	Entries []auditLine `json:"entries"` // newest first
	Next    string      `json:"next,omitempty"`
	Latched []latchLine `json:"latched,omitempty"` // with --brake: the brakes that are latched now
}

type latchLine struct {
	Brake  string    `json:"brake"`
	Until  show.Time `json:"until"`
	Reason string    `json:"reason"`
	AppID  string    `json:"app_id"` // the app that it was about
}

// readLatches are the latches of both brakes that hold now.
func readLatches(ctx context.Context, from *source, now time.Time) (lines []latchLine, err error) {
	for _, brake := range []platform.Brake{platform.BrakeDisable, platform.BrakeWarning} {
		latch, err := from.brake.ReadLatch(ctx, brake)
		if err != nil {
			return nil, fmt.Errorf("read the brake: %w", err)
		}
		if latch.Latched(now) {
			lines = append(lines, latchLine{string(brake), show.At(latch.Until), string(latch.Reason), latch.AppID})
		}
	}
	return lines, nil
}

type auditLine struct {
	At        show.Time       `json:"at"`
	Event     string          `json:"event"`
	AppID     string          `json:"app_id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Actor     json.RawMessage `json:"actor,omitempty"`     // as the platform said
	SenderID  string          `json:"sender_id,omitempty"` // as SQS stamped it
	Note      string          `json:"note,omitempty"`
	Brake     string          `json:"brake,omitempty"` // of an opening: disable or warning
	OpenUntil show.Time       `json:"open_until,omitzero"`
	Evidence  []tally.Day     `json:"evidence,omitempty"`

	Level     platform.Level      `json:"level,omitempty"`
	Diagnosis *platform.Diagnosis `json:"diagnosis,omitempty"`
}

const auditRequests = 10

func (r reader) auditOf() *cobra.Command {
	var q dynamo.AuditQuery
	var brake bool
	cmd := &cobra.Command{
		Use:   "audit ORG",
		Short: "What was done to an organization's apps, when and by whom",
		Long: `What was done to an organization's apps, newest first: disabled, enabled,
warned, and what the rule would have done. "by" is the actor that the platform
named, or the rule. "sender" is who sent the message, as SQS stamped it: a
hint, not proof, since a session of a role has the name that it chose.

A page makes at most 12 requests.`,
		Example: "  hookwarden audit 42\n  hookwarden audit 42 --app 17 --limit 5\n  hookwarden audit --brake",
		Args: func(cmd *cobra.Command, args []string) error {
			if brake {
				return session.Args()(cmd, args)
			}
			return session.Args("ORG")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if q.Limit < 1 || q.Limit > maxApps {
				return fault.NewUsage("", "--limit must be from 1 to %d", maxApps)
			}
			q.OrganizationID = dynamo.BrakeAudit
			if !brake {
				q.OrganizationID = args[0]
			}
			from, err := r.open(cmd.Context())
			if err != nil {
				return err
			}
			return r.printAudit(cmd.Context(), from, q)
		},
	}
	cmd.Flags().StringVar(&q.AppID, "app", "", "of the app with this `ID` alone")
	cmd.Flags().BoolVar(&brake, "brake", false, "the openings of the brake, which are no organization's")
	cmd.Flags().IntVar(&q.Limit, "limit", 50, "a page has at most `N` entries (1 to 1000)")
	cmd.Flags().StringVar(&q.After, "after", "", "the page after this `MARK`, with which one ends")
	return cmd
}

func (r reader) printAudit(ctx context.Context, from *source, q dynamo.AuditQuery) error {
	q.MaxRequests = auditRequests
	page, err := from.audit.Read(ctx, q)
	if errors.Is(err, dynamo.ErrBadAuditPage) {
		return fault.NewUsage("It must be what the page before ended with.", "--after: %w", err)
	}
	if err != nil {
		return fmt.Errorf("read the audit entries: %w", err)
	}
	if len(page.Entries) == 0 && page.Next == "" && q.After == "" {
		if err := r.knownOrganization(ctx, from, q.OrganizationID); err != nil {
			return err
		}
	}
	a := auditAnswer{Entries: []auditLine{}, Next: page.Next}
	for _, e := range page.Entries {
		a.Entries = append(a.Entries, auditLine{show.At(e.Time), e.Event, e.AppID, e.Name, e.Reason, e.Actor, e.SenderID, e.Note,
			string(e.Brake), show.At(e.OpenUntil), e.Evidence, e.Level, e.Diagnosis})
	}
	if q.OrganizationID == dynamo.BrakeAudit {
		if a.Latched, err = readLatches(ctx, from, r.Now()); err != nil {
			return err
		}
	}
	return r.Print(a, func(p *show.Page) { showAudit(p, a) })
}

func (r reader) knownOrganization(ctx context.Context, from *source, id string) error {
	if id == dynamo.BrakeAudit {
		return nil
	}
	_, ok, err := from.organizations.ReadOrganization(ctx, id)
	if err == nil && !ok {
		return fault.NewNotFound("`hookwarden app ID` says which organization an app belongs to.", "no organization with the id %s was ever registered", id)
	}
	return err
}

func showAudit(p *show.Page, a auditAnswer) {
	for _, l := range a.Latched {
		p.SayIn(show.Bad, "The brake on %s is latched until %s because of %s (app %s).",
			map[string]string{string(platform.BrakeDisable): "disablings", string(platform.BrakeWarning): "warnings"}[l.Brake], p.Time(l.Until.Time), l.Reason, l.AppID)
	}
	switch {
	case len(a.Entries) == 0 && len(a.Latched) > 0:
		p.Say("Nobody opened a brake.")
		return
	case len(a.Entries) == 0:
		p.Say("Nothing was done.")
		return
	}
	for _, e := range a.Entries {
		p.Line(show.Text("%s  ", p.Short(e.At.Time)), show.Styled(styleOfEvent(e.Event), "%s", e.Event), show.Text("%s", appOf(e)))
		switch {
		case e.Level != "":
			p.Field("  warned of", show.Text("%s; it would be disabled for the reason %s", words.Level(string(e.Level)), e.Reason))
		case e.Reason != "":
			p.Field("  because", show.Text("%s", words.Reason(e.Reason)))
		}
		by := actorName(e.Actor)
		if by == "" {
			by = "the rule"
			if e.SenderID != "" || !e.OpenUntil.IsZero() {
				by = "not said"
			}
		}
		p.Field("  by", show.Text("%s", by))
		p.Field("  sender", show.Text("%s", e.SenderID))
		p.Field("  note", show.Text("%s", e.Note))
		p.Field("  open until", show.Text("%s", p.Time(e.OpenUntil.Time)))
	}
	p.SayIn(show.Dim, "times are %s", p.ZoneName())
	if a.Next != "" {
		p.Line(show.Styled(show.Dim, "for the next page add"))
		p.Line(show.Text("--after %s", a.Next))
	}
}

func appOf(e auditLine) string {
	switch {
	case e.Brake != "":
		return "  on " + e.Brake
	case e.AppID == "":
		return ""
	case e.Name == "":
		return "  app " + e.AppID
	}
	return "  " + e.Name + " (" + e.AppID + ")"
}

func styleOfEvent(event string) show.Style {
	switch {
	case strings.HasSuffix(event, ".disable"):
		return show.Bad
	case strings.HasSuffix(event, ".enable"):
		return show.Good
	}
	return show.Warn
}
