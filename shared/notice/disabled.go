package notice

// disabledText has each paragraph as one line, which wrap breaks.
func (m message) disabledText() string {
	return m.hello() + `

` + m.Platform + ` has disabled your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + `, because ` + m.Cause + `. That was on ` + m.When + `.
` + m.webhookURLText() + `

WHY

` + m.diagnosisText() + m.Happened + ` ` + m.Rule + `
` + m.Days.text() + m.Example.text() + `

WHAT TO DO

1. ` + m.Advice + `
` + indented(m.DashboardURL) + `
2. Enable the integration again in its settings` + m.settingsText() + `

` + m.Kept + `

` + m.footer() + `
`
}

func (m message) disabledPage() markup {
	return m.page(m.title(`was disabled`) + m.greeting() +
		paragraph(esc(m.Platform)+` has disabled your `+m.integration()+`, because `+esc(m.Cause)+`. That was on `+esc(m.When)+`.`) +
		m.webhookURL() +
		heading(`Why`) + m.diagnosis() + paragraph(esc(m.Happened)+` `+esc(m.Rule)) + m.Days.html() + m.Example.html() +
		heading(`What to do`) + m.steps(esc(m.Advice)+m.dashboardLink()) + m.settingsButton() + last(esc(m.Kept)))
}
