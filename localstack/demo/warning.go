package main

import (
	"context"
	"fmt"
	"strings"

	"hookwarden/localstack/stack"
)

// showWarning shows that owners are warned before their app is disabled. The story goes on
// when the mails have come, since a disabling would make them outdated.
func (s *story) showWarning(ctx context.Context) error {
	a := s.cast.importer
	s.title("The warning")
	var item stack.Item
	if err := s.await(ctx, "the warning about "+a.name, func(ctx context.Context) (err error) {
		item, err = s.Get(ctx, "APPS_TABLE", "id", a.id)
		if err == nil && item.Text("warned_notified_at") == "" {
			err = fmt.Errorf("its item has warned_at %q and warned_notified_at %q", item.Text("warned_at"), item.Text("warned_notified_at"))
		}
		return err
	}); err != nil {
		return err
	}
	var mails []stack.Mail
	if err := s.await(ctx, "the mails of the warning", func(ctx context.Context) error {
		all, err := s.Mails(ctx)
		mails = nil
		for _, m := range all {
			if strings.Contains(m.Text, a.webhookURL()) {
				mails = append(mails, m)
			}
		}
		if want := len(s.cast.owners); err == nil && len(mails) < want {
			err = fmt.Errorf("%d of %d are in the mailbox", len(mails), want)
		}
		return err
	}); err != nil {
		return err
	}
	s.expect("the level of the warning", item.Text("warned_level"), "days:5")
	s.expect("mails of the warning", len(mails), len(s.cast.owners))
	s.expect("the subject of the warning", mails[0].Subject, "Your "+a.name+" integration is failing")
	s.paragraph(`The days alone have made hookwarden warn the owners of %s (level %s). The mail to %s begins:`, a.name, item.Text("warned_level"), strings.Join(mails[0].To, ", "))
	s.line("")
	gutter := s.dim("│") + " "
	s.line("%s", gutter+s.dim("Subject: ")+s.bold(mails[0].Subject))
	s.line("%s", s.dim("│"))
	for _, line := range beginning(mails[0].Text) {
		s.line("%s", strings.TrimRight(gutter+line, " "))
	}
	return nil
}

// beginning is what a mail says before its second heading: what happens, and why.
func beginning(text string) (lines []string) {
	headings := 0
	for line := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(text), "\r", ""), "\n") {
		if line != "" && line == strings.ToUpper(line) && strings.ToLower(line) != line && !strings.HasPrefix(line, " ") {
			if headings++; headings > 1 {
				break
			}
		}
		lines = append(lines, line)
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
