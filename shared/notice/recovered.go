package notice

import "hookwarden/shared/platform"

// sayRecovered says that an app works again after a warning.
func (m *message) sayRecovered(n platform.Notice) {
	w := wordsOf(n.App.Kind)
	m.Subject = "Your " + m.App + " integration works again"
	m.Failing = w.failing
	m.Since = "By " + moment(n.RecoveredAt) + ", none had failed for an hour."
	m.Happened = "The warning that you got no longer applies. The integration was not disabled."
	if n.WarnedAt != "" {
		m.Happened = "The warning of " + moment(n.WarnedAt) + " no longer applies. The integration was not disabled."
	}
}

func (m message) recoveredText() string {
	return m.hello() + `

` + m.Failing + ` your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + ` succeed again. ` + m.Since + `
` + m.webhookURLText() + `
` + m.Happened + `


WHAT TO DO

Nothing.` + m.dashboardMentionText() + `
` + m.settingsOfText() + `
` + m.footer() + `
`
}

func (m message) recoveredPage() markup {
	return m.page(m.title(`works again`) + m.greeting() +
		paragraph(esc(m.Failing)+` your `+m.integration()+` succeed again. `+esc(m.Since)) +
		m.webhookURL() + last(esc(m.Happened)) +
		heading(`What to do`) + paragraph(`Nothing.`+m.dashboardMention()) + m.settingsButton())
}
