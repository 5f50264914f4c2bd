package reading

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/platform"
)

type ownerLine struct {
	Email string     `json:"email"`
	Name  string     `json:"name,omitempty"`
	About string     `json:"about,omitempty"` // the newest thing that there was to tell: app.disabled and so on
	State string     `json:"state"`           // claimed, sent, refused, outdated, none
	At    *show.Time `json:"at,omitempty"`
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
