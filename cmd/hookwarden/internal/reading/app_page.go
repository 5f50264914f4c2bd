package reading

import (
	"fmt"
	"strings"
	"time"

	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/tally"
)

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
	p.Field("enabled", show.Text("%s", p.When(a.EnabledAt.Time)))
	p.Field("generation", show.Text("%d", a.Generation))
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
	case !a.LastSuccessAt.IsZero() && tally.DateOf(a.LastSuccessAt.Time) >= a.LastSuccessDay:
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
