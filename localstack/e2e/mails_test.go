package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// hasMailbox reports whether mails can be read. A stack in an account has no
// mailbox.
func hasMailbox() bool { return running.Names["MAILBOX_URL"] != "" }

// mailsTo waits until each address has a mail with the subject about what
// happened to the app at that time. Without a mailbox it waits until the notices
// are marked as sent, and has no mails to show.
func (a *app) mailsTo(t *testing.T, addresses []string, kind platform.NoticeKind, at, subject string) map[string][]stack.Mail {
	t.Helper()
	if !hasMailbox() {
		a.noticesSent(t, addresses, kind, at)
		return nil
	}
	var byAddress map[string][]stack.Mail
	eventually(t, "mails "+subject, func(ctx context.Context) error {
		mails, err := running.Mails(ctx)
		byAddress = make(map[string][]stack.Mail)
		for _, m := range mails {
			for _, to := range m.To {
				for _, address := range addresses {
					if strings.Contains(to, address) && m.Subject == subject {
						byAddress[address] = append(byAddress[address], m)
					}
				}
			}
		}
		if err == nil && len(byAddress) < len(addresses) {
			return fmt.Errorf("%d of %d owners have one", len(byAddress), len(addresses))
		}
		return err
	})
	return byAddress
}

// noticesSent waits until the notice to each address is marked as sent.
func (a *app) noticesSent(t *testing.T, addresses []string, kind platform.NoticeKind, at string) {
	t.Helper()
	when, err := time.Parse(time.RFC3339, at)
	must(t, err)
	var org platform.Organization
	for _, address := range addresses {
		org.Owners = append(org.Owners, platform.Owner{Email: address})
	}
	for _, n := range platform.Notices(kind, platform.App{ID: a.id}, org, when) {
		eventually(t, "the notice to "+n.To.Email+" is sent", func(ctx context.Context) error {
			item, err := running.Get(ctx, "NOTICES_TABLE", "pk", n.ID)
			if err == nil && item.Text("state") != "sent" {
				return stack.ErrNotYet
			}
			return err
		})
	}
}
