package disabling_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// atEachWrite runs a job once for each of its writes and each fault, with that fault at
// that write, and once without a fault. It fails if there were fewer writes than
// expected. run makes a new world, arms it, and delivers until the job is done. check
// checks what is left.
func atEachWrite(t *testing.T, known int, run func(t *testing.T, k int, f fault) *world, check func(t *testing.T, k int, f fault, w *world)) {
	t.Helper()
	points := 0
	for _, f := range []fault{refused, lost} {
		for k := 0; ; k++ {
			w := run(t, k, f)
			struck, writes := w.struck, w.writes
			check(t, k, f, w)
			if t.Failed() {
				t.Fatalf("with %s at write %d of %v\n%s", f, k, writes, &w.log)
			}
			if struck {
				points++
				continue
			}
			if len(writes) < known {
				t.Errorf("%d writes, the job is known to make %d: %v", len(writes), known, writes)
			}
			break
		}
	}
	t.Logf("%d crash points", points)
}

// same fails unless two ends are equal, except in how often a notice or an event was
// queued.
func same(t *testing.T, want, got state) {
	t.Helper()
	want.Queue, got.Queue = nil, nil
	want.Events, got.Events = nil, nil
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the end is another (-without fault +got):\n%s", diff)
	}
}

func TestDisableSurvivesAFaultAtEachWrite(t *testing.T) {
	run := func(t *testing.T, k int, f fault) *world {
		w := brokenWorld()
		r := w.count(app, w.today(), tally.Counts{Error: 1})
		w.arm(k, f)
		w.deliver(t, r)
		return w
	}
	var want state
	{
		w := run(t, -1, refused)
		w.mailAll(t)
		want = w.snapshot()
	}
	atEachWrite(t, 4+2, run, func(t *testing.T, _ int, _ fault, w *world) {
		w.arm(-1, refused)
		w.mailAll(t)
		w.assertDisabledOnce(t, app, ada, bob)
		same(t, want, w.snapshot())
	})
}

func TestSweepTakesUpADisablingThatAFaultStoppedAtAnyWrite(t *testing.T) {
	var want state
	run := func(t *testing.T, k int, f fault) *world {
		w := brokenWorld()
		w.arm(k, f)
		w.disabler().Handle(t.Context(), []disabling.Record{w.count(app, w.today(), tally.Counts{Error: 1})})
		return w
	}
	{
		w := run(t, -1, refused)
		w.mailAll(t)
		want = w.snapshot()
	}
	atEachWrite(t, 4+2, run, func(t *testing.T, _ int, _ fault, w *world) {
		w.arm(-1, refused)
		w.sweep(t)
		w.mailAll(t)
		w.assertDisabledOnce(t, app, ada, bob)
		same(t, want, w.snapshot())
	})
}

func TestRegistrySurvivesAFaultAtEachWrite(t *testing.T) {
	put := platform.AppPut{App: platform.App{ID: app, Version: 2, Slug: "bot", Name: "Bot", Status: platform.Internal, OrganizationID: org},
		Secrets: []platform.Secret{"s"}}
	owned := platform.OrganizationPut{Organization: platform.Organization{ID: org, Version: 2, Owners: []platform.Owner{ada}}}
	run := func(t *testing.T, k int, f fault) *world {
		w := newWorld()
		w.put("other", org)
		w.arm(k, f)
		w.register(t, put, w.now)
		w.register(t, owned, w.now)
		w.register(t, platform.AppDelete{AppID: "other", Version: 3}, w.now)
		for _, old := range []platform.RegistryMessage{ // they come late
			platform.AppPut{App: platform.App{ID: "other", Version: 2}}, platform.AppDelete{AppID: app, Version: 2},
			platform.OrganizationPut{Organization: platform.Organization{ID: org, Version: 1}}} {
			w.register(t, old, w.now)
		}
		return w
	}
	want := run(t, -1, refused).snapshot()
	if !want.Apps["other"].Deleted || want.Apps[app].Name != "Bot" || len(want.Organizations[org].Owners) != 1 {
		t.Fatalf("registered %+v", want)
	}
	atEachWrite(t, 6, run, func(t *testing.T, _ int, _ fault, w *world) { same(t, want, w.snapshot()) })
}

func TestEnableSurvivesAFaultAtEachWrite(t *testing.T) {
	run := func(t *testing.T, k int, f fault) *world {
		w := brokenWorld()
		w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 1}))
		w.mailAll(t)
		w.advance(time.Minute)
		w.count(app, w.today(), tally.Counts{Error: 1}) // counted late
		w.arm(k, f)
		w.register(t, platform.AppEnable{AppID: app, Actor: platform.Actor{Email: "support@platform.example"}}, w.now)
		return w
	}
	var want state
	{
		w := run(t, -1, refused)
		w.mailAll(t)
		want = w.snapshot()
		a := want.Apps[app]
		if a.Disabled() || !a.EnabledAt.Equal(w.now) || !a.NotifiedAt.IsZero() || a.DisabledReason != "" || len(a.DisabledEvidence) > 0 ||
			len(want.Buffer) != 1 || !slices.Equal(w.audited(app), []string{eventDisable, eventEnable}) {
			t.Fatalf("enabled: %+v, Buffer %v, audit %v", a, want.Buffer, w.audited(app))
		}
	}
	atEachWrite(t, 2+2, run, func(t *testing.T, _ int, _ fault, w *world) {
		w.arm(-1, refused)
		w.mailAll(t)
		mails := map[string]int{}
		for _, o := range []platform.Owner{ada, bob} {
			mails["app.disabled "+o.Email], mails["app.enabled "+o.Email] = 1, 1
		}
		if got := w.mailed(t, app); !maps.Equal(got, mails) {
			t.Errorf("mails: %v, want %v", got, mails)
		}
		if got := w.told(app); !slices.Equal(got, []string{"app.disabled", "app.enabled"}) {
			t.Errorf("the platform is told %v", got)
		}
		same(t, want, w.snapshot())
	})
}

func TestMailSurvivesAFaultAtEachWrite(t *testing.T) {
	n := platform.Notice{ID: "n1", Kind: platform.AppEnabled, To: ada, EnabledAt: "2026-11-24T10:00:00.000Z",
		Organization: platform.NoticeOrganization{ID: org, Slug: "acme", Name: "Acme"},
		App:          platform.NoticeApp{ID: app, Slug: "bot", Name: "Bot"}}
	enabled := func() *world {
		w := newWorld()
		w.put(app, org)
		w.change(app, func(a *platform.App) { a.EnabledAt = time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC) })
		return w
	}
	run := func(t *testing.T, k int, f fault) *world {
		w := enabled()
		w.arm(k, f)
		w.mail(t, n)
		return w
	}
	atEachWrite(t, 3, run, func(t *testing.T, k int, f fault, w *world) {
		s := w.snapshot()
		if state := s.Notices[n.ID].State; state != "sent" {
			t.Errorf("state %q", state)
		}
		most := 1
		if w.struck && w.writes[k] == "Send" && f == lost {
			most = 2 // between SES's answer and the mark
		}
		if mails := s.Mails[n.ID]; mails < 1 || mails > most {
			t.Errorf("%d mails, want 1 to %d", mails, most)
		}
		s.Notices, s.Mails = nil, nil
		same(t, enabled().snapshot(), s)
	})
}

// A worker of the disable function is stopped before each of its calls. The app is
// enabled, the worker goes on, and the record is delivered again.
func TestEnableBetweenAnyTwoStepsOfADisablingLeavesTheAppEnabled(t *testing.T) {
	steps := 0
	for ; ; steps++ {
		w := brokenWorld()
		r := w.count(app, w.today(), tally.Counts{Error: 1})
		var (
			calls        []string
			at           time.Time
			wasDisabled  bool
			queued, sent int // notices of the disabling: those queued before, and the most that may be mailed
		)
		enable := func() {
			wasDisabled = w.Apps[app].Disabled()
			w.delay = nil
			queued = len(w.Queue)
			at = w.enableNow(t, app)
		}
		w.delay = func(call string) error {
			calls = append(calls, call)
			if len(calls)-1 != steps {
				return nil
			}
			delay := w.delay
			enable()
			w.delay = delay
			sent = queued
			if call == "SendNotice" {
				sent = 2 // it read the app before
			}
			return nil
		}
		w.deliver(t, r)
		struck := len(calls) > steps
		if !struck {
			enable()
			sent = queued
		}
		w.delay = nil
		w.deliver(t, r)
		w.sweep(t)
		w.mailAll(t)
		if !wasDisabled { // the enabling was of no effect
			w.assertDisabledOnce(t, app, ada, bob)
		} else {
			s := w.snapshot()
			if a := s.Apps[app]; a.Disabled() || !a.EnabledAt.Equal(at) || !a.NotifiedAt.IsZero() {
				t.Errorf("disabled at %s, enabled at %s, notified at %s", a.DisabledAt, a.EnabledAt, a.NotifiedAt)
			}
			if got := w.audited(app); !slices.Equal(got, []string{eventDisable, eventEnable}) {
				t.Errorf("audit: %v", got)
			}
			mails := w.mailed(t, app)
			if got := mails["app.disabled "+ada.Email] + mails["app.disabled "+bob.Email]; got > sent {
				t.Errorf("%d mails of the disabling, %d notices were queued before the enabling", got, queued)
			}
			if mails["app.enabled "+ada.Email] != 1 || mails["app.enabled "+bob.Email] != 0 {
				t.Errorf("mails of the enabling, which bob did: %v", mails)
			}
		}
		if t.Failed() {
			t.Fatalf("enabled before step %d of %v\n%s", steps, calls, &w.log)
		}
		if !struck {
			break
		}
	}
	if steps < 3+2 {
		t.Errorf("only %d steps", steps)
	}
	t.Logf("%d steps", steps)
}

func TestReadThatFailsIsNotTakenForAnAnswer(t *testing.T) {
	for k := 0; ; k++ {
		w := brokenWorld()
		r := w.count(app, w.today(), tally.Counts{Error: 1})
		n, struck := 0, false
		w.delay = func(call string) error {
			if !strings.HasPrefix(call, "Read") {
				return nil
			}
			if n++; n-1 == k {
				struck = true
				return errFault
			}
			return nil
		}
		failed := w.disabler().Handle(t.Context(), []disabling.Record{r})
		if struck != (failed != "") {
			t.Errorf("read %d failed: %t, record to be delivered again: %q", k, struck, failed)
		}
		w.delay = nil
		w.deliver(t, r)
		w.mailAll(t)
		w.assertDisabledOnce(t, app, ada, bob)
		if !struck {
			break
		}
	}
}
