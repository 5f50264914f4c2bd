package disabling_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

func TestEventsSayWhatBecameOfAnAppWhyAndWhoDidIt(t *testing.T) {
	w := brokenWorld()
	w.deliver(t, w.count(app, w.today(), tally.Counts{Fatal: 1}))
	at := w.enableNow(t, app)
	ofApp, ofOrg := platform.EventApp{ID: app, Slug: "bot-17", Name: "Bot 17", Kind: "sentry-app"}, platform.NoticeOrganization{ID: org, Slug: "acme", Name: "Acme"}
	var evidence []tally.Day
	for back := 6; back >= 0; back-- {
		evidence = append(evidence, tally.Day{Date: "2026-11-24", Counts: tally.Counts{Error: 2}})
		evidence[6-back].Date = evidence[6-back].Date.Plus(-back)
	}
	evidence[6].Fatal = 1
	want := []platform.Event{
		{Type: "app.disabled", At: "2026-11-24T10:00:00.000Z", App: ofApp, Organization: ofOrg, Reason: "fatal", Evidence: evidence},
		{Type: "app.enabled", At: platform.FormatTime(at), App: ofApp, Organization: ofOrg, Actor: []byte(`{"email":"bob@acme.example"}`)},
	}
	for i := range min(len(want), len(w.Events)) {
		want[i].ID = w.Events[i].ID
	}
	if diff := cmp.Diff(want, w.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if w.Events[0].ID == w.Events[1].ID {
		t.Error("two events have one id")
	}
}

// platform_told_at is a separate mark, since the sweep finds the app each hour.
func TestEventsOfAnAppWithoutOwnersAreSentOnce(t *testing.T) {
	for name, prepare := range map[string]func(*world){
		"organization unknown":   func(*world) {},
		"organization no owners": func(w *world) { w.own(org) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.put(app, org)
			prepare(w)
			w.deliver(t, w.fail(app))
			w.sweepHourly(t, 30)
			if len(w.Events) != 1 || w.Events[0].Organization.ID != org {
				t.Errorf("%d events, of %+v", len(w.Events), w.Events[0].Organization)
			}
			w.own(org, ada)
			w.sweep(t)
			w.mailAll(t)
			w.assertDisabledOnce(t, app, ada)
		})
	}
}

// The platform is told even while the owners cannot be.
func TestEventsDoNotWaitForTheOwnersNotices(t *testing.T) {
	w := brokenWorld()
	w.delay = func(call string) error {
		if call == "SendNotice" {
			return errFault
		}
		return nil
	}
	for range 3 {
		if w.disabler().Handle(t.Context(), []disabling.Record{recordOf(firstKey)}) == "" {
			t.Fatal("the record is through")
		}
	}
	if got := w.told(app); !slices.Equal(got, []string{"app.disabled"}) || len(w.Events) != 1 {
		t.Errorf("told %v, in %d events", got, len(w.Events))
	}
}

func TestEventsThatNobodyWantsCostNoCall(t *testing.T) {
	w := brokenWorld()
	w.deaf = true
	calls := make(map[string]int)
	w.delay = func(call string) error { calls[call]++; return nil }
	w.config.Mode = disabling.Observe
	w.deliver(t, recordOf(firstKey))
	w.config.Mode = disabling.Enforce
	w.deliver(t, recordOf(firstKey))
	w.enableNow(t, app)
	want := map[string]int{"ReadApp": 5, "ReadDays": 2, "ReadLatch": 1, "WouldDisable": 1, "Disable": 1, "Enable": 1,
		"ReadOrganization": 2, "SendNotice": 3, "MarkNotified": 1}
	if diff := cmp.Diff(want, calls); diff != "" || len(w.Events) > 0 {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// A disabling from before there were events, or from while they were turned
// off.
func TestEventsOfADisablingBeforeThereWereAny(t *testing.T) {
	for name, c := range map[string]struct {
		notified bool
		want     []string
	}{"owners told": {true, nil}, "owners not told yet": {false, []string{"app.disabled"}}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.own(org, ada)
			w.untold(app, 20*24*time.Hour)
			if c.notified {
				w.change(app, func(a *platform.App) { a.NotifiedAt = w.now })
			}
			w.add(firstKey, w.today(), tally.Counts{Fatal: 1})
			w.deliver(t, recordOf(firstKey))
			w.sweep(t)
			if got := w.told(app); !slices.Equal(got, c.want) {
				t.Errorf("told %v, want %v", got, c.want)
			}
		})
	}
}

func TestEventsOfObserveSurviveAFaultAtEachWrite(t *testing.T) {
	run := func(t *testing.T, k int, f fault) *world {
		w := brokenWorld()
		w.config.Mode = disabling.Observe
		w.arm(k, f)
		w.deliver(t, recordOf(firstKey))
		w.deliver(t, recordOf(firstKey))
		return w
	}
	want := run(t, -1, refused).snapshot()
	atEachWrite(t, 2, run, func(t *testing.T, _ int, _ fault, w *world) {
		same(t, want, w.snapshot())
		if got := w.told(app); !slices.Equal(got, []string{"app.would_disable"}) {
			t.Errorf("told %v", got)
		}
		if sent, noted := slices.Index(w.writes, "SendEvent"), slices.Index(w.writes, "WouldDisable"); sent < 0 || noted < sent {
			t.Errorf("%v: noted before it was told", w.writes)
		}
	})
}

func TestEventsThatCannotBeSentKeepAWouldDisableOut(t *testing.T) {
	w := brokenWorld()
	w.config.Mode = disabling.Observe
	for _, broken := range []string{"SendEvent", "ReadEntry", "ReadOrganization"} {
		w.delay = func(call string) error {
			if call == broken {
				return errFault
			}
			return nil
		}
		if w.disabler().Handle(t.Context(), []disabling.Record{recordOf(firstKey)}) == "" || len(w.audited(app)) > 0 {
			t.Errorf("%s fails: audit %v", broken, w.audited(app))
		}
		if !strings.Contains(w.log.String(), "app not judged") {
			t.Errorf("the log is %s", &w.log)
		}
	}
}
