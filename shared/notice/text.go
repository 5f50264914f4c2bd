package notice

// disabledText has each paragraph as one line, which wrap breaks.
func (l letter) disabledText() string {
	var table string
	if len(l.Days.Rows) > 0 {
		table = "\n" + l.Days.text() + "\n"
	}
	return l.hello() + `

` + l.Platform + ` has disabled your integration ` + isolate(l.App) + ` of the organization ` + isolate(l.Organization) + `, because its webhooks failed. That was on ` + l.When + `.

Webhook URL:
` + orElse(l.WebhookURL, "none is set") + `


WHY

` + l.Happened + ` ` + l.Rule + `
` + table + `

WHAT TO DO

1. ` + l.Advice + `
   ` + l.DashboardURL + `

2. Enable the integration again in its settings:
   ` + l.SettingsURL + `

Your subscriptions are kept: once it is enabled, the integration gets the same events as before. What happens until then is not sent to it, and is not made up for later.

` + l.footer() + `
`
}

// So does enabledText.
func (l letter) enabledText() string {
	return l.hello() + `

Your integration ` + isolate(l.App) + ` of the organization ` + isolate(l.Organization) + ` is enabled again. ` + l.Platform + ` has been sending its webhooks since ` + l.When + `.

Webhook URL:
` + orElse(l.WebhookURL, "none is set") + `

Your subscriptions were kept: the integration gets the same events as before it was disabled. What happened in the meantime is not sent to it any more. Earlier failures no longer count.


WHAT TO DO

Nothing, if this is what you expect. Whether its webhooks arrive is shown on the integration's dashboard:
   ` + l.DashboardURL + `

Its settings:
   ` + l.SettingsURL + `

` + l.footer() + `
`
}

func (l letter) hello() string {
	if l.Owner == "" {
		return `Hello,`
	}
	return `Hello ` + isolate(l.Owner) + `,`
}

func (l letter) footer() string {
	return `------------------------------------------------------------------------
You get this email because you are an owner of the organization ` + isolate(l.Organization) + ` on ` + l.Platform + `.
`
}
