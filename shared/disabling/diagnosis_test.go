package disabling_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// requestLog is the part of the request log that is read.
type requestLog struct {
	w     *world
	knows platform.Diagnosis
	err   error
	took  time.Duration
	reads []string // app and days
	since []time.Time
}

func (l *requestLog) Diagnose(_ context.Context, appID string, days []tally.Date, since time.Time) (platform.Diagnosis, error) {
	l.reads = append(l.reads, fmt.Sprint(appID, " ", days))
	l.since = append(l.since, since)
	l.w.advance(l.took)
	return l.knows, l.err
}

// logged is a world with one broken app and 243 failures in its request log.
func logged() (*world, *requestLog) {
	w := brokenWorld()
	l := &requestLog{w: w, knows: platform.Diagnosis{Read: 243, Answers: []platform.Answer{{Outcome: "error", Status: 403, Count: 243}},
		Example: &platform.FailedRequest{At: "2026-11-24T09:59:00.000Z", Outcome: "error", Status: 403, Body: "Forbidden"}}}
	w.entries = l
	return w, l
}

// clued is days of which the first has clues.
type clued struct {
	disabling.Days
	clues tally.Clues
}

func (c clued) ReadDays(ctx context.Context, key string, first, last tally.Date) ([]tally.Day, error) {
	days, err := c.Days.ReadDays(ctx, key, first, last)
	for i := range days {
		if days[i].Date == "2026-11-18" {
			days[i].Clues = c.clues
		}
	}
	return days, err
}

// handleWith hands a record over to a job whose days have clues.
func (w *world) handleWith(t *testing.T, clues tally.Clues, records ...disabling.Record) {
	t.Helper()
	j := w.disabler()
	j.Days = clued{j.Days, clues}
	if failed := j.Handle(t.Context(), records); failed != "" {
		t.Fatalf("%s is not through:\n%s", failed, &w.log)
	}
}

func TestDiagnosisIsInTheTransactionTheEventAndTheNotices(t *testing.T) {
	w, l := logged()
	since, success := w.now.Add(-150*time.Hour), w.now.Add(-151*time.Hour)
	w.handleWith(t, tally.Clues{FailingSince: since, LastSuccess: success, LastFailure: tally.Failure{At: w.now, Outcome: "timeout"}}, recordOf(firstKey))
	want := l.knows
	want.FailingSince, want.LastSuccess = "2026-11-18T04:00:00.000Z", "2026-11-18T03:00:00.000Z"
	s := w.snapshot()
	kept := map[string]*platform.Diagnosis{"app": s.Apps[app].DisabledDiagnosis}
	for key, e := range s.Audit {
		kept["audit "+key] = e.Diagnosis
	}
	for _, e := range s.Events {
		kept["event "+e.Type] = e.Diagnosis
	}
	for _, n := range s.Queue {
		kept["notice to "+n.To.Email] = n.Diagnosis
	}
	if len(kept) != 5 {
		t.Errorf("kept %v", kept)
	}
	for where, got := range kept {
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", where, diff)
		}
	}
	days := make([]tally.Date, 0, 7)
	for back := 6; back >= 0; back-- {
		days = append(days, w.today().Plus(-back))
	}
	if want := []string{fmt.Sprint(app, " ", days)}; !slices.Equal(l.reads, want) {
		t.Errorf("read %v, want %v", l.reads, want)
	}
}

func TestDiagnosisIsOfTheAppAsItIsNow(t *testing.T) {
	for name, c := range map[string]struct{ enabled, renewed time.Duration }{
		"enabled last": {time.Hour, 2 * time.Hour}, "renewed last": {2 * time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w, l := logged()
			w.change(app, func(a *platform.App) { a.EnabledAt, a.RenewedAt = w.now.Add(-c.enabled), w.now.Add(-c.renewed) })
			w.deliver(t, recordOf(firstKey))
			if want := w.now.Add(-time.Hour); len(l.since) != 1 || !l.since[0].Equal(want) {
				t.Errorf("read since %v, want %v", l.since, want)
			}
		})
	}
}

func TestDiagnosisIsAsFarAsItIsKnown(t *testing.T) {
	failure := tally.Failure{At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Outcome: "connection_error", Code: "tls", EventType: "issue.created", WebhookID: "evt_1"}
	ofClues := &platform.FailedRequest{At: "2026-11-24T09:00:00.000Z", Outcome: "connection_error", Code: "tls", EventType: "issue.created", WebhookID: "evt_1"}
	for name, c := range map[string]struct {
		clues tally.Clues
		knows platform.Diagnosis
		err   error
		want  *platform.Diagnosis
	}{
		"the log is off":                 {tally.Clues{LastFailure: failure, FailingSince: failure.At.AddDate(0, 0, -6)}, platform.Diagnosis{}, nil, &platform.Diagnosis{FailingSince: "2026-11-18T09:00:00.000Z", Example: ofClues}},
		"the log cannot be read":         {tally.Clues{LastFailure: failure}, platform.Diagnosis{}, errFault, &platform.Diagnosis{Example: ofClues}},
		"the log is read in part":        {tally.Clues{LastFailure: failure}, platform.Diagnosis{Read: 3, More: true, Example: &platform.FailedRequest{Outcome: "error"}}, errFault, &platform.Diagnosis{Read: 3, More: true, Example: &platform.FailedRequest{Outcome: "error"}}},
		"nothing is known":               {tally.Clues{}, platform.Diagnosis{}, nil, nil},
		"nothing, and it cannot be read": {tally.Clues{}, platform.Diagnosis{}, errFault, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, l := logged()
			l.knows, l.err = c.knows, c.err
			w.handleWith(t, c.clues, recordOf(firstKey))
			a := w.snapshot().Apps[app]
			if diff := cmp.Diff(c.want, a.DisabledDiagnosis); diff != "" || !a.Disabled() {
				t.Errorf("disabled %t (-want +got):\n%s", a.Disabled(), diff)
			}
			if said := strings.Contains(w.log.String(), "failures not read"); said != (c.err != nil) {
				t.Errorf("said that it is not read: %t\n%s", said, &w.log)
			}
		})
	}
}

func TestDiagnosisIsTheSameWhenAChainIsTakenUp(t *testing.T) {
	w, l := logged()
	w.delay = func(call string) error {
		if call == "SendNotice" || call == "SendEvent" {
			return errFault
		}
		return nil
	}
	if w.disabler().Handle(t.Context(), []disabling.Record{recordOf(firstKey)}) == "" {
		t.Fatal("the record is through")
	}
	want := w.snapshot().Apps[app].DisabledDiagnosis
	w.delay, l.knows = nil, platform.Diagnosis{Read: 1}
	w.sweep(t)
	s := w.snapshot()
	if len(s.Queue) != 2 || len(s.Events) != 1 || len(l.reads) != 1 || want == nil {
		t.Fatalf("%d notices, %d events, read %v", len(s.Queue), len(s.Events), l.reads)
	}
	for _, got := range []*platform.Diagnosis{s.Queue[0].Diagnosis, s.Events[0].Diagnosis} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestDiagnosisIsNotOfWhatTheLogDoesNotHave(t *testing.T) {
	w, l := logged()
	w.handleWith(t, tally.Clues{LastFailure: tally.Failure{At: w.now, Outcome: "error"}}, w.count(app, w.today(), tally.Counts{Fatal: 1}))
	if a := w.snapshot().Apps[app]; a.DisabledReason != "fatal" || a.DisabledDiagnosis != nil || len(l.reads) > 0 {
		t.Errorf("%+v, read %v", a, l.reads)
	}
}

// An app that the brake holds is judged again and again. The log is not read each time.
func TestDiagnosisIsNotReadOnceTheBrakeHolds(t *testing.T) {
	many := func(w *world) (records []disabling.Record) {
		for n := range 4 {
			id := fmt.Sprint("app-", n)
			w.put(id, org)
			records = append(records, w.fail(id))
		}
		return records
	}
	t.Run("for the hour", func(t *testing.T) {
		w, l := logged()
		w.config.MaxPerHour = 1
		w.deliver(t, many(w)...)
		if len(l.reads) != 2 { // of who was disabled, and of the first who was not
			t.Errorf("read %v", l.reads)
		}
	})
	t.Run("latched", func(t *testing.T) {
		w, l := logged()
		w.Latch = disabling.Latch{Since: w.now.Add(-time.Hour), Until: w.now.Add(time.Hour)}
		w.deliver(t, many(w)...)
		if len(l.reads) != 0 {
			t.Errorf("read %v", l.reads)
		}
	})
}

func TestDiagnosisOfObserveIsReadOnceADay(t *testing.T) {
	w, l := logged()
	w.config.Mode = disabling.Observe
	for range 3 {
		w.deliver(t, recordOf(firstKey))
	}
	if len(l.reads) != 1 || len(w.Events) != 1 || w.Events[0].Diagnosis == nil {
		t.Errorf("read %v, events %+v", l.reads, w.Events)
	}
}

func TestDiagnosesOfABatchHaveOneBudget(t *testing.T) {
	w, l := logged()
	l.took = 1500 * time.Millisecond
	var records []disabling.Record
	for n := range 12 {
		id := fmt.Sprint("app-", n)
		w.put(id, org)
		records = append(records, w.fail(id))
	}
	w.deliver(t, records...)
	disabled := 0
	for _, a := range w.snapshot().Apps {
		if a.Disabled() {
			disabled++
		}
	}
	if len(l.reads) != 7 || disabled != 12 { // 10 s, at 1.5 s each
		t.Errorf("%d read, %d disabled", len(l.reads), disabled)
	}
	w.put("later", org)
	if w.deliver(t, w.fail("later")); len(l.reads) != 8 {
		t.Errorf("%d read after the next batch", len(l.reads))
	}
}

func TestDiagnosisGoesWithAnEnabling(t *testing.T) {
	w, _ := logged()
	w.deliver(t, recordOf(firstKey))
	w.enableNow(t, app)
	s := w.snapshot()
	if a := s.Apps[app]; a.DisabledDiagnosis != nil || s.Queue[len(s.Queue)-1].Diagnosis != nil {
		t.Errorf("%+v", a)
	}
}
