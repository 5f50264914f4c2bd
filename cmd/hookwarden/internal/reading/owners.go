package reading

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
)

type ownerLine struct {
	Email string    `json:"email"`
	Name  string    `json:"name,omitempty"`
	About string    `json:"about,omitempty"` // the newest thing that there was to tell: app.disabled and so on
	State string    `json:"state"`           // claimed, sent, refused, outdated, none
	At    show.Time `json:"at,omitzero"`
}

// change is a change of an app's standing that its owners hear of.
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
	all := changes(app)
	if len(all) == 0 {
		for _, o := range owners {
			lines = append(lines, ownerLine{Email: o.Email, Name: o.Name, State: "none"})
		}
		return lines, nil
	}
	org.Owners = owners
	mails, err := readMails(ctx, from, app, org, all[:1])
	for _, m := range mails {
		lines = append(lines, ownerLine{Email: m.To.Email, Name: m.To.Name, About: string(m.Kind), State: m.State, At: m.at()})
	}
	return lines, err
}

// mail is what became of a notice to one owner. Its state is none if it was never begun.
type mail struct {
	platform.Notice
	dynamo.NoticeState
	of time.Time // the change that it tells of
}

// at is when that became of it.
func (m mail) at() show.Time {
	if m.SentAt.IsZero() {
		return show.At(m.ClaimedAt)
	}
	return show.At(m.SentAt)
}

// readMails reads what became of the mails about changes, to each owner.
func readMails(ctx context.Context, from *source, app platform.App, org platform.Organization, all []change) ([]mail, error) {
	var mails []mail
	var ids []string
	for _, c := range all {
		for _, n := range platform.Notices(c.kind, app, org, c.at) {
			mails = append(mails, mail{n, dynamo.NoticeState{State: "none"}, c.at})
			ids = append(ids, n.ID)
		}
	}
	states, err := from.notices.ReadNotices(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read what became of the mails: %w", err)
	}
	for i, m := range mails {
		if s, ok := states[m.ID]; ok {
			mails[i].NoticeState = s
		}
	}
	return mails, nil
}

func showOwners(p *show.Page, owners []ownerLine) {
	if len(owners) == 0 {
		p.Say("nobody is known who could be told")
		return
	}
	var rows [][]show.Cell
	for _, o := range owners {
		rows = append(rows, []show.Cell{show.Text("%s", o.Email), show.Text("%s", o.Name), show.Text("%s", o.About), show.Text("%s", mailState(o.State)), show.Text("%s", p.Short(o.At.Time))})
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
