package notice

// disabledText has each paragraph as one line, which wrap breaks.
func (m message) disabledText() string {
	var table string
	if len(m.Days.Rows) > 0 {
		table = "\n" + m.Days.text() + "\n"
	}
	return m.hello() + `

` + m.Platform + ` has disabled your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + `, because ` + m.Cause + `. That was on ` + m.When + `.
` + m.webhookURLText() + `

WHY

` + m.Happened + ` ` + m.Rule + `
` + table + `

WHAT TO DO

1. ` + m.Advice + `
` + indented(m.DashboardURL) + `
2. Enable the integration again in its settings` + m.settingsText() + `

` + m.Kept + `

` + m.footer() + `
`
}

// So does enabledText.
func (m message) enabledText() string {
	var dashboard, settings string
	if m.DashboardURL != "" {
		dashboard = " The integration's dashboard shows how it is doing:\n   " + m.DashboardURL
	}
	if m.SettingsURL != "" {
		settings = "\nIts settings:\n" + indented(m.SettingsURL)
	}
	return m.hello() + `

Your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + ` is enabled again. ` + m.Since + `
` + m.webhookURLText() + `
` + m.Kept + `


WHAT TO DO

Nothing, if this is what you expect.` + dashboard + `
` + settings + `
` + m.footer() + `
`
}

func (m message) hello() string {
	if m.Owner == "" {
		return `Hello,`
	}
	return `Hello ` + isolate(m.Owner) + `,`
}

// webhookURLText is a paragraph of its own; nothing if there is none to show.
func (m message) webhookURLText() string {
	if m.WebhookURL == "" {
		return ""
	}
	return "\nWebhook URL:\n" + m.WebhookURL + "\n"
}

// settingsText goes on after a sentence about the settings.
func (m message) settingsText() string {
	if m.SettingsURL == "" {
		return " on " + m.Platform + "."
	}
	return ":\n   " + m.SettingsURL
}

// indented is a link on a line of its own; nothing if there is none.
func indented(link string) string {
	if link == "" {
		return ""
	}
	return "   " + link + "\n"
}

func (m message) footer() string {
	footer := `------------------------------------------------------------------------
You get this email because you are an owner of the organization ` + isolate(m.Organization) + ` on ` + m.Platform + `.
`
	if m.SupportURL != "" {
		footer += "\nDo you need help? Ask the support of " + m.Platform + ":\n" + m.SupportURL + "\n"
	}
	return footer
}
