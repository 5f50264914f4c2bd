package notice

// title is the first line of a mail: what happened to the app.
func (m message) title(what markup) markup {
	return `
<h1 class="ink" style="margin:0 0 20px;font-size:22px;line-height:30px;font-weight:600;color:#20242c;">Your integration <bdi>` + esc(m.App) + `</bdi> ` + what + `</h1>
`
}

// heading begins a part of a mail.
func heading(text markup) markup {
	return `
<h2 class="ink" style="margin:30px 0 8px;font-size:17px;line-height:24px;font-weight:600;color:#20242c;">` + text + `</h2>
`
}

// paragraph is empty if it has no content.
func paragraph(content markup) markup {
	if content == "" {
		return ""
	}
	return `<p style="margin:0 0 16px;">` + content + `</p>
`
}

// last is a paragraph at the end of a mail.
func last(content markup) markup {
	if content == "" {
		return ""
	}
	return `
<p style="margin:22px 0 0;">` + content + `</p>
`
}

// label stands above what it names.
func label(text string) markup {
	return `
<p class="soft" style="margin:20px 0 6px;font-size:13px;line-height:18px;color:#626976;">` + esc(text) + `</p>
`
}

// box shows text from machines. Lines may break within a word.
func box(content markup) markup {
	return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;table-layout:fixed;">
<tr><td class="box ink" bgcolor="#f3f4f6" style="padding:10px 12px;border-radius:6px;background-color:#f3f4f6;font-family:SFMono-Regular,Consolas,Menlo,'DejaVu Sans Mono',monospace;font-size:13px;line-height:19px;color:#20242c;word-break:break-word;overflow-wrap:anywhere;">` + content + `</td></tr>
</table>
`
}

func (m message) greeting() markup {
	if m.Owner == "" {
		return paragraph(`Hello,`)
	}
	return paragraph(`Hello <bdi>` + esc(m.Owner) + `</bdi>,`)
}

// integration is the app with its organization, in the middle of a sentence.
func (m message) integration() markup {
	return `integration <b><bdi>` + esc(m.App) + `</bdi></b> of the organization <bdi>` + esc(m.Organization) + `</bdi>`
}

// webhookURL is empty if there is no URL to show.
func (m message) webhookURL() markup {
	if m.WebhookURL == "" {
		return ""
	}
	return label("Webhook URL") + box(`<bdi dir="ltr">`+esc(m.WebhookURL)+`</bdi>`)
}

// diagnosis is what is known about the failures; empty if nothing is.
func (m message) diagnosis() markup {
	answer := esc(m.Answer)
	if m.Answer != "" {
		answer = `<b>` + answer + `</b>`
	}
	if m.Detail != "" {
		answer += ` <bdi>` + esc(m.Detail) + `</bdi>`
	}
	if m.Others != "" {
		answer += ` ` + esc(m.Others)
	}
	return paragraph(answer) + paragraph(esc(m.Since))
}

// steps is what to do: the first step, and then enabling the app again.
func (m message) steps(first markup) markup {
	return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td class="ink" valign="top" width="26" style="width:26px;padding:0 0 10px;font-size:16px;line-height:25px;color:#20242c;">1.</td><td class="ink" valign="top" style="padding:0 0 10px;font-size:16px;line-height:25px;color:#20242c;">` + first + `</td></tr>
<tr><td class="ink" valign="top" width="26" style="width:26px;font-size:16px;line-height:25px;color:#20242c;">2.</td><td class="ink" valign="top" style="font-size:16px;line-height:25px;color:#20242c;">Enable the integration again in its settings` + m.settingsWhere() + `.</td></tr>
</table>
`
}

func (m message) dashboardLink() markup {
	if m.DashboardURL == "" {
		return ""
	}
	return ` <a class="link" ` + href(m.DashboardURL) + ` style="color:#3355c4;">See the failed&nbsp;requests</a>`
}

func (m message) dashboardMention() markup {
	if m.DashboardURL == "" {
		return ""
	}
	return ` The integration's <a class="link" ` + href(m.DashboardURL) + ` style="color:#3355c4;">dashboard</a> shows how it is doing.`
}

// settingsWhere says where the settings are if there is no button for them.
func (m message) settingsWhere() markup {
	if m.SettingsURL == "" {
		return ` on ` + esc(m.Platform)
	}
	return ""
}

func (m message) settingsButton() markup {
	if m.SettingsURL == "" {
		return ""
	}
	return `
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:22px 0 14px;">
<tr><td bgcolor="#3355c4" align="center" style="border-radius:6px;background-color:#3355c4;mso-padding-alt:12px 22px;"><a ` + href(m.SettingsURL) + ` style="display:inline-block;padding:12px 22px;font-size:15px;line-height:20px;font-weight:600;color:#ffffff;text-decoration:none;">Open the settings</a></td></tr>
</table>
`
}
