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
` + content + `
</td></tr>
<tr><td class="pad soft line" align="left" style="padding:18px 36px 24px;border-top:1px solid #e2e5ea;font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:13px;line-height:20px;color:#626976;text-align:left;word-wrap:break-word;overflow-wrap:anywhere;">
You get this email because you are an owner of the organization <bdi>` + esc(m.Organization) + `</bdi> on ` + esc(m.Platform) + `.
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
}
`

func (m message) disabledPage() markup {
	return m.page(`
<h1 class="ink" style="margin:0 0 20px;font-size:22px;line-height:30px;font-weight:600;color:#20242c;">Your integration <bdi>` + esc(m.App) + `</bdi> was disabled</h1>
` + m.greeting() + `
<p style="margin:0 0 16px;">` + esc(m.Platform) + ` has disabled your integration <b><bdi>` + esc(m.App) + `</bdi></b> of the organization <bdi>` + esc(m.Organization) + `</bdi>, because its webhooks failed. That was on ` + esc(m.When) + `.</p>
` + m.webhookURL() + `
<h2 class="ink" style="margin:30px 0 8px;font-size:17px;line-height:24px;font-weight:600;color:#20242c;">Why</h2>
<p style="margin:0 0 16px;">` + esc(m.Happened) + ` ` + esc(m.Rule) + `</p>
` + m.Days.html() + `
<h2 class="ink" style="margin:30px 0 8px;font-size:17px;line-height:24px;font-weight:600;color:#20242c;">What to do</h2>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td class="ink" valign="top" width="26" style="width:26px;padding:0 0 10px;font-size:16px;line-height:25px;color:#20242c;">1.</td><td class="ink" valign="top" style="padding:0 0 10px;font-size:16px;line-height:25px;color:#20242c;">` + esc(m.Advice) + ` <a class="link" ` + href(m.DashboardURL) + ` style="color:#3355c4;">Open&nbsp;the&nbsp;dashboard</a></td></tr>
<tr><td class="ink" valign="top" width="26" style="width:26px;font-size:16px;line-height:25px;color:#20242c;">2.</td><td class="ink" valign="top" style="font-size:16px;line-height:25px;color:#20242c;">Enable the integration again in its settings.</td></tr>
</table>
` + m.settingsButton() + `
<p style="margin:22px 0 0;">Your subscriptions are kept: once it is enabled, the integration gets the same events as before. What happens until then is not sent to it, and is not made up for later.</p>
`)
}

func (m message) enabledPage() markup {
	return m.page(`
<h1 class="ink" style="margin:0 0 20px;font-size:22px;line-height:30px;font-weight:600;color:#20242c;">Your integration <bdi>` + esc(m.App) + `</bdi> is enabled again</h1>
` + m.greeting() + `
<p style="margin:0 0 16px;">Your integration <b><bdi>` + esc(m.App) + `</bdi></b> of the organization <bdi>` + esc(m.Organization) + `</bdi> is enabled again. ` + esc(m.Platform) + ` has been sending its webhooks since ` + esc(m.When) + `.</p>
` + m.webhookURL() + `
<p style="margin:20px 0 0;">Your subscriptions were kept: the integration gets the same events as before it was disabled. What happened in the meantime is not sent to it any more. Earlier failures no longer count.</p>
<h2 class="ink" style="margin:30px 0 8px;font-size:17px;line-height:24px;font-weight:600;color:#20242c;">What to do</h2>
<p style="margin:0 0 16px;">Nothing, if this is what you expect. Whether its webhooks arrive is shown on the integration's <a class="link" ` + href(m.DashboardURL) + ` style="color:#3355c4;">dashboard</a>.</p>
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

func (m message) webhookURL() markup {
	var address markup = `none is set`
	if m.WebhookURL != "" {
		address = `<bdi dir="ltr">` + esc(m.WebhookURL) + `</bdi>`
	}
	return `
<p class="soft" style="margin:20px 0 6px;font-size:13px;line-height:18px;color:#626976;">Webhook URL</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;table-layout:fixed;">
<tr><td class="box ink" bgcolor="#f3f4f6" style="padding:10px 12px;border-radius:6px;background-color:#f3f4f6;font-family:SFMono-Regular,Consolas,Menlo,'DejaVu Sans Mono',monospace;font-size:13px;line-height:19px;color:#20242c;word-break:break-all;overflow-wrap:anywhere;">` + address + `</td></tr>
</table>
`
}

func (m message) settingsButton() markup {
	return `
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:22px 0 14px;">
<tr><td bgcolor="#3355c4" align="center" style="border-radius:6px;background-color:#3355c4;mso-padding-alt:12px 22px;"><a ` + href(m.SettingsURL) + ` style="display:inline-block;padding:12px 22px;font-size:15px;line-height:20px;font-weight:600;color:#ffffff;text-decoration:none;">Open the settings</a></td></tr>
</table>
`
}
