package disabling_test

import (
	"testing"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

func TestErasedOrganizationMissesNobodyUntilItComesBack(t *testing.T) {
	w := brokenWorld()
	w.Organizations[org] = platform.Organization{ID: org, Version: 2, Deleted: true}
	w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 1}))
	w.sweep(t)
	if n := w.figures.of("notice.nobody"); n > 0 || w.log.has("nobody to tell") > 0 || len(w.Queue) > 0 {
		t.Errorf("reported %d times, %d notices:\n%s", n, len(w.Queue), &w.log)
	}
	w.own(org, ada, bob)
	w.sweep(t)
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

func TestErasedAppMailsNobody(t *testing.T) {
	w := brokenWorld()
	w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 1})) // the owners' notices are queued
	w.Organizations[org] = platform.Organization{ID: org, Version: 2, Deleted: true}
	w.change(app, func(a *platform.App) {
		*a = platform.App{ID: a.ID, Version: a.Version, Status: a.Status, Deleted: true, DeletedAt: w.now, DisabledAt: a.DisabledAt, Generation: a.Generation}
	})
	w.mailAll(t)
	w.sweep(t)
	if s := w.snapshot(); len(s.Mails) > 0 || w.log.has("nobody to tell") > 0 {
		t.Errorf("mails %v\n%s", s.Mails, &w.log)
	}
}
