package notice

// page puts the content of a mail into the frame of all mails: a card, as wide as the
// screen allows, in light or dark colours. Outlook for Windows does not know
// max-width, so it gets a table of 600 pixels around the card.
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
` + m.head() + content + `
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
p, td { text-wrap: pretty; }
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

// head is the platform's name, or its logo, which the name replaces if images are off.
// The logo has a white background in dark colours too: it was made for a web page, and
// those are white.
func (m message) head() markup {
	if m.LogoURL == "" {
		return `
<p class="soft line" style="margin:0 0 24px;padding:0 0 14px;border-bottom:1px solid #e2e5ea;font-size:15px;line-height:20px;font-weight:600;color:#626976;">` + esc(m.Platform) + `</p>
`
	}
	return `
<p class="line" style="margin:0 0 24px;padding:0 0 14px;border-bottom:1px solid #e2e5ea;font-size:20px;line-height:32px;font-weight:600;"><img class="logo" ` + src(m.LogoURL) + ` alt="` + esc(m.Platform) + `" height="32" style="height:32px;max-width:100%;border:0;vertical-align:top;color:#20242c;font-size:20px;line-height:32px;font-weight:600;"></p>
`
}

func (m message) support() markup {
	if m.SupportURL == "" {
		return ""
	}
	return `<br>
Do you need help? <a class="link" ` + href(m.SupportURL) + ` style="color:#3355c4;">Ask the support of ` + esc(m.Platform) + `</a>.`
}
