// Package notice is the job of the notify function: it makes a mail of a notice
// and sees to it that the mail is sent once. It knows nothing of queues, of SES
// or of tables, and decides nothing about apps.
package notice

import (
	"cmp"
	"fmt"
	"strings"

	"hookwarden/shared/platform"
)

// MailConfig is what all mails have in common.
type MailConfig struct {
	PlatformName string
	PlatformURL  string                // where the links lead of an app that has none of its own, http or https; empty: it has none then
	LogoURL      string                // https, of a picture 32 pixels high; empty: none
	SupportURL   string                // https; empty: none
	Subscribable platform.Subscribable // what is held back from a disabled app
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

// Composer makes mails.
type Composer struct{ config MailConfig }

// NewComposer makes a Composer.
func NewComposer(config MailConfig) *Composer {
	config.PlatformURL = strings.TrimRight(config.PlatformURL, "/")
	return &Composer{config: config}
}

// Compose makes the mail of a notice. The same notice makes the same mail.
func (c *Composer) Compose(n platform.Notice) (Mail, error) {
	m := c.message(n)
	var text string
	var page markup
	switch {
	case byHand(n):
		text, page = m.byHandText(), m.byHandPage()
	case n.Kind == platform.AppDisabled:
		text, page = m.disabledText(), m.disabledPage()
	case n.Kind == platform.AppEnabled:
		text, page = m.enabledText(), m.enabledPage()
	case n.Kind == platform.AppWarning:
		text, page = m.warningText(), m.warningPage()
	case n.Kind == platform.AppRecovered:
		text, page = m.recoveredText(), m.recoveredPage()
	default:
		return Mail{}, fmt.Errorf("compose notice %s: no mail for kind %q", n.ID, n.Kind)
	}
	return Mail{
		Kind:    n.Kind,
		Status:  cmp.Or(n.App.Status, platform.Internal),
		To:      platform.Owner{Email: n.To.Email, Name: m.Owner},
		Subject: m.Subject,
		Text:    wrap(text, textWidth),
		HTML:    string(page),
	}, nil
}
