package notice

// disabledText has each paragraph as one line, which wrap breaks.
func (m message) disabledText() string {
	var table string
	if len(m.Days.Rows) > 0 {
		table = "\n" + m.Days.text() + "\n"
	}
	return m.hello() + `

` + m.Platform + ` has disabled your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + `, because its webhooks failed. That was on ` + m.When + `.

Webhook URL:
` + orElse(m.WebhookURL, "none is set") + `


WHY

` + m.Happened + ` ` + m.Rule + `
` + table + `

WHAT TO DO

1. ` + m.Advice + `
   ` + m.DashboardURL + `

2. Enable the integration again in its settings:
   ` + m.SettingsURL + `

Your subscriptions are kept: once it is enabled, the integration gets the same events as before. What happens until then is not sent to it, and is not made up for later.

` + m.footer() + `
`
}

// So does enabledText.
func (m message) enabledText() string {
	return m.hello() + `

Your integration ` + isolate(m.App) + ` of the organization ` + isolate(m.Organization) + ` is enabled again. ` + m.Platform + ` has been sending its webhooks since ` + m.When + `.

Webhook URL:
` + orElse(m.WebhookURL, "none is set") + `

Your subscriptions were kept: the integration gets the same events as before it was disabled. What happened in the meantime is not sent to it any more. Earlier failures no longer count.


WHAT TO DO

Nothing, if this is what you expect. Whether its webhooks arrive is shown on the integration's dashboard:
   ` + m.DashboardURL + `

Its settings:
   ` + m.SettingsURL + `

` + m.footer() + `
`
}

func (m message) hello() string {
	if m.Owner == "" {
		return `Hello,`
	}
	return `Hello ` + isolate(m.Owner) + `,`
}

func (m message) footer() string {
	return `------------------------------------------------------------------------
You get this email because you are an owner of the organization ` + isolate(m.Organization) + ` on ` + m.Platform + `.
`
}
