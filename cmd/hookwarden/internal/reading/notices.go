package reading

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
)

type noticesAnswer struct {
	Mails  []mailLine    `json:"mails"` // newest first
	Owners []addressLine `json:"owners"`
	More   bool          `json:"more,omitempty"` // there are older ones
}

type mailLine struct {
	Kind      string    `json:"kind"`
	Of        show.Time `json:"of"` // when that happened which it tells of
	Email     string    `json:"email"`
	State     string    `json:"state"` // claimed, sent, refused, outdated, none
	At        show.Time `json:"at,omitzero"`
	MessageID string    `json:"message_id,omitempty"`
}

type addressLine struct {
	Email      string    `json:"email"`
	Suppressed *bool     `json:"suppressed"`       // null: not known
	Reason     string    `json:"reason,omitempty"` // BOUNCE or COMPLAINT
	Since      show.Time `json:"since,omitzero"`
}

// What notices looks at, at most.
const (
	noticeChanges  = 20
	noticeOwners   = 25
	noticeRequests = 5
)

func (r reader) noticesOf() *cobra.Command {
	return &cobra.Command{
		Use:   "notices ID",
		Short: "Which owners were mailed, when, and whether SES suppresses them",
		Long: `Which owners of an app were mailed, about what and when, and whether SES
suppresses their addresses: then mails to them are dropped. It looks at the
newest 20 times that the app was disabled, enabled, warned or recovered, and
at the first 25 owners that there are now. Mails to people who are no owners
any more are not found.

It makes at most 40 requests.`,
		Example: "  hookwarden notices 17\n  hookwarden notices 17 --output json | jq '.owners[] | select(.suppressed)'",
		Args:    session.Args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := r.open(cmd.Context())
			if err != nil {
				return err
			}
			answer, err := r.readNotices(cmd.Context(), from, args[0])
			if err != nil {
				return err
			}
			return r.Print(answer, func(p *show.Page) { showNotices(p, answer) })
		},
	}
}

func (r reader) readNotices(ctx context.Context, from *source, id string) (noticesAnswer, error) {
	app, err := r.known(ctx, from, id)
	if err != nil {
		return noticesAnswer{}, err
	}
	var org platform.Organization
	var page dynamo.AuditPage
	err = together(ctx,
		func(ctx context.Context) (err error) {
			org, _, err = from.organizations.ReadOrganization(ctx, app.OrganizationID)
			return err
		},
		func(ctx context.Context) (err error) {
			page, err = from.audit.Read(ctx, dynamo.AuditQuery{OrganizationID: app.OrganizationID, AppID: app.ID,
				Limit: noticeChanges, MaxRequests: noticeRequests})
			return err
		},
	)
	if err != nil {
		return noticesAnswer{}, err
	}
	all := slices.Concat(changes(app), audited(page.Entries))
	slices.SortFunc(all, func(a, b change) int {
		return cmp.Or(b.at.Compare(a.at), strings.Compare(string(a.kind), string(b.kind)))
	})
	all = slices.Compact(all)
	a := noticesAnswer{Mails: []mailLine{}, Owners: []addressLine{}, More: page.Next != "" || len(all) > noticeChanges}
	all = all[:min(len(all), noticeChanges)]
	org.Owners = org.Owners[:min(len(org.Owners), noticeOwners)]
	mails, err := readMails(ctx, from, app, org, all)
	if err != nil {
		return a, err
	}
	for _, m := range mails {
		a.Mails = append(a.Mails, mailLine{string(m.Kind), show.At(m.of), m.To.Email, m.State, m.at(), m.MessageID})
	}
	return a, a.readAddresses(ctx, from, org.Owners)
}

// audited are the changes that audit entries tell of.
func audited(entries []dynamo.AuditEntry) []change {
	var all []change
	for _, e := range entries {
		var kind platform.NoticeKind
		switch e.Event[strings.LastIndexByte(e.Event, '.')+1:] {
		case "disable":
			kind = platform.AppDisabled
		case "enable":
			kind = platform.AppEnabled
		case "warn":
			kind = platform.AppWarning
		case "recover":
			kind = platform.AppRecovered
		default:
			continue // what the rule would have done
		}
		all = append(all, change{kind, e.Time})
	}
	return all
}

func (a *noticesAnswer) readAddresses(ctx context.Context, from *source, owners []platform.Owner) error {
	a.Owners = make([]addressLine, len(owners))
	return each(ctx, len(owners), func(ctx context.Context, i int) error {
		s, err := from.mail.ReadSuppression(ctx, owners[i].Email)
		if err != nil {
			return err
		}
		a.Owners[i] = addressLine{Email: owners[i].Email, Reason: s.Reason, Since: show.At(s.Since)}
		if s.Known {
			a.Owners[i].Suppressed = &s.Suppressed
		}
		return nil
	})
}

func showNotices(p *show.Page, a noticesAnswer) {
	p.Line(show.Styled(show.Bold, "Mails"))
	if len(a.Mails) == 0 {
		p.Say("There was nothing to tell, or nobody to tell it to.")
	} else {
		var rows [][]show.Cell
		for _, m := range a.Mails {
			rows = append(rows, []show.Cell{show.Text("%s", m.Kind), show.Text("%s", p.Short(m.Of.Time)), show.Text("%s", m.Email),
				show.Styled(styleOfMail(m.State), "%s", mailState(m.State)), show.Text("%s", p.Short(m.At.Time))})
		}
		zone := " (" + p.ZoneName() + ")"
		p.Table([]show.Column{{Head: "ABOUT"}, {Head: "OF" + zone}, {Head: "OWNER", Cut: true}, {Head: "MAIL", Cut: true}, {Head: "AT"}}, rows)
		if a.More {
			p.SayIn(show.Dim, "older ones are not listed")
		}
	}
	p.Heading("Addresses")
	if len(a.Owners) == 0 {
		p.Say("The organization has no owners: nobody can be told.")
		return
	}
	var rows [][]show.Cell
	for _, o := range a.Owners {
		cell := show.Styled(show.Dim, "%s", "not known")
		switch {
		case o.Suppressed != nil && *o.Suppressed:
			cell = show.Styled(show.Bad, "%s", strings.TrimSpace("yes, after a "+strings.ToLower(o.Reason)))
			if !o.Since.IsZero() {
				cell.Text += " on " + p.Short(o.Since.Time)
			}
		case o.Suppressed != nil:
			cell = show.Styled(show.Good, "%s", "no")
		}
		rows = append(rows, []show.Cell{show.Text("%s", o.Email), cell})
	}
	p.Table([]show.Column{{Head: "OWNER"}, {Head: "SUPPRESSED BY SES"}}, rows)
}

func styleOfMail(state string) show.Style {
	switch state {
	case "sent":
		return show.Good
	case "refused":
		return show.Bad
	}
	return show.Plain
}
