package disabling_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

func TestDisableHasReasonEvidenceAuditEntryAndNotices(t *testing.T) {
	w := brokenWorld()
	at := w.now
	w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 3, Timeout: 1}))

	var evidence []tally.Day
	for back := 6; back >= 0; back-- {
		evidence = append(evidence, tally.Day{Date: w.today().Plus(-back), Counts: tally.Counts{Error: 2}})
	}
	evidence[6].Error, evidence[6].Timeout = 5, 1
	s := w.snapshot()
	a := s.Apps[app]
	if !a.DisabledAt.Equal(at) || a.DisabledReason != "error" || !a.NotifiedAt.Equal(at) || !slices.Equal(a.Events, []string{"issue"}) {
		t.Errorf("the app became %+v", a)
	}
	if diff := cmp.Diff(evidence, a.DisabledEvidence); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	wantAudit := map[string]entry{
		"42 2026-11-24T10:00:00.000Z#internal-integration.disable#17": {Event: eventDisable, AppID: app, Reason: "error", Evidence: evidence}}
	if diff := cmp.Diff(wantAudit, s.Audit); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	if len(s.Queue) != 2 {
		t.Fatalf("%d notices are queued, want 2", len(s.Queue))
	}
	want := platform.Notice{ID: s.Queue[0].ID, Kind: platform.AppDisabled, To: ada,
		Organization: platform.NoticeOrganization{ID: org, Slug: "acme", Name: "Acme"},
		App:          platform.NoticeApp{ID: app, Slug: "bot-17", Name: "Bot 17", WebhookURL: "https://bot.example/hook"},
		Reason:       "error", DisabledAt: "2026-11-24T10:00:00.000Z", Evidence: evidence,
		Rule: &w.config.Rule}
	if diff := cmp.Diff(want, s.Queue[0]); diff != "" {
		t.Errorf("notice (-want +got):\n%s", diff)
	}
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
	for _, field := range []string{"app_id=17", "slug=bot-17", "uuid=uuid-17", "organization_id=42", "webhook_url=https://bot.example/hook", "reason=error", "days="} {
		if !strings.Contains(w.log.String(), field) {
			t.Errorf("the log lacks %s:\n%s", field, &w.log)
		}
	}
	if w.figures.of("app.disabled") != 1 || w.figures.of("notice.queued") != 2 {
		t.Errorf("metrics: %v", w.figures.counts)
	}
}

func TestRecordAloneDisablesNobody(t *testing.T) {
	fatal := func(date tally.Date) disabling.Record {
		return disabling.Record{Sequence: "s", Key: firstKey, Day: tally.Day{Date: date, Counts: tally.Counts{Fatal: 1}}}
	}
	for _, c := range []struct {
		name   string
		change func(w *world) disabling.Record
	}{
		{"its counts are gone", func(w *world) disabling.Record { clear(w.Buffer); return fatal(w.today()) }},
		{"it is published", func(w *world) disabling.Record {
			w.change(app, func(a *platform.App) { a.Status = platform.Published })
			return fatal(w.today())
		}},
		{"it is unpublished", func(w *world) disabling.Record {
			w.change(app, func(a *platform.App) { a.Status = platform.Unpublished })
			return fatal(w.today())
		}},
		{"it was deleted", func(w *world) disabling.Record {
			w.change(app, func(a *platform.App) { a.Deleted = true })
			return fatal(w.today())
		}},
		{"it was never registered", func(w *world) disabling.Record { delete(w.Apps, app); return fatal(w.today()) }},
		{"it belongs to another organization by now", func(w *world) disabling.Record {
			w.change(app, func(a *platform.App) { a.OrganizationID = "43" })
			return fatal(w.today())
		}},
		{"a success came in since", func(w *world) disabling.Record {
			r := w.count(app, w.today(), tally.Counts{})
			w.count(app, w.today(), tally.Counts{Success: 1})
			return r
		}},
		{"a success followed on a later day", func(w *world) disabling.Record {
			r := w.count(app, w.today().Plus(-1), tally.Counts{Fatal: 1})
			w.count(app, w.today(), tally.Counts{Success: 1})
			return r
		}},
		{"a success was counted by a clock that is past midnight already", func(w *world) disabling.Record {
			r := w.count(app, w.today(), tally.Counts{Fatal: 1})
			w.count(app, w.today().Plus(1), tally.Counts{Success: 1})
			return r
		}},
		{"its day is not the last of the window that is broken", func(w *world) disabling.Record {
			return w.count(app, w.today().Plus(-1), tally.Counts{Error: 1})
		}},
		{"its day has no failure any more", func(w *world) disabling.Record {
			delete(w.Buffer[firstKey], w.today())
			w.count(app, w.today().Plus(-1), tally.Counts{Fatal: 1})
			return fatal(w.today())
		}},
		{"its key is not of ours", func(w *world) disabling.Record {
			r := fatal(w.today())
			r.Key = app
			return r
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := brokenWorld()
			r := c.change(w)
			before := w.snapshot()
			if failed := w.disabler().Handle(t.Context(), []disabling.Record{r}); failed != "" {
				t.Errorf("the record is to be delivered again:\n%s", &w.log)
			}
			if diff := cmp.Diff(before, w.snapshot()); diff != "" {
				t.Errorf("changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestRecordThatRulesAVerdictOutCostsNoRead(t *testing.T) {
	w := brokenWorld()
	w.delay = func(call string) error { t.Errorf("%s was called", call); return nil }
	r := w.count(app, w.today(), tally.Counts{Success: 1})
	if failed := w.disabler().Handle(t.Context(), []disabling.Record{r}); failed != "" {
		t.Errorf("the record is to be delivered again")
	}
}

func TestRecordThatIsDaysOldStillFindsItsApp(t *testing.T) {
	w := newWorld()
	w.put(app, org)
	w.own(org, ada)
	r := w.failUntil(app, w.today().Plus(-4))
	w.deliver(t, r)
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada)
	if first := w.Apps[app].DisabledEvidence[0].Date; first != w.today().Plus(-10) {
		t.Errorf("the evidence begins on %s", first)
	}
}

func TestBatchTriesAllAndNamesTheFirstThatFailed(t *testing.T) {
	w := newWorld()
	var records []disabling.Record
	for n, id := range []string{"a", "b", "c", "b", "d", "c"} {
		if w.Apps[id].ID == "" {
			w.put(id, org)
		}
		r := w.fail(id)
		r.Sequence = fmt.Sprint(n)
		records = append(records, r)
	}
	w.own(org, ada)
	failing := store{tables: w.tables}
	job := w.disabler()
	job.Standing.Apps = appsFunc(func(id string) (platform.App, error) {
		switch id {
		case "b":
			return platform.App{}, errFault
		case "c":
			panic("a defect that this app sets off")
		}
		a, _, err := failing.ReadApp(t.Context(), id)
		return a, err
	})
	if got := job.Handle(t.Context(), records); got != "1" {
		t.Errorf("first failed: %q, want 1, the first record of b", got)
	}
	if n := w.log.has("app panicked"); n != 1 || !strings.Contains(w.log.String(), "job_test.go") {
		t.Errorf("%d panics in the log, or no stack: %s", n, w.log.String())
	}
	for id, want := range map[string]bool{"a": true, "b": false, "c": false, "d": true} {
		if w.Apps[id].Disabled() != want {
			t.Errorf("app %s disabled: %t", id, !want)
		}
	}
	w.deliver(t, records[1:]...)
	w.mailAll(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		w.assertDisabledOnce(t, id, ada)
	}
}

func TestBatchNamesTheFirstRecordThatCountsOfTheAppThatFailed(t *testing.T) {
	w := brokenWorld()
	fine := disabling.Record{Sequence: "0", Key: w.key(app), Day: tally.Day{Date: w.today().Plus(-8), Counts: tally.Counts{Success: 1, Error: 1}}}
	r := w.count(app, w.today(), tally.Counts{Error: 1})
	r.Sequence = "1"
	w.arm(0, refused)
	if got := w.disabler().Handle(t.Context(), []disabling.Record{fine, r}); got != "1" {
		t.Errorf("first failed: %q, want 1", got)
	}
}

func TestBatchLeavesAnAppThatChangesAgainAndAgainToTheNextDelivery(t *testing.T) {
	w := brokenWorld()
	statuses := []platform.Status{platform.Internal, platform.Unpublished}
	w.config.Guarded = statuses
	n := 0
	w.delay = func(call string) error {
		if call == "Disable" {
			n++
			w.change(app, func(a *platform.App) { a.Status = statuses[n%2] })
		}
		return nil
	}
	r := w.count(app, w.today(), tally.Counts{Error: 1})
	if got := w.disabler().Handle(t.Context(), []disabling.Record{r}); got != r.Sequence || n != 3 {
		t.Errorf("failed %q after %d looks, want %q after 3", got, n, r.Sequence)
	}
	w.delay = nil
	w.deliver(t, r)
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

func TestDisableIsNeverOlderThanTheEnablingBeforeIt(t *testing.T) {
	w := brokenWorld()
	w.change(app, func(a *platform.App) { a.EnabledAt = w.now })
	r := w.count(app, w.today(), tally.Counts{Error: 1})
	if got := w.disabler().Handle(t.Context(), []disabling.Record{r}); got == "" || w.Apps[app].Disabled() {
		t.Errorf("disabled in the millisecond of the enabling: %t, failed %q", w.Apps[app].Disabled(), got)
	}
	w.advance(time.Millisecond)
	w.deliver(t, r)
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

func TestOwnersAreToldWhateverBecameOfTheirAppSince(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*platform.App)
		told   platform.Owner
	}{
		{"it moved to another organization", func(a *platform.App) { a.OrganizationID = "43" }, bob},
		{"it was published", func(a *platform.App) { a.Status = platform.Published }, ada},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.put(app, org)
			w.own(org, ada)
			w.own("43", bob)
			r := w.fail(app)
			w.arm(0, lost)
			if w.disabler().Handle(t.Context(), []disabling.Record{r}) == "" {
				t.Fatal("the fault was not met")
			}
			w.change(app, c.change)
			w.deliver(t, r)
			w.mailAll(t)
			w.assertDisabledOnce(t, app, c.told)
		})
	}
}

func TestOwnersWhoAreUnknownAreWaitedForForSevenDays(t *testing.T) {
	for name, prepare := range map[string]func(*world){
		"organization unknown":   func(*world) {},
		"organization no owners": func(w *world) { w.own(org) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.put(app, org)
			prepare(w)
			w.deliver(t, w.fail(app))
			for range 6 * 24 {
				w.advance(time.Hour)
				w.sweep(t)
			}
			s := w.snapshot()
			if a := s.Apps[app]; !a.Disabled() || !a.NotifiedAt.IsZero() || len(s.Queue) > 0 {
				t.Fatalf("disabled at %s, notified at %s, %d notices", a.DisabledAt, a.NotifiedAt, len(s.Queue))
			}
			if got := w.audited(app); !slices.Equal(got, []string{eventDisable}) {
				t.Errorf("audit: %v", got)
			}
			if w.figures.of("notice.nobody") == 0 || w.log.has("nobody to tell") == 0 {
				t.Error("nobody was told that nobody could be told")
			}
			w.own(org, ada)
			w.sweep(t)
			w.mailAll(t)
			w.assertDisabledOnce(t, app, ada)
		})
	}
}

func TestDisableTellsNobodyAgainForCountsThatComeInLater(t *testing.T) {
	w := brokenWorld()
	r := w.count(app, w.today(), tally.Counts{Error: 1})
	w.deliver(t, r)
	var calls []string
	w.delay = func(call string) error { calls = append(calls, call); return nil }
	w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 1}))
	if want := []string{"ReadApp"}; !slices.Equal(calls, want) {
		t.Errorf("calls %v, want %v", calls, want)
	}
	w.delay = nil
	w.mailAll(t)
	w.assertDisabledOnce(t, app, ada, bob)
}

func TestDisableLeavesTheCountsForAPersonToLookAt(t *testing.T) {
	w := brokenWorld()
	before := w.snapshot().Buffer
	w.deliver(t, recordOf(firstKey))
	w.enableNow(t, app)
	if diff := cmp.Diff(before, w.snapshot().Buffer); diff != "" {
		t.Errorf("the Buffer changed (-want +got):\n%s", diff)
	}
}

func TestObserveSaysWhatItWouldDoOncePerAppAndDayAndChangesNothing(t *testing.T) {
	w := brokenWorld()
	w.config.Mode = disabling.Observe
	before := w.snapshot()
	r := w.count(app, w.today(), tally.Counts{})
	for range 3 {
		w.deliver(t, r, r)
		w.advance(time.Hour)
		w.sweep(t)
	}
	after := w.snapshot()
	if got := slices.Sorted(maps.Keys(after.Audit)); !slices.Equal(got, []string{"42 2026-11-24T00:00:00.000Z#internal-integration.would-disable#17"}) {
		t.Errorf("audit: %v", got)
	}
	if got := w.log.has("app would be disabled"); got != 1 {
		t.Errorf("%d lines say that it would be disabled", got)
	}
	if got := w.told(app); !slices.Equal(got, []string{"app.would_disable"}) || len(after.Events) != 1 {
		t.Errorf("the platform is told %v in %d events", got, len(after.Events))
	}
	after.Audit, after.Events = before.Audit, nil
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("changed (-before +after):\n%s", diff)
	}
	w.advance(24 * time.Hour)
	w.deliver(t, w.fail(app))
	if got := w.audited(app); len(got) != 2 {
		t.Errorf("audit after the second day: %v", got)
	}
}

func TestEnforceDisablesNobodyFromDaysThatASuccessHasFollowed(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(w *world)
		want  bool
	}{
		{"no success", func(*world) {}, true},
		{"a success on the last day", func(w *world) { w.count(app, w.today(), tally.Counts{Success: 1}) }, false},
		{"a success on the next day", func(w *world) {
			w.advance(24 * time.Hour)
			w.count(app, w.today(), tally.Counts{Success: 1})
		}, false},
		{"a success among failures on the next day", func(w *world) {
			w.advance(24 * time.Hour)
			w.count(app, w.today(), tally.Counts{Success: 1, Error: 90, Timeout: 900})
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := brokenWorld()
			w.config.Mode = disabling.Observe
			r := w.count(app, w.today(), tally.Counts{Gone: 3, Error: 3})
			w.deliver(t, r)
			if got := w.audited(app); !slices.Equal(got, []string{eventWouldDisable}) {
				t.Fatalf("audit: %v", got)
			}
			c.after(w)
			if c.want {
				r.Day.Counts = w.Buffer[w.key(app)][w.today()]
			}
			w.config.Mode = disabling.Enforce
			w.deliver(t, r) // delivered again
			w.sweep(t)
			if got := w.Apps[app].Disabled(); got != c.want {
				t.Errorf("disabled: %t", got)
			}
		})
	}
}

func TestBrakeHoldsTheTwentyFirstUntilTheNextHour(t *testing.T) {
	w := newWorld()
	w.own(org, ada)
	var records []disabling.Record
	for n := range 21 {
		id := fmt.Sprint("app", n)
		w.put(id, org)
		records = append(records, w.fail(id))
	}
	w.advance(30 * time.Minute)
	disabled := func() (n int) {
		for _, a := range w.snapshot().Apps {
			if a.Disabled() {
				n++
			}
		}
		return n
	}
	w.deliver(t, records...)
	w.sweep(t)
	if got := disabled(); got != 20 {
		t.Fatalf("%d are disabled within the hour, want 20", got)
	}
	if w.figures.of("disable.held") != 2 || w.log.has("disabling held by the brake") != 2 {
		t.Errorf("held: metric %d, log lines %d, want 2, one of the stream and one of the sweep",
			w.figures.of("disable.held"), w.log.has("disabling held by the brake"))
	}
	if got := len(w.audited("app20")); got != 0 {
		t.Errorf("the one that is held has %d audit entries", got)
	}
	w.advance(29*time.Minute + 59*time.Second)
	w.sweep(t)
	if got := disabled(); got != 20 {
		t.Errorf("%d are disabled in the hour's last second, want 20", got)
	}
	w.advance(time.Second)
	w.sweep(t)
	w.mailAll(t)
	for n := range 21 {
		w.assertDisabledOnce(t, fmt.Sprint("app", n), ada)
	}
}

func TestEnableLetsAnAppBeDisabledAgainOnlyForWhatCameAfter(t *testing.T) {
	w := brokenWorld()
	first := w.count(app, w.today(), tally.Counts{Error: 1})
	w.deliver(t, first)
	w.mailAll(t)
	w.enableNow(t, app)
	w.mailAll(t)
	w.deliver(t, first, first)
	w.sweep(t)
	if w.Apps[app].Disabled() {
		t.Fatal("disabled again by a record of the first time")
	}
	w.advance(time.Second)
	w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 3, Gone: 3}), first)
	w.mailAll(t)
	if got, want := w.audited(app), []string{eventDisable, eventEnable, eventDisable}; !slices.Equal(got, want) {
		t.Errorf("audit: %v, want %v", got, want)
	}
	want := map[string]int{"app.disabled " + ada.Email: 2, "app.disabled " + bob.Email: 2, "app.enabled " + ada.Email: 1}
	if got := w.mailed(t, app); !maps.Equal(got, want) {
		t.Errorf("mails: %v, want %v", got, want)
	}
	if reason := w.Apps[app].DisabledReason; reason != "gone" {
		t.Errorf("reason %q, want gone", reason)
	}
}

// appsFunc reads apps with a function.
type appsFunc func(id string) (platform.App, error)

func (f appsFunc) ReadApp(_ context.Context, id string) (platform.App, bool, error) {
	a, err := f(id)
	return a, err == nil, err
}
