package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hookwarden/localstack/stack"
)

// broken are the two apps that must be disabled, and why.
func (s *story) broken() []disabling {
	return []disabling{
		{app: s.cast.importer, reason: "error"},
		{app: s.cast.tracker, reason: "timeout"},
	}
}

// disabling is what an app's item says of it.
type disabling struct {
	app      *app
	reason   string
	at       time.Time
	evidence []stack.Item // a day each, oldest first
}

func (s *story) showDisablings(ctx context.Context) error {
	s.title("Two apps are broken")
	for i, d := range s.broken() {
		if i > 0 {
			s.line("")
		}
		if err := s.await(ctx, "the disabling of "+d.app.name, func(ctx context.Context) error { return s.read(ctx, &d) }); err != nil {
			return err
		}
		s.checkDisabling(d)
		s.showDisabling(d)
	}
	for _, a := range []*app{s.cast.board, s.cast.bot} {
		item, err := s.Get(ctx, "APPS_TABLE", "id", a.id)
		if err != nil {
			return err
		}
		s.expect("disabled_at of "+a.name, item.Text("disabled_at"), "")
	}
	s.line("")
	s.paragraph("%s and %s go on as before.", s.cast.board.name, s.cast.bot.name)
	return nil
}

func (s *story) read(ctx context.Context, d *disabling) error {
	item, err := s.Get(ctx, "APPS_TABLE", "id", d.app.id)
	if err != nil {
		return err
	}
	if item.Text("disabled_at") == "" || item.Text("notified_at") == "" {
		return fmt.Errorf("its item has disabled_at %q and notified_at %q", item.Text("disabled_at"), item.Text("notified_at"))
	}
	if d.at, err = time.Parse(time.RFC3339, item.Text("disabled_at")); err != nil {
		return err
	}
	s.expect("the reason why "+d.app.name+" is disabled", item.Text("disabled_reason"), d.reason)
	days, _ := item["disabled_evidence"].([]any)
	d.evidence = nil
	for _, day := range days {
		if day, ok := day.(stack.Item); ok {
			d.evidence = append(d.evidence, day)
		}
	}
	return nil
}

func (s *story) checkDisabling(d disabling) {
	evidence := "the evidence against " + d.app.name
	s.expect("the days of "+evidence, len(d.evidence), windowDays)
	if len(d.evidence) == 0 {
		return
	}
	last := d.evidence[len(d.evidence)-1]
	s.expect("the last day of "+evidence, last.Text("day"), s.today.Format(time.DateOnly))
	if d.app == s.cast.tracker {
		threshold := int64(s.stage.settings.timeoutThreshold())
		s.expect("the time-outs of "+evidence, min(last.Int("timeout"), threshold), threshold)
		return
	}
	for _, day := range d.evidence {
		s.expect(evidence+" has errors on "+day.Text("day"), day.Int("error") > 0, true)
		s.expect(evidence+" has successes on "+day.Text("day"), day.Int("success") > 0, false)
	}
}

func (s *story) showAudit(ctx context.Context) error {
	s.title("The audit log of Acme")
	entries, err := s.Query(ctx, "AUDIT_TABLE", s.cast.org)
	if err != nil {
		return err
	}
	s.showEntries(entries)
	var log strings.Builder
	disablings := 0
	for _, e := range entries {
		fmt.Fprintln(&log, e.Text("event"), e.Text("app_id"), e.Text("reason"))
		if strings.HasSuffix(e.Text("event"), ".disable") {
			disablings++
		}
	}
	s.expect("disablings in the audit log", disablings, len(s.broken()))
	s.expectIn(log.String(), "the audit log", "internal-integration.warn "+s.cast.importer.id)
	for _, d := range s.broken() {
		s.expectIn(log.String(), "the audit log", fmt.Sprintln("internal-integration.disable", d.app.id, d.reason))
	}
	return nil
}

func (s *story) showMails(ctx context.Context) error {
	s.title("The owners' mail")
	var sent map[addressee][]stack.Mail
	if err := s.await(ctx, "the mails to both owners", func(ctx context.Context) (err error) {
		sent, err = s.mails(ctx)
		if want := len(s.broken()) * len(s.cast.owners); err == nil && len(sent) < want {
			err = fmt.Errorf("%d of %d are in the mailbox", len(sent), want)
		}
		return err
	}); err != nil {
		return err
	}
	for to, mails := range sent {
		s.expect("mails to "+to.String(), len(mails), 1)
		s.checkMail(to, mails[0])
	}
	mail := sent[addressee{s.cast.owners[0], s.cast.importer}][0]
	path := filepath.Join(root, ".local", "demo-mail.html")
	if err := os.WriteFile(path, []byte(mail.HTML), 0o600); err != nil {
		return err
	}
	s.showMail(mail, path)
	return nil
}

// addressee is who is told, and about what.
type addressee struct {
	owner owner
	app   *app
}

func (a addressee) String() string { return a.owner.email + " about " + a.app.name }

// mails are those of this story's disablings, by the webhook URLs that they name.
func (s *story) mails(ctx context.Context) (map[addressee][]stack.Mail, error) {
	all, err := s.Mails(ctx)
	sent := make(map[addressee][]stack.Mail)
	for _, m := range all {
		if !strings.HasPrefix(m.Subject, "Action required") {
			continue
		}
		for _, o := range s.cast.owners {
			for _, d := range s.broken() {
				if strings.Contains(strings.Join(m.To, " "), o.email) && strings.Contains(m.Text, d.app.webhookURL()) {
					to := addressee{o, d.app}
					sent[to] = append(sent[to], m)
				}
			}
		}
	}
	return sent, err
}

func (s *story) checkMail(to addressee, m stack.Mail) {
	s.expect("the subject of the mail to "+to.String(), m.Subject, "Action required: Fix your "+to.app.name+" integration")
	for _, page := range []string{"", "dashboard/"} {
		link := "/settings/acme/developer-settings/" + to.app.slug + "/" + page + "?referrer=disabled-sentry-app"
		s.expectIn(m.Text, "the text of the mail to "+to.String(), link)
		s.expectIn(m.HTML, "the HTML of the mail to "+to.String(), link)
	}
}
