package notice

// page puts the content of a mail into the frame that all mails have: a card, as
// wide as a screen allows, in light or dark colours. Outlook for Windows knows no
// max-width, so it alone gets a table of 600 pixels around the card.
func (m message) page(content markup) markup {
	return `<!DOCTYPE html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>` + esc(m.Subject) + `</title>
<style>` + style + `</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:#f3f4f6;-webkit-text-size-adjust:100%;-ms-text-size-adjust:100%;">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f3f4f6" style="background-color:#f3f4f6;">
<tr><td class="page" align="center" style="padding:32px 12px;">
<!--[if mso]><table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" style="width:100%;max-width:600px;table-layout:fixed;background-color:#ffffff;border:1px solid #e2e5ea;border-collapse:separate;border-radius:10px;">
<tr><td class="pad ink" align="left" style="padding:32px 36px 28px;font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:25px;color:#20242c;text-align:left;word-wrap:break-word;overflow-wrap:anywhere;">
` + m.logo() + content + `
</td></tr>
<tr><td class="pad soft line" align="left" style="padding:18px 36px 24px;border-top:1px solid #e2e5ea;font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:13px;line-height:20px;color:#626976;text-align:left;word-wrap:break-word;overflow-wrap:anywhere;">
You get this email because you are an owner of the organization <bdi>` + esc(m.Organization) + `</bdi> on ` + esc(m.Platform) + `.` + m.support() + `
</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</body>
</html>



`
}

const style markup = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) {
  .pad { padding-left: 20px !important; padding-right: 20px !important; }
  .page { padding: 0 !important; }
  .card { border-radius: 0 !important; border-left: 0 !important; border-right: 0 !important; }
}
@media (prefers-color-scheme: dark) {
  .page { background-color: #14161b !important; }
  .card { background-color: #1e2128 !important; border-color: #333842 !important; }
  .ink { color: #eceef2 !important; }
  .soft { color: #a3a9b6 !important; }
  .line { border-color: #333842 !important; }
  .box { background-color: #272b34 !important; }
  .track { background-color: #333842 !important; }
  .failed { background-color: #e5707a !important; }
  .success { background-color: #4fb6a8 !important; }
  .link { color: #9db4ff !important; }
  .logo { background-color: #ffffff !important; padding: 6px 8px !important; border-radius: 6px !important; }
}
`

func (m message) disabledPage() markup {
	return m.page(`
<h1 class="ink" style="margin:0 0 20px;font-size:22px;line-height:30px;font-weight:600;color:#20242c;">Your integration <bdi>` + esc(m.App) + `</bdi> was disabled</h1>
` + m.greeting() + `
<p style="margin:0 0 16px;">` + esc(m.Platform) + ` has disabled your integration <b><bdi>` + esc(m.App) + `</bdi></b> of the organization <bdi>` + esc(m.Organization) + `</bdi>, because ` + esc(m.Cause) + `. That was on ` + esc(m.When) + `.</p>
` + m.webhookURL() + `
<h2 class="ink" style="margin:30px 0 8px;font-size:17px;line-height:24px;font-weight:600;color:#20242c;">Why</h2>
<p style="margin:0 0 16px;">` + esc(m.Happened) + ` ` + esc(m.Rule) + `</p>
` + m.Days.html() + `
<h2 class="ink" style="margin:30px 0 8px;font-size:17px;line-height:24px;font-weight:600;color:#20242c;">What to do</h2>
` + m.steps(esc(m.Advice)+m.dashboardLink()) + `
` + m.settingsButton() + `
<p style="margin:22px 0 0;">` + esc(m.Kept) + `</p>
`)
}

// steps are what to do: what comes first, and enabling it again.
func (m message) steps(first markup) markup {
	return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td class="ink" valign="top" width="26" style="width:26px;padding:0 0 10px;font-size:16px;line-height:25px;color:#20242c;">1.</td><td class="ink" valign="top" style="padding:0 0 10px;font-size:16px;line-height:25px;color:#20242c;">` + first + `</td></tr>
<tr><td class="ink" valign="top" width="26" style="width:26px;font-size:16px;line-height:25px;color:#20242c;">2.</td><td class="ink" valign="top" style="font-size:16px;line-height:25px;color:#20242c;">Enable the integration again in its settings` + m.settingsWhere() + `.</td></tr>
</table>`
}

func (m message) enabledPage() markup {
	return m.page(`
<h1 class="ink" style="margin:0 0 20px;font-size:22px;line-height:30px;font-weight:600;color:#20242c;">Your integration <bdi>` + esc(m.App) + `</bdi> is enabled again</h1>
` + m.greeting() + `
<p style="margin:0 0 16px;">Your integration <b><bdi>` + esc(m.App) + `</bdi></b> of the organization <bdi>` + esc(m.Organization) + `</bdi> is enabled again. ` + esc(m.Since) + `</p>
` + m.webhookURL() + `
<p style="margin:20px 0 0;">` + esc(m.Kept) + `</p>
<h2 class="ink" style="margin:30px 0 8px;font-size:17px;line-height:24px;font-weight:600;color:#20242c;">What to do</h2>
<p style="margin:0 0 16px;">Nothing, if this is what you expect.` + m.dashboardMention() + `</p>
` + m.settingsButton() + `
`)
}

func (m message) greeting() markup {
	var name markup
	if m.Owner != "" {
		name = ` <bdi>` + esc(m.Owner) + `</bdi>`
	}
	return `<p style="margin:0 0 16px;">Hello` + name + `,</p>`
}

// webhookURL is nothing if there is none to show.
func (m message) webhookURL() markup {
	if m.WebhookURL == "" {
		return ""
	}
	return `
<p class="soft" style="margin:20px 0 6px;font-size:13px;line-height:18px;color:#626976;">Webhook URL</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;table-layout:fixed;">
<tr><td class="box ink" bgcolor="#f3f4f6" style="padding:10px 12px;border-radius:6px;background-color:#f3f4f6;font-family:SFMono-Regular,Consolas,Menlo,'DejaVu Sans Mono',monospace;font-size:13px;line-height:19px;color:#20242c;word-break:break-all;overflow-wrap:anywhere;"><bdi dir="ltr">` + esc(m.WebhookURL) + `</bdi></td></tr>
</table>
`
}

func (m message) dashboardLink() markup {
	if m.DashboardURL == "" {
		return ""
	}
	return ` <a class="link" ` + href(m.DashboardURL) + ` style="color:#3355c4;">Open&nbsp;the&nbsp;dashboard</a>`
}

func (m message) dashboardMention() markup {
	if m.DashboardURL == "" {
		return ""
	}
	return ` The integration's <a class="link" ` + href(m.DashboardURL) + ` style="color:#3355c4;">dashboard</a> shows how it is doing.`
}

// settingsWhere says where the settings are if no button leads there.
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

// logo stands on white in dark colours too: it was made for a page, and pages are
// white. With images off the platform's name stands in its place.
func (m message) logo() markup {
	if m.LogoURL == "" {
		return ""
	}
	return `
<p style="margin:0 0 24px;font-size:20px;line-height:32px;font-weight:600;"><img class="logo" ` + src(m.LogoURL) + ` alt="` + esc(m.Platform) + `" height="32" style="height:32px;max-width:100%;border:0;vertical-align:top;color:#20242c;font-size:20px;line-height:32px;font-weight:600;"></p>
`
}

func (m message) support() markup {
	if m.SupportURL == "" {
		return ""
	}
	return `<br>
Do you need help? <a class="link" ` + href(m.SupportURL) + ` style="color:#3355c4;">Ask the support of ` + esc(m.Platform) + `</a>.`
}
