// Package notice is the job of the notify function. It makes a mail from a
// notice and makes sure that the mail is sent once. It knows nothing about
// queues, SES or tables, and decides nothing about apps.
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
	PlatformURL  string                // where links lead for an app that has none of its own, http or https; empty: no links
	LogoURL      string                // https, a picture 32 pixels high; empty: none
	SupportURL   string                // https; empty: none
	Subscribable platform.Subscribable // resources that a disabled app does not get
}

// Mail is one mail to one person.
type Mail struct {
	Kind    platform.NoticeKind
	Status  platform.Status // of the app
	To      platform.Owner  // its name is one line without control characters
	Subject string          // one line without control characters
	Text    string
	HTML    string
}

// Composer composes mails.
type Composer struct{ config MailConfig }

// NewComposer makes a Composer.
func NewComposer(config MailConfig) *Composer {
	config.PlatformURL = strings.TrimRight(config.PlatformURL, "/")
	return &Composer{config: config}
}

// Compose makes the mail for a notice. The same notice always makes the same
// mail.
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
