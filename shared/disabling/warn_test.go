package disabling_test

import (
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

// warnRule is the template's rule for warnings.
var warnRule = tally.WarnRule{AfterDays: []int{3, 5}, Early: 10 * time.Minute}

// warningWorld has one app with two owners and no counts, and warns. Its rule is the
// template's.
func warningWorld() *world {
	w := newWorld()
	w.config.Rule.DeadDays, w.config.Rule.TimeoutMinShare = 5, 0.5
	w.config.Warn, w.config.MaxWarningsPerHour = warnRule, 50
	w.put(app, org)
	w.own(org, ada, bob)
	return w
}

// run adds the same counts to a number of days that end today, and returns today's record.
func (w *world) run(appID string, days int, counts tally.Counts) (r disabling.Record) {
	for back := days - 1; back >= 0; back-- {
		r = w.count(appID, w.today().Plus(-back), counts)
	}
	return r
}

// tomorrow moves the clock to half past one of the next day.
func (w *world) tomorrow() { w.advance(w.today().End().Add(90 * time.Minute).Sub(w.now)) }

// levels is the levels of an app's warnings, from the audit.
func (w *world) levels(appID string) (levels []platform.Level) {
	s := w.snapshot()
	for _, key := range slices.Sorted(maps.Keys(s.Audit)) {
		if e := s.Audit[key]; e.AppID == appID && (e.Event == eventWarn || e.Event == eventWouldWarn) {
			levels = append(levels, e.Level)
		}
	}
	return levels
}

func (w *world) assertWarned(t testing.TB, appID string, want ...platform.Level) {
	t.Helper()
	if got := w.levels(appID); !slices.Equal(got, want) {
		t.Errorf("app %s is warned of: %v, want %v", appID, got, want)
	}
}

func TestWarningSaysWhatAndWhenToThePlatformAndEachOwner(t *testing.T) {
	w := warningWorld()
	w.deliver(t, w.run(app, 3, tally.Counts{Error: 9}))
	evidence := []tally.Day{{Date: "2026-11-22"}, {Date: "2026-11-23"}, {Date: "2026-11-24"}}
	for i := range evidence {
		evidence[i].Counts = tally.Counts{Error: 9}
	}
	warning := platform.Warning{Level: "days:3", Day: 3, CutOn: "2026-11-27"}
	a := w.Apps[app]
	want := platform.Warned{At: w.now, Levels: []platform.Level{"days:3"}, Reason: "dead", Warning: warning, Evidence: evidence,
		PlatformToldAt: w.now, NotifiedAt: w.now}
	if diff := cmp.Diff(want, a.Warned); diff != "" || a.Disabled() {
		t.Errorf("disabled at %s, warned (-want +got):\n%s", a.DisabledAt, diff)
	}
	if len(w.Queue) != 2 || len(w.Events) != 1 {
		t.Fatalf("%d notices, %d events", len(w.Queue), len(w.Events))
	}
	for _, n := range w.Queue {
		if n.Kind != platform.AppWarning || n.WarnedAt != platform.FormatTime(w.now) || n.Reason != "dead" || n.Rule == nil || *n.Rule != w.config.Rule {
			t.Errorf("notice %+v", n)
		}
		if diff := cmp.Diff(&warning, n.Warning); diff != "" || !cmp.Equal(evidence, n.Evidence) {
			t.Errorf("notice of %+v (-want +got):\n%s", n.Evidence, diff)
		}
	}
	e := w.Events[0]
	if e.Type != "app.warning" || e.At != platform.FormatTime(w.now) || e.Reason != "dead" || !cmp.Equal(e.Warning, &warning) || !cmp.Equal(e.Evidence, evidence) {
		t.Errorf("event %+v", e)
	}
	if w.figures.of("app.warned") != 1 || w.log.has("owners warned") != 1 {
		t.Errorf("metrics %v", w.figures.counts)
	}
}

func TestWarningIsGivenOnceForEachLevelUntilASuccess(t *testing.T) {
	w := warningWorld()
	failing := tally.Counts{Error: 1} // too few to be dead, so it ends on the seventh day
	r := w.run(app, 3, failing)
	for range 3 {
		w.deliver(t, r)
		w.sweep(t)
		w.advance(time.Minute)
	}
	w.assertWarned(t, app, "days:3")
	for day := 4; day <= 6; day++ {
		w.tomorrow()
		w.deliver(t, w.count(app, w.today(), failing))
		w.sweep(t)
	}
	w.assertWarned(t, app, "days:3", "days:5")
	w.tomorrow()
	w.deliver(t, w.count(app, w.today(), failing))
	w.mailAll(t)
	a := w.Apps[app]
	if !a.Disabled() || !w.Standing[app] || !cmp.Equal(a.Warned, platform.Warned{}) {
		t.Errorf("disabled at %s, warned %+v", a.DisabledAt, a.Warned)
	}
	want := []string{"app.warning", "app.warning", "app.disabled"}
	if got := w.told(app); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	ids := noticesByID(w.Queue)
	if len(ids) != 6 {
		t.Errorf("%d notices, want three for each owner", len(ids))
	}
}

// If several warnings are due together, only the most urgent is mailed. The others are not
// mailed later.
func TestWarningThatIsLateIsTheMostUrgentAlone(t *testing.T) {
	w := warningWorld()
	r := w.run(app, 5, tally.Counts{Error: 1})
	w.deliver(t, r)
	w.deliver(t, r)
	w.assertWarned(t, app, "days:5")
	if got := w.Apps[app].Warned.Levels; !slices.Equal(got, []platform.Level{"days:5", "days:3"}) {
		t.Errorf("given: %v", got)
	}
}

func TestWarningOfAnotherRunComesOnlyAfterASuccess(t *testing.T) {
	for name, c := range map[string]struct {
		between tally.Counts
		want    []platform.Level
	}{
		"a success":        {tally.Counts{Success: 1, Error: 4}, []platform.Level{"days:3", "days:3"}},
		"a day of nothing": {tally.Counts{}, []platform.Level{"days:3"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := warningWorld()
			w.config.Rule.DeadDays = 0
			w.deliver(t, w.run(app, 3, tally.Counts{Error: 4}))
			w.tomorrow()
			if !c.between.IsZero() {
				w.count(app, w.today(), c.between) // the app goes on failing, so it does not recover
			}
			for range 3 {
				w.tomorrow()
				w.deliver(t, w.count(app, w.today(), tally.Counts{Error: 4}))
				w.sweep(t)
			}
			w.assertWarned(t, app, c.want...)
		})
	}
}

func TestWarningIsForWhomARuleMayDisable(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*platform.App)
		want   int
	}{
		"internal":                {func(*platform.App) {}, 1},
		"published":               {func(a *platform.App) { a.Status = platform.Published }, 0},
		"an integration":          {func(a *platform.App) { a.Kind, a.Status = platform.Integration, platform.Published }, 1},
		"the breaker is off":      {func(a *platform.App) { a.Breaker = platform.BreakOff }, 0},
		"the breaker takes fatal": {func(a *platform.App) { a.Breaker = platform.BreakFatal }, 0},
		"deleted":                 {func(a *platform.App) { a.Deleted = true }, 0},
		"disabled": {func(a *platform.App) {
			a.DisabledAt, a.NotifiedAt = a.DisabledAt.AddDate(2025, 0, 0), a.DisabledAt.AddDate(2025, 0, 0)
		}, 0},
		"another generation": {func(a *platform.App) { a.Generation = 2 }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := warningWorld()
			r := w.run(app, 3, tally.Counts{Error: 9})
			w.change(app, c.change)
			w.deliver(t, r)
			w.sweep(t)
			if got := len(w.Events); got != c.want {
				t.Errorf("%d events, want %d", got, c.want)
			}
		})
	}
}

func TestWarningIsVetoedByASuccessThatWasCountedBeforeTheDaysWereRead(t *testing.T) {
	for back := range 2 {
		w := warningWorld()
		r := w.run(app, 3, tally.Counts{Error: 9})
		w.delay = func(call string) error {
			if call == "ReadDays" {
				w.add(w.Apps[app].ID+"#"+org+"#1", w.today().Plus(back), tally.Counts{Success: 1})
			}
			return nil
		}
		w.deliver(t, r)
		w.delay = nil
		w.assertWarned(t, app)
	}
}

func TestWarningOfTimeoutsOrWhatDoesNotPassIsGivenOnceUntilTheAppRecovers(t *testing.T) {
	w := warningWorld()
	r := w.count(app, w.today(), tally.Counts{Timeout: 500, Success: 5})
	w.deliver(t, r)
	w.deliver(t, w.count(app, w.today(), tally.Counts{Timeout: 10, Success: 2}))
	w.sweep(t)
	w.assertWarned(t, app, tally.LevelTimeouts)
	w.advance(time.Minute)
	w.clue(firstKey, w.today(), tally.Clues{Permanent: 3, FailingSince: w.now.Add(-10 * time.Minute)})
	w.deliver(t, w.count(app, w.today(), tally.Counts{Timeout: 1}))
	w.sweep(t)
	w.assertWarned(t, app, tally.LevelTimeouts, tally.LevelPermanent)
}

// A day with only other_count does not pass the stream's filter. For counts that were
// added later it is unknown when the failures began.
func TestSweepWarnsOfAForbiddenURL(t *testing.T) {
	w := warningWorld()
	w.count(app, w.today(), tally.Counts{Other: 1})
	w.clue(firstKey, w.today(), tally.Clues{Permanent: 1})
	w.sweep(t)
	w.assertWarned(t, app, tally.LevelPermanent)
}

func TestRecordThatIsNearAWarningIsNotRuledOut(t *testing.T) {
	w := warningWorld()
	calls := 0
	w.delay = func(string) error { calls++; return nil }
	near, far := tally.Counts{Timeout: 500, Success: 1}, tally.Counts{Timeout: 499, Success: 1000}
	w.deliver(t, w.count(app, w.today().Plus(-1), far))
	if calls > 0 {
		t.Errorf("%d calls for a day that is not near", calls)
	}
	w.config.MaxWarningsPerHour = 0
	w.deliver(t, w.count(app, w.today(), near))
	if calls > 0 {
		t.Errorf("%d calls where nobody is warned", calls)
	}
	w.config.MaxWarningsPerHour = 50
	w.count(app, w.today().Plus(-1), tally.Counts{Success: 1000})
	w.deliver(t, disabling.Record{Key: firstKey, Day: tally.Day{Date: w.today(), Counts: near}})
	if calls != 2 || len(w.Audit) > 0 {
		t.Errorf("%d calls, want app and days; audit %v", calls, w.audited(app))
	}
}

func TestWarningsAreOffWithALimitOfNone(t *testing.T) {
	w := warningWorld()
	w.config.MaxWarningsPerHour = 0
	w.deliver(t, w.run(app, 5, tally.Counts{Error: 1}))
	w.sweep(t)
	if len(w.Audit)+len(w.Events)+len(w.Queue) > 0 || w.figures.of("warning.held") > 0 {
		t.Errorf("audit %v", w.audited(app))
	}
}

func TestObserveWarnsNobodyAndAuditsItOncePerAppAndDay(t *testing.T) {
	w := warningWorld()
	w.config.Mode = disabling.Observe
	for range 2 {
		r := w.run(app, 3, tally.Counts{Error: 1})
		w.deliver(t, r)
		w.deliver(t, r)
		w.sweep(t)
		w.tomorrow()
	}
	if got := w.audited(app); !slices.Equal(got, []string{eventWouldWarn, eventWouldWarn}) {
		t.Errorf("audit %v", got)
	}
	if len(w.Events)+len(w.Queue) > 0 || !cmp.Equal(w.Apps[app].Warned, platform.Warned{}) || len(w.Warnings.Brake) > 0 {
		t.Errorf("%d events, %d notices, warned %+v, brake %v", len(w.Events), len(w.Queue), w.Apps[app].Warned, w.Warnings.Brake)
	}
	if got := w.log.has("owners would be warned"); got != 2 {
		t.Errorf("logged %d times", got)
	}
}

// Recovery.

func TestRecoveryIsToldOnceASuccessWasCountedAndAnHourHasPassed(t *testing.T) {
	w := warningWorld()
	w.deliver(t, w.run(app, 3, tally.Counts{Error: 9}))
	warnedAt := w.now
	w.sweepHourly(t, 2)
	if got := w.audited(app); len(got) != 1 {
		t.Fatalf("without a success: %v", got)
	}
	w.count(app, w.today(), tally.Counts{Success: 1})
	last := w.now.Add(-time.Minute)
	w.clue(firstKey, w.today(), tally.Clues{LastFailure: tally.Failure{At: last}})
	w.advance(58 * time.Minute)
	w.sweep(t)
	if got := w.audited(app); len(got) != 1 {
		t.Fatalf("59 minutes after the last failure: %v", got)
	}
	w.advance(time.Minute)
	w.sweep(t)
	w.sweep(t)
	w.mailAll(t)
	if got := w.audited(app); !slices.Equal(got, []string{eventWarn, eventRecover}) {
		t.Errorf("audit %v", got)
	}
	if !cmp.Equal(w.Apps[app].Warned, platform.Warned{}) {
		t.Errorf("still warned: %+v", w.Apps[app].Warned)
	}
	if got := w.told(app); !slices.Equal(got, []string{"app.warning", "app.recovered"}) {
		t.Errorf("told %v", got)
	}
	if e := w.Events[len(w.Events)-1]; e.At != platform.FormatTime(w.now) {
		t.Errorf("event %+v", e)
	}
	recovered := 0
	for _, n := range noticesByID(w.Queue) {
		if n.Kind == platform.AppRecovered {
			recovered++
			if n.WarnedAt != platform.FormatTime(warnedAt) || n.RecoveredAt != platform.FormatTime(w.now) || w.Mails[n.ID] != 1 {
				t.Errorf("mailed %d times: %+v", w.Mails[n.ID], n)
			}
		}
	}
	if recovered != 2 {
		t.Errorf("%d notices of the recovery", recovered)
	}
	w.sweepHourly(t, 3)
	if got := len(w.audited(app)); got != 2 {
		t.Errorf("audit %v", w.audited(app))
	}
}

func TestRecoveryWaits(t *testing.T) {
	down := tally.Counts{Other: 9}
	for name, c := range map[string]struct {
		then func(w *world) // on the day after the warning, at half past one
		want bool
	}{
		"for a success": {func(*world) {}, false},
		"for a success, and not for days of nothing": {func(w *world) { w.advance(24 * time.Hour) }, false},
		"no longer, after one":                       {func(w *world) { w.count(app, w.today(), tally.Counts{Success: 1}) }, true},
		"not for an alert rule's webhook":            {func(w *world) { w.count(app, w.today(), tally.Counts{Alive: 1}) }, true},
		"for failures without a time":                {func(w *world) { w.count(app, w.today(), tally.Counts{Success: 1, Error: 1}) }, false},
		"for what failed within the hour": {func(w *world) {
			w.count(app, w.today(), tally.Counts{Success: 1, Error: 1})
			w.clue(firstKey, w.today(), tally.Clues{LastFailure: tally.Failure{At: w.now.Add(-time.Hour + time.Second)}})
		}, false},
		"not for what failed before": {func(w *world) {
			w.count(app, w.today(), tally.Counts{Success: 1, Error: 1})
			w.clue(firstKey, w.today(), tally.Clues{LastFailure: tally.Failure{At: w.now.Add(-time.Hour)}})
		}, true},
		"for what failed before midnight, within the first hour": {func(w *world) {
			w.count(app, w.today(), tally.Counts{Success: 1})
			w.advance(-time.Hour)
		}, false},
		"for time-outs that still are half of those that disable": {func(w *world) {
			w.count(app, w.today(), tally.Counts{Success: 1, Timeout: 500})
			w.clue(firstKey, w.today(), tally.Clues{LastFailure: tally.Failure{At: w.now.Add(-2 * time.Hour)}})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := warningWorld()
			w.deliver(t, w.run(app, 3, down))
			w.tomorrow()
			c.then(w)
			w.sweep(t)
			if got := slices.Contains(w.audited(app), eventRecover); got != c.want {
				t.Errorf("recovered: %t, want %t; %v", got, c.want, w.audited(app))
			}
		})
	}
}

// Otherwise one more time-out on the same day would cause another warning.
func TestRecoveryFromTimeoutsWaitsWhileTheyAreHalfOfThoseThatDisable(t *testing.T) {
	w := warningWorld()
	w.deliver(t, w.count(app, w.today(), tally.Counts{Timeout: 500}))
	w.clue(firstKey, w.today(), tally.Clues{LastFailure: tally.Failure{At: w.now}})
	w.count(app, w.today(), tally.Counts{Success: 5})
	w.sweepHourly(t, 5)
	if got := w.audited(app); len(got) != 1 {
		t.Errorf("on the same day: %v", got)
	}
	w.tomorrow()
	w.sweep(t)
	if got := w.audited(app); !slices.Equal(got, []string{eventWarn, eventRecover}) {
		t.Errorf("on the day after: %v", got)
	}
}

// Successes from before a warning do not count.
func TestRecoveryNeedsMoreSuccessesThanTheWarningKnewOf(t *testing.T) {
	w := warningWorld()
	w.deliver(t, w.count(app, w.today(), tally.Counts{Timeout: 500, Success: 100}))
	w.assertWarned(t, app, tally.LevelTimeouts)
	w.count(app, w.today(), tally.Counts{Success: 500}) // the share is below a half
	w.clue(firstKey, w.today(), tally.Clues{LastFailure: tally.Failure{At: w.now}})
	before := w.snapshot()
	w.advance(time.Hour)
	w.Buffer[firstKey][w.today()] = tally.Counts{Timeout: 500, Success: 100}
	w.sweep(t)
	if got := w.audited(app); len(got) != 1 {
		t.Errorf("without a success since: %v", got)
	}
	w.Buffer = before.Buffer
	w.sweep(t)
	if got := w.audited(app); !slices.Equal(got, []string{eventWarn, eventRecover}) {
		t.Errorf("audit %v", got)
	}
}

func TestRecoveryMakesRoomForTheSameWarning(t *testing.T) {
	w := warningWorld()
	expired := func() {
		w.clue(firstKey, w.today(), tally.Clues{Permanent: 1, FailingSince: w.now.Add(-time.Hour)})
		w.deliver(t, w.count(app, w.today(), tally.Counts{Timeout: 1}))
	}
	expired()
	w.tomorrow()
	w.count(app, w.today(), tally.Counts{Success: 1})
	w.sweep(t)
	w.tomorrow()
	expired()
	if got := w.audited(app); !slices.Equal(got, []string{eventWarn, eventRecover, eventWarn}) {
		t.Errorf("audit %v", got)
	}
	w.mailAll(t)
	if got := w.mailed(t, app); got["app.warning "+ada.Email] != 1 { // the first is outdated before it is sent
		t.Errorf("mails %v", got)
	}
}

// A new run begins while the owners are being told of a recovery.
func TestWarningOverwritesARecoveryThatWasLeftHalfWay(t *testing.T) {
	w := warningWorld()
	w.clue(firstKey, w.today(), tally.Clues{Permanent: 1, FailingSince: w.now.Add(-time.Hour)})
	w.deliver(t, w.count(app, w.today(), tally.Counts{Timeout: 1}))
	w.tomorrow()
	w.count(app, w.today(), tally.Counts{Success: 1})
	w.delay = func(call string) error {
		if call == "SendEvent" {
			return errFault
		}
		return nil
	}
	_ = w.disabler().Sweep(t.Context())
	w.delay = nil
	if w.Apps[app].Warned.RecoveredAt.IsZero() {
		t.Fatalf("audit %v", w.audited(app))
	}
	w.advance(time.Hour)
	w.clue(firstKey, w.today(), tally.Clues{Permanent: 1, FailingSince: w.now.Add(-time.Hour)})
	w.deliver(t, w.count(app, w.today(), tally.Counts{Timeout: 1}))
	if got := w.audited(app); !slices.Equal(got, []string{eventWarn, eventRecover, eventWarn}) {
		t.Errorf("audit %v", got)
	}
	w.sweep(t)
	if a := w.Apps[app].Warned; !a.RecoveredAt.IsZero() || a.NotifiedAt.IsZero() {
		t.Errorf("warned %+v", a)
	}
}

func TestWarningEndsWithADeletionAndWithAnotherURL(t *testing.T) {
	for name, c := range map[string]struct {
		message platform.RegistryMessage
		ends    bool
	}{
		"deleted":     {platform.AppDelete{AppID: app, Version: 2}, true},
		"another URL": {platform.AppPut{App: platform.App{ID: app, Version: 2, Status: platform.Internal, OrganizationID: org, WebhookURL: "https://new.example/"}}, true},
		"another name": {platform.AppPut{App: platform.App{ID: app, Version: 2, Status: platform.Internal, OrganizationID: org,
			WebhookURL: "https://bot.example/hook", Name: "New"}}, false},
		"disabled by hand": {platform.AppDisable{AppID: app}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := warningWorld()
			w.deliver(t, w.run(app, 3, tally.Counts{Error: 9}))
			w.register(t, c.message, w.now)
			if ended := cmp.Equal(w.Apps[app].Warned, platform.Warned{}); ended != c.ends {
				t.Errorf("warned %+v", w.Apps[app].Warned)
			}
			w.mailAll(t)
			if mails := w.mailed(t, app)["app.warning "+ada.Email]; (mails == 0) != c.ends {
				t.Errorf("%d mails of the warning", mails)
			}
		})
	}
}

// Forty days after a warning, the counts that came after it are gone.
func TestWarningIsForgottenAfterFortyDays(t *testing.T) {
	for days, want := range map[int]int{39: 1, 40: 2} {
		w := warningWorld()
		w.deliver(t, w.run(app, 3, tally.Counts{Error: 1}))
		w.Buffer = make(map[string]map[tally.Date]tally.Counts)
		w.advance(time.Duration(days) * 24 * time.Hour)
		w.deliver(t, w.run(app, 3, tally.Counts{Error: 1}))
		if got := len(w.levels(app)); got != want {
			t.Errorf("after %d days %d warnings, want %d", days, got, want)
		}
	}
	w := warningWorld()
	w.deliver(t, w.run(app, 3, tally.Counts{Error: 1}))
	w.Buffer = make(map[string]map[tally.Date]tally.Counts)
	before := w.Apps[app].Warned
	for _, c := range []struct {
		days int
		want platform.Warned
	}{{39, before}, {40, platform.Warned{}}} {
		w.now = before.At.Add(time.Duration(c.days) * 24 * time.Hour)
		w.sweep(t)
		if diff := cmp.Diff(c.want, w.Apps[app].Warned); diff != "" || len(w.Events) != 1 || len(w.Queue) != 2 {
			t.Errorf("a sweep after %d days; told %v (-want +got):\n%s", c.days, w.told(app), diff)
		}
	}
}

func TestWarningOfAnAppWithoutOwnersTellsThePlatformAndRecovers(t *testing.T) {
	w := warningWorld()
	w.own(org)
	w.deliver(t, w.run(app, 3, tally.Counts{Error: 9}))
	w.sweep(t)
	if w.figures.of("notice.nobody") > 0 {
		t.Error("an alarm rings for a warning")
	}
	w.tomorrow()
	w.count(app, w.today(), tally.Counts{Success: 1})
	w.sweepHourly(t, 24)
	if got := w.told(app); !slices.Equal(got, []string{"app.warning", "app.recovered"}) || len(w.Events) != 2 {
		t.Errorf("told %v, %d events", got, len(w.Events))
	}
	if !cmp.Equal(w.Apps[app].Warned, platform.Warned{}) {
		t.Errorf("still warned: %+v", w.Apps[app].Warned)
	}
}

// The brake.

func TestWarningBrakeHoldsWhatIsBeyondTheLimitAndLosesNothing(t *testing.T) {
	w := warningWorld()
	w.config.MaxWarningsPerHour = 2
	var records []disabling.Record
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		w.put(id, org)
		records = append(records, w.run(id, 3, tally.Counts{Error: 1}))
	}
	w.deliver(t, records...)
	for hour := 1; hour <= 3; hour++ {
		if got := w.warnings(); got != min(2*hour, 5) || w.Warnings.Latch != (disabling.Latch{}) {
			t.Errorf("hour %d: %d warnings, latch %+v", hour, got, w.Warnings.Latch)
		}
		w.sweepHourly(t, 1)
	}
	if held := w.figures.of("warning.held"); held == 0 || w.figures.of("warning.latched")+w.figures.of("disable.held") > 0 {
		t.Errorf("metrics %v", w.figures.counts)
	}
	if !strings.Contains(w.log.String(), `msg="warning held by the brake" app_id=c organization_id=42 reason=error max_per_hour=2 warning_level=days:3`) {
		t.Errorf("log %s", &w.log)
	}
}

// All their transactions would meet at the item of the hour, and hold up the disablings of
// the next batches.
func TestWarningBrakeSavesABatchTheWritesThatAreHeld(t *testing.T) {
	w := warningWorld()
	w.config.MaxWarningsPerHour = 2
	var records []disabling.Record
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		w.put(id, org)
		records = append(records, w.run(id, 3, tally.Counts{Error: 1}))
	}
	warns := 0
	w.delay = func(call string) error {
		if call == "Warn" {
			warns++
		}
		return nil
	}
	w.deliver(t, records...)
	if warns != 3 || w.figures.of("warning.held") != 3 { // the third finds out
		t.Errorf("%d writes, metrics %v", warns, w.figures.counts)
	}
	w.advance(time.Hour)
	w.deliver(t, records...)
	if w.warnings() != 4 {
		t.Errorf("%d warnings in two hours", w.warnings())
	}
}

func (w *world) warnings() (n int) {
	for _, e := range w.snapshot().Audit {
		if e.Event == eventWarn {
			n++
		}
	}
	return n
}

func TestWarningBrakeLatchesForADayForWhatAFaultOfOursCauses(t *testing.T) {
	for level, counts := range map[platform.Level]tally.Counts{tally.LevelTimeouts: {Timeout: 500}, tally.LevelPermanent: {Timeout: 1}} {
		t.Run(string(level), func(t *testing.T) {
			w := warningWorld()
			w.config.MaxWarningsPerHour = 50
			records := w.wave("app", 200, counts)
			for _, r := range records {
				if level == tally.LevelPermanent {
					w.clue(r.Key, w.today(), tally.Clues{Permanent: 1, FailingSince: w.now.Add(-time.Hour)})
				}
			}
			w.deliver(t, records...)
			if got := w.warnings(); got != 50 {
				t.Errorf("%d warnings in the hour", got)
			}
			l := w.Warnings.Latch
			if l.Until.Sub(l.Since) != disabling.LatchLife || l.AppID != "app50" || w.Latch != (disabling.Latch{}) {
				t.Errorf("the latch is %+v, that on disablings %+v", l, w.Latch)
			}
			w.sweepHourly(t, 2)
			if got := w.warnings(); got != 50 {
				t.Errorf("%d warnings while it is latched", got)
			}
			if got := w.figures.of("warning.latched"); got != 3 {
				t.Errorf("its alarm is rung %d times, want at once and by each sweep", got)
			}
			w.register(t, platform.BrakeOpen{Brake: platform.BrakeWarning, At: w.now, Hours: 4}, w.now)
			w.sweepHourly(t, 1)
			if got := w.warnings(); got != 100 {
				t.Errorf("%d warnings after it was opened", got)
			}
		})
	}
}

// A verdict has priority over a warning, even if the brake holds the verdict.
func TestWarningIsNotGivenToAnAppWhoseDisablingIsHeld(t *testing.T) {
	w := warningWorld()
	w.config.MaxPerHour = 0
	w.deliver(t, w.count(app, w.today(), tally.Counts{Timeout: 1000}))
	w.sweep(t)
	w.assertWarned(t, app)
}

func TestWarningBrakeAndThatOnDisablingsDoNotKnowEachOther(t *testing.T) {
	w := warningWorld()
	w.Warnings.Latch = disabling.Latch{Since: w.now, Until: w.now.Add(time.Hour)}
	w.put("broken", org)
	w.deliver(t, w.run(app, 3, tally.Counts{Error: 9}), w.count("broken", w.today(), tally.Counts{Fatal: 1}))
	w.assertWarned(t, app)
	if !w.Apps["broken"].Disabled() {
		t.Error("the latch on warnings holds a disabling")
	}
	w.Latch, w.Warnings.Latch = w.Warnings.Latch, disabling.Latch{}
	w.sweep(t)
	w.assertWarned(t, app, "days:3")
}

// If no warnings are wanted, they only cost one read of their latch in each sweep.
func TestWarningsCostNothingForAppsWithoutFailures(t *testing.T) {
	calls := make(map[int]map[string]int)
	for _, limit := range []int{0, 50} {
		w := warningWorld()
		w.config.MaxWarningsPerHour = limit
		calls[limit] = make(map[string]int)
		w.delay = func(call string) error { calls[limit][call]++; return nil }
		records := w.wave("well", 10, tally.Counts{Success: 1000, Error: 10, Timeout: 499, Other: 10})
		w.deliver(t, records...)
		if len(calls[limit]) > 0 {
			t.Errorf("for days with a success: %v", calls[limit])
		}
		clear(w.Buffer)
		w.sweep(t)
	}
	calls[0]["ReadLatch"]++
	if diff := cmp.Diff(calls[0], calls[50]); diff != "" {
		t.Errorf("calls (-without warnings +with):\n%s", diff)
	}
}

func TestWarningHasTheDiagnosisThatADisablingWouldHave(t *testing.T) {
	w := warningWorld()
	l := &requestLog{w: w, knows: platform.Diagnosis{Read: 3, Answers: []platform.Answer{{Outcome: "error", Status: 403, Count: 3}}}}
	w.entries = l
	w.deliver(t, w.run(app, 3, tally.Counts{Error: 9}))
	kept := []*platform.Diagnosis{w.Apps[app].Warned.Diagnosis, w.Events[0].Diagnosis}
	for _, e := range w.Audit {
		kept = append(kept, e.Diagnosis)
	}
	for _, n := range w.Queue {
		kept = append(kept, n.Diagnosis)
	}
	for i, got := range kept {
		if diff := cmp.Diff(&l.knows, got); diff != "" {
			t.Errorf("%d (-want +got):\n%s", i, diff)
		}
	}
	w.deliver(t, w.run(app, 3, tally.Counts{Error: 9}))
	if len(kept) != 5 || len(l.reads) != 1 {
		t.Errorf("%d diagnoses, of %d reads", len(kept), len(l.reads))
	}
}

// The log is not read for an app that a brake holds. The two brakes are separate.
func TestWarningThatIsHeldCostsNoDiagnosis(t *testing.T) {
	w := warningWorld()
	w.config.MaxWarningsPerHour = 1
	l := &requestLog{w: w}
	w.entries = l
	var records []disabling.Record
	for _, id := range []string{"a", "b", "c", "d"} {
		w.put(id, org)
		records = append(records, w.run(id, 3, tally.Counts{Error: 1}))
	}
	w.put("broken", org)
	w.deliver(t, append(records, w.count("broken", w.today(), tally.Counts{Error: 3, Gone: 3}))...)
	if len(l.reads) != 3 { // of the first, of that at which the brake holds, and of the disabling
		t.Errorf("read %v", l.reads)
	}
}

// The warning was noted and left before anybody was told. By then the app works again.
func TestRecoveryWaitsForTheOwnersToBeToldOfTheWarning(t *testing.T) {
	w := warningWorld()
	w.arm(0, lost)
	w.disabler().Handle(t.Context(), []disabling.Record{w.run(app, 3, tally.Counts{Error: 9})})
	w.arm(-1, lost)
	w.tomorrow()
	w.count(app, w.today(), tally.Counts{Success: 1})
	w.sweep(t)
	if got := w.audited(app); !slices.Equal(got, []string{eventWarn}) || len(w.Queue) != 2 {
		t.Errorf("audit %v, %d notices", got, len(w.Queue))
	}
	w.sweepHourly(t, 1)
	if got := w.audited(app); !slices.Equal(got, []string{eventWarn, eventRecover}) {
		t.Errorf("audit %v", got)
	}
}
