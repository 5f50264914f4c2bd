package notice

import "hookwarden/shared/platform"

// noteLimit is how much a mail shows of what a person wrote, in bytes.
const noteLimit = 512

// byHand reports whether a person disabled the app.
func byHand(n platform.Notice) bool {
	return n.Kind == platform.AppDisabled && n.Reason == platform.Manual
}

// sayByHand says who disabled the app, if the platform said so, and the note, if there
// is one. It has no counts.
func (m *message) sayByHand(n platform.Notice) {
	m.Subject = "Your " + m.App + " integration was disabled"
	m.When, m.By, m.Note = moment(n.DisabledAt), orElse(personOf(n), m.Platform), clean(n.Note, noteLimit)
	m.Happened = "A person at " + m.Platform + " did this, not a rule about failures."
	m.Advice = "Find out from " + m.Platform + " what has to change, if you do not know it."
}

// personOf is who did it, by name if there is one; empty if the platform did not say so.
func personOf(n platform.Notice) string {
	if n.Actor == nil {
		return ""
	}
	return orElse(clean(n.Actor.Name, nameLimit), clean(n.Actor.Email, nameLimit))
}

// where is the platform on which a person did it, unless it already stands for that
// person.
func (m message) where() string {
	if m.By == m.Platform {
		return ""
	}
	return " on " + m.Platform
}

func (m message) byHandText() string {
	var note string
	if m.Note != "" {
		note = "\n\nTheir note:\n" + isolate(m.Note)
	}
	return m.hello() + `

` + isolate(m.By) + ` has disabled your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + m.where() + `. That was on ` + m.When + `.
` + m.webhookURLText() + `

WHY

` + m.Happened + note + `


WHAT TO DO

1. ` + m.Advice + `

2. Enable the integration again in its settings` + m.settingsText() + `

` + m.Kept + `

` + m.footer() + `
`
}

func (m message) byHandPage() markup {
	var note markup
	if m.Note != "" {
		note = label("Their note") + `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;table-layout:fixed;">
<tr><td class="box ink" bgcolor="#f3f4f6" style="padding:10px 12px;border-radius:6px;background-color:#f3f4f6;font-size:15px;line-height:22px;color:#20242c;overflow-wrap:anywhere;"><bdi>` + esc(m.Note) + `</bdi></td></tr>
</table>
`
	}
	return m.page(m.title(`was disabled`) + m.greeting() +
		paragraph(`<bdi>`+esc(m.By)+`</bdi> has disabled your `+m.integration()+esc(m.where())+`. That was on `+esc(m.When)+`.`) +
		m.webhookURL() +
		heading(`Why`) + paragraph(esc(m.Happened)) + note +
		heading(`What to do`) + m.steps(esc(m.Advice)) + m.settingsButton() + last(esc(m.Kept)))
}
