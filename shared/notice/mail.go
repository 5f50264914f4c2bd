// Package notice is the job of the notify function: it makes a mail of a notice
// and sees to it that the mail is sent once. It knows nothing of queues, of SES
// or of tables, and decides nothing about apps.
package notice

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
	texttemplate "text/template"

	"hookwarden/shared/buffer"
	"hookwarden/shared/platform"
)

// MailConfig is what all mails have in common. All fields are required.
type MailConfig struct {
	PlatformName string
	PlatformURL  string      // where links lead, http or https
	Rule         buffer.Rule // by which apps are disabled now; mails explain it
}

// Mail is one mail to one person.
type Mail struct {
	Kind    platform.NoticeKind
	Status  platform.Status // of the app
	To      platform.Owner  // the name is one line, without control characters
	Subject string          // so is this
	Text    string
	HTML    string
}

//go:embed templates
var templates embed.FS //nolint:gochecknoglobals // go:embed needs a variable; it is read only

// Composer makes mails.
type Composer struct {
	config MailConfig
	text   map[platform.NoticeKind]*texttemplate.Template
	html   map[platform.NoticeKind]*template.Template
}

// NewComposer parses the templates; it panics if they are broken, which no
// input can cause.
func NewComposer(config MailConfig) *Composer {
	config.PlatformURL = strings.TrimRight(config.PlatformURL, "/")
	c := &Composer{
		config: config,
		text:   make(map[platform.NoticeKind]*texttemplate.Template),
		html:   make(map[platform.NoticeKind]*template.Template),
	}
	for kind, name := range map[platform.NoticeKind]string{
		platform.AppDisabled: "disabled",
		platform.AppEnabled:  "enabled",
	} {
		c.text[kind] = texttemplate.Must(texttemplate.New(name+".txt").Funcs(texttemplate.FuncMap{
			"isolate": isolate,
			"table":   daysTable.text,
		}).ParseFS(templates, "templates/"+name+".txt", "templates/footer.txt"))
		c.html[kind] = template.Must(template.New("frame.html").Funcs(template.FuncMap{
			"outlookOpen":  outlookOpen,
			"outlookClose": outlookClose,
			"short":        short,
		}).ParseFS(templates, "templates/frame.html", "templates/"+name+".html"))
	}
	return c
}

// Outlook for Windows knows no max-width, so it alone gets a table of 600 pixels
// around the mail. html/template would drop the comments from a template.
func outlookOpen() template.HTML {
	return `<!--[if mso]><table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`
}

func outlookClose() template.HTML { return `<!--[if mso]></td></tr></table><![endif]-->` }

// Compose makes the mail of a notice. The same notice makes the same mail.
func (c *Composer) Compose(n platform.Notice) (Mail, error) {
	text, html := c.text[n.Kind], c.html[n.Kind]
	if text == nil {
		return Mail{}, fmt.Errorf("compose notice %s: no mail for kind %q", n.ID, n.Kind)
	}
	l := c.letter(n)
	var plain, rich bytes.Buffer
	if err := text.Execute(&plain, l); err != nil {
		return Mail{}, fmt.Errorf("compose notice %s: %w", n.ID, err)
	}
	if err := html.Execute(&rich, l); err != nil {
		return Mail{}, fmt.Errorf("compose notice %s: %w", n.ID, err)
	}
	return Mail{
		Kind:    n.Kind,
		Status:  platform.Internal, // no other app is ever disabled, and only a disabled one is enabled
		To:      platform.Owner{Email: n.To.Email, Name: l.Owner},
		Subject: l.Subject,
		Text:    wrap(plain.String(), textWidth),
		HTML:    rich.String(),
	}, nil
}
