package notice

import "hookwarden/shared/platform"

// sayEnabled says when an app was enabled, and by whom, if the platform said so.
func (m *message) sayEnabled(n platform.Notice) {
	m.By = personOf(n)
	if n.App.Kind.CalledByPlatform() {
		m.Subject = "Your " + m.App + " integration is enabled again"
		m.Since = "That was on " + moment(n.EnabledAt) + "."
		m.Kept = "Its settings and subscriptions were kept. Earlier failures no longer count."
		return
	}
	m.Subject = "Webhooks of your " + m.App + " integration are flowing again"
	m.Since = m.Platform + " has been sending its webhooks since " + moment(n.EnabledAt) + "."
	m.Kept = "Your subscriptions were kept: the integration gets the same events as before it was disabled. " +
		"What was held back in the meantime is not sent to it any more. Earlier failures no longer count."
}

func (m message) enabledText() string {
	happened := `Your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + ` is enabled again.`
	if m.By != "" {
		happened = isolate(m.By) + ` has enabled your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + ` again.`
	}
	return m.hello() + `

` + happened + ` ` + m.Since + `
` + m.webhookURLText() + `
` + m.Kept + `


WHAT TO DO

Nothing, if this is what you expect.` + m.dashboardMentionText() + `
` + m.settingsOfText() + `
` + m.footer() + `
`
}

func (m message) enabledPage() markup {
	happened := `Your ` + m.integration() + ` is enabled again.`
	if m.By != "" {
		happened = `<bdi>` + esc(m.By) + `</bdi> has enabled your ` + m.integration() + ` again.`
	}
	return m.page(m.title(`is enabled again`) + m.greeting() +
		paragraph(happened+` `+esc(m.Since)) +
		m.webhookURL() + last(esc(m.Kept)) +
		heading(`What to do`) + paragraph(`Nothing, if this is what you expect.`+m.dashboardMention()) + m.settingsButton())
}
