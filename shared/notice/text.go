package notice

import "strings"

func (m message) hello() string {
	if m.Owner == "" {
		return `Hello,`
	}
	return `Hello ` + isolate(m.Owner) + `,`
}

// webhookURLText is a separate paragraph; empty if there is no URL to show.
func (m message) webhookURLText() string {
	if m.WebhookURL == "" {
		return ""
	}
	return "\nWebhook URL:\n" + m.WebhookURL + "\n"
}

// diagnosisText is what is known about the failures; empty if nothing is.
func (m message) diagnosisText() string {
	said := strings.Join(strings.Fields(m.Answer+" "+isolate(m.Detail)+" "+m.Others), " ")
	for _, paragraph := range []*string{&said, &m.Since} {
		if *paragraph != "" {
			*paragraph += "\n\n"
		}
	}
	return said + m.Since
}

func (m message) dashboardMentionText() string {
	if m.DashboardURL == "" {
		return ""
	}
	return " The integration's dashboard shows how it is doing:\n   " + m.DashboardURL
}

// settingsOfText is a separate paragraph; empty if there is no link.
func (m message) settingsOfText() string {
	if m.SettingsURL == "" {
		return ""
	}
	return "\nIts settings:\n" + indented(m.SettingsURL)
}

// settingsText follows a sentence about the settings.
func (m message) settingsText() string {
	if m.SettingsURL == "" {
		return " on " + m.Platform + "."
	}
	return ":\n   " + m.SettingsURL
}

// indented is a link on its own line; empty if there is none.
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
