package ses

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
)

// What SES is handed, headers and tags too, names no platform but the sender's. What
// the mails say is tested where they are made.
func TestMailerNamesTheSendersPlatformAlone(t *testing.T) {
	composer := notice.NewComposer(notice.MailConfig{PlatformName: "Ledgerly", Subscribable: platform.Subscribable{"invoice"},
		LogoURL: "https://ledgerly.example/logo.png", SupportURL: "https://ledgerly.example/help"})
	for _, kind := range []platform.Kind{platform.SentryApp, platform.Integration, platform.Plugin} {
		mail, err := composer.Compose(platform.Notice{ID: "n", Kind: platform.AppEnabled, To: platform.Owner{Email: "ada@acme.example", Name: "Ada"},
			Organization: platform.NoticeOrganization{Slug: "acme", Name: "Acme"}, App: platform.NoticeApp{Slug: "bot", Name: "Bot", Kind: kind},
			EnabledAt: "2026-11-25T08:30:00.000Z"})
		if err != nil {
			t.Fatal(err)
		}
		s := &service{}
		mailer := &Mailer{API: s, From: "hooks@ledgerly.example", PreferenceURL: "https://ledgerly.example/mails", ConfigurationSet: "mails", Now: time.Now}
		if _, err := mailer.Send(t.Context(), mail); err != nil {
			t.Fatal(err)
		}
		handed, err := json.Marshal(s.in[0])
		if err != nil || !strings.Contains(string(handed), "Ledgerly") || strings.Contains(strings.ToLower(string(handed)), "sentry") {
			t.Errorf("%s: %s, %v", kind, handed, err)
		}
	}
}
