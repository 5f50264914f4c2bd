package reading

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/delivery"
	"hookwarden/shared/disabling"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

func TestCommandsEndWithTheCodeThatTheHelpPromises(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string // on standard error
	}{
		"no such app":             {[]string{"app", "99"}, 3, "apps TEXT"},
		"why of no such app":      {[]string{"why", "99"}, 3, "99"},
		"requests of no such app": {[]string{"requests", "99"}, 3, "99"},
		"notices of no such app":  {[]string{"notices", "99"}, 3, "99"},
		"no such organization":    {[]string{"audit", "99"}, 3, "organization"},
		"no such request":         {[]string{"request", "17", "evt_none"}, 3, "`hookwarden why 17 --webhook evt_none` says where it may wait, `hookwarden letters webhook`"},
		"no such attempt":         {[]string{"request", "17", "evt_c", "--attempt", "7"}, 3, "attempt 7"},
		"no such key":             {[]string{"request", "17", "2026-11-25T11:39:00.000Z#evt_x#1#0a1b2c3d"}, 3, "30 days"},
		"no such command":         {[]string{"statsu"}, 2, "status"},
		"no such flag":            {[]string{"app", "17", "--frob"}, 2, "--help"},
		"no id":                   {[]string{"app"}, 2, "ID"},
		"two ids":                 {[]string{"app", "17", "18"}, 2, "18"},
		"no such output":          {[]string{"status", "-o", "xml"}, 2, "json"},
		"no such time":            {[]string{"requests", "17", "--since", "yesterday"}, 2, "2026-11-24"},
		"a time too long ago":     {[]string{"requests", "17", "--since", "99d"}, 2, "99d"},
		"no such outcome":         {[]string{"requests", "17", "--outcome", "failed"}, 2, "timeout"},
		"no such event":           {[]string{"why", "17", "--event", "issue"}, 2, "issue.created"},
		"a limit of nothing":      {[]string{"requests", "17", "--limit", "0"}, 2, "1000"},
		"two lists at once":       {[]string{"apps", "--failing", "--warned"}, 2, "failing"},
		"two texts":               {[]string{"apps", "ci", "bot"}, 2, "quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := run(t, newWorld(), terminal, c.args...)
			if code != c.code || !strings.Contains(errs, c.says) || out != "" {
				t.Errorf("exit code %d, want %d; %q lacks %q; wrote %q", code, c.code, errs, c.says, out)
			}
		})
	}
}

func TestCommandsFailWhenATableDoes(t *testing.T) {
	for _, args := range [][]string{{"status"}, {"apps"}, {"apps", "--failing"}, {"apps", "--disabled"}, {"app", "17"}, {"requests", "17"},
		{"request", "17", "evt_c"}, {"why", "17"}, {"audit", "42"}, {"notices", "17"}} {
		w := newWorld()
		w.broken = errors.New("the table is gone")
		out, errs, code := run(t, w, terminal, args...)
		if code != 1 || !strings.Contains(errs, "the table is gone") || out != "" {
			t.Errorf("%s: exit code %d, %q, wrote %q", args, code, errs, out)
		}
	}
}

func TestPagesHaveColoursOnlyWhereTheyAreSeen(t *testing.T) {
	utf8 := map[string]string{"LANG": "en_GB.UTF-8"}
	for name, c := range map[string]struct {
		on   screen
		want bool
	}{
		"a terminal":          {screen{width: 80, environ: utf8}, true},
		"NO_COLOR":            {screen{width: 80, environ: map[string]string{"NO_COLOR": "1"}}, false},
		"a terminal that can": {screen{width: 80, environ: map[string]string{"TERM": "dumb"}}, false},
		"piped":               {screen{environ: utf8}, false},
	} {
		out, _, _ := run(t, newWorld(), c.on, "app", "17")
		if got := strings.Contains(out, "\x1b["); got != c.want {
			t.Errorf("%s: colours %t", name, got)
		}
	}
}

func TestPagesShowNothingThatOthersWroteAsAControlCharacter(t *testing.T) {
	for _, args := range [][]string{{"app", "20"}, {"apps", "--warned"}, {"request", "17", "evt_c"}} {
		out, _, _ := run(t, newWorld(), terminal, args...)
		if i := strings.IndexFunc(out, func(r rune) bool { return r < ' ' && r != '\n' }); i >= 0 {
			t.Errorf("%s: %q", args, out[i:])
		}
	}
}

func TestPagesAreASCIIWhereTheTerminalIs(t *testing.T) {
	for _, args := range [][]string{{"app", "17"}, {"status"}, {"apps", "--disabled"}} {
		out, _, _ := run(t, newWorld(), screen{width: 80, environ: map[string]string{"LANG": "C", "NO_COLOR": "1"}}, args...)
		out = strings.ReplaceAll(out, "Söhne", "") // which others wrote
		if i := strings.IndexFunc(out, func(r rune) bool { return r > '~' }); i >= 0 {
			t.Errorf("%s: %q", args, out[i:])
		}
	}
}

func TestPagesAreWholeWhenPiped(t *testing.T) {
	out, _, _ := run(t, newWorld(), screen{}, "apps", "--disabled")
	if !strings.Contains(out, "https://ci.acme.example/hooks/sentry") {
		t.Errorf("cut: %s", out)
	}
}

func TestTimesAreLocalUnlessUTCIsSaid(t *testing.T) {
	local, _, _ := run(t, newWorld(), terminal, "why", "17")
	utc, _, _ := run(t, newWorld(), terminal, "why", "17", "--utc")
	if !strings.Contains(local, "10:00:00 CET") || strings.Contains(local, "UTC") {
		t.Errorf("local: %s", local)
	}
	if !strings.Contains(utc, "09:00:00 UTC") || strings.Contains(utc, "CET") {
		t.Errorf("UTC: %s", utc)
	}
}

func TestAppsSaysThatItScans(t *testing.T) {
	out, errs, code := run(t, newWorld(), terminal, "apps", "pager")
	if code != 0 || !strings.Contains(out, "Pager") || strings.Contains(out, "CI Bot") || !strings.Contains(errs, "all apps") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	if _, errs, _ := run(t, newWorld(), terminal, "apps", "--disabled"); errs != "" {
		t.Errorf("with an index it says %q", errs)
	}
}

func TestAppsLeavesOutWhatFailedBeforeAnEnabling(t *testing.T) {
	w := newWorld()
	app := w.apps["18"]
	app.Generation = 2
	w.apps["18"] = app
	out, _, _ := run(t, w, terminal, "apps", "--failing")
	if strings.Contains(out, "Pager") || !strings.Contains(out, "CI Bot") || strings.Contains(out, "more") {
		t.Errorf("got %s", out)
	}
}

func TestStatusNamesEachProblemWithWhatHelps(t *testing.T) {
	w := newWorld()
	w.latch[platform.BrakeDisable] = disabling.Latch{Since: now.Add(-time.Hour), Until: now.Add(23 * time.Hour), Reason: tally.Timeout, AppID: "18"}
	w.latch[platform.BrakeWarning] = disabling.Latch{Since: now.Add(-time.Hour), Until: now.Add(22 * time.Hour), Reason: tally.Dead, AppID: "20"}
	w.alarms = []alarm{{Name: "DeliverErrorsAlarm", Since: now.Add(-time.Minute), Why: "deliver fails"}}
	w.paused = []paused{{"WebhookQueue", "deliveries"}, {"hourly sweep", "disablings"}}
	w.variables["DISABLE_MODE"] = "observe"
	w.depths["WEBHOOK_QUEUE_URL"] = depth{Waiting: 1}
	w.ages["WEBHOOK_QUEUE_URL"] = 6 * time.Minute
	app := w.apps["17"]
	app.NotifiedAt = time.Time{}
	w.apps["17"] = app
	out, _, code := run(t, w, terminal, "status")
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	golden(t, "status-problems.txt", out)
}

func TestStatusSaysWhatIsNotKnown(t *testing.T) {
	w := newWorld()
	w.mute, w.secretive = true, true
	out, errs, code := run(t, w, terminal, "status")
	if code != 0 || !strings.Contains(out, "Whether alarms ring is not known") || !strings.Contains(out, "mode not known") ||
		!strings.Contains(out, "not known how many registered") || !strings.Contains(out, "are paused is not known") || !strings.Contains(out, "not known\n") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}

func TestStatusSaysWhenTheBrakeIsUsedUpOrOpen(t *testing.T) {
	w := newWorld()
	w.hour[platform.BrakeDisable], w.latch[platform.BrakeDisable] = 20, disabling.Latch{OpenUntil: now.Add(time.Hour)}
	out, _, _ := run(t, w, terminal, "status")
	if !strings.Contains(out, "The brake holds: 20 apps") || !strings.Contains(out, "opened by hand until 2026-11-25 14:00:00 CET") {
		t.Errorf("got %s", out)
	}
}

func TestAppSaysWhenItTakesTheDefaultsForTheRule(t *testing.T) {
	w := newWorld()
	w.secretive = true
	out, _, code := run(t, w, terminal, "app", "20")
	if code != 0 || !strings.Contains(strings.Join(strings.Fields(out), " "), "the live rule's numbers could not be read") {
		t.Errorf("exit code %d, %s", code, out)
	}
}

func TestAppFindsTheLastOnesByTheCountsToo(t *testing.T) {
	w := newWorld()
	w.log["20"] = nil
	w.days["20#42#1"][4].Clues = tally.Clues{LastFailure: tally.Failure{At: now.Add(-time.Hour), Outcome: "connection_error", Code: "tls", EventType: "issue.created"}}
	w.days["20#42#1"][0].Clues = tally.Clues{LastSuccess: now.AddDate(0, 0, -4)}
	out, _, _ := run(t, w, terminal, "app", "20")
	if !strings.Contains(out, "last success:  2026-11-21 13:00:00 CET") || !strings.Contains(out, "issue.created. No TLS") {
		t.Errorf("got %s", out)
	}
}

func TestCutOnGoesOnAsTheNewestFailingDay(t *testing.T) {
	rule := tally.Rule{WindowDays: 7, TimeoutThreshold: 1000, TimeoutMinShare: 0.5, GoneThreshold: 3, DeadDays: 5}
	for name, c := range map[string]struct {
		days   []tally.Day
		want   tally.Date
		reason tally.Reason
	}{
		"nothing":                  {nil, "", ""},
		"successes alone":          {[]tally.Day{ago(1, tally.Counts{Success: 9})}, "", ""},
		"errors since today":       {[]tally.Day{ago(0, tally.Counts{Error: 1})}, "2026-12-01", tally.Error},
		"errors for five days":     {[]tally.Day{ago(4, tally.Counts{Error: 1}), ago(3, tally.Counts{Error: 1}), ago(2, tally.Counts{Error: 1}), ago(1, tally.Counts{Error: 1}), ago(0, tally.Counts{Error: 1})}, "2026-11-27", tally.Error},
		"redirects since today":    {[]tally.Day{ago(0, tally.Counts{Other: 9})}, "2026-11-30", tally.Dead},
		"a thousand time-outs":     {[]tally.Day{ago(0, tally.Counts{Timeout: 1000})}, today, tally.Timeout},
		"a hundred time-outs":      {[]tally.Day{ago(0, tally.Counts{Timeout: 100})}, "2026-11-30", tally.Dead},
		"it succeeded since":       {[]tally.Day{ago(1, tally.Counts{Error: 4}), ago(0, tally.Counts{Success: 1})}, "2026-12-01", tally.Dead},
		"errors next to successes": {[]tally.Day{ago(0, tally.Counts{Error: 1, Success: 1})}, "2026-12-02", tally.Error},
	} {
		t.Run(name, func(t *testing.T) {
			if got, reason := cutOn(rule, c.days, today); got != c.want || reason != c.reason {
				t.Errorf("got %s by %s, want %s by %s", got, reason, c.want, c.reason)
			}
		})
	}
}

func TestNextSaysWhyNothingHappens(t *testing.T) {
	w := newWorld()
	settings, _ := w.ReadDisable(t.Context())
	failing := []tally.Day{ago(0, tally.Counts{Error: 4})}
	internal := platform.App{ID: "1", Status: platform.Internal}
	for name, c := range map[string]struct {
		app     platform.App
		days    []tally.Day
		mode    string
		latched bool
		says    string
	}{
		"published":             {app: platform.App{Status: platform.Published}, days: failing, says: "only apps with the status internal"},
		"breaker off":           {app: platform.App{Status: platform.Internal, Breaker: platform.BreakOff}, days: failing, says: "breaker is off"},
		"breaker fatal":         {app: platform.App{Status: platform.Internal, Breaker: platform.BreakFatal}, days: failing, says: "breaker is fatal"},
		"observe":               {app: internal, days: failing, mode: "observe", says: "only written down"},
		"latched":               {app: internal, days: failing, latched: true, says: "brake is latched"},
		"no failures":           {app: internal, says: "no failures"},
		"failing":               {app: internal, days: failing, says: "disabled on 2026-11-30"},
		"broken, not yet":       {app: internal, days: []tally.Day{ago(0, tally.Counts{Fatal: 1})}, says: "about to be disabled"},
		"disabled":              {app: platform.App{ID: "1", DisabledAt: now}, says: "hookwarden enable 1"},
		"an integration counts": {app: platform.App{Kind: platform.Integration}, days: failing, says: "2026-11-30"},
	} {
		t.Run(name, func(t *testing.T) {
			settings.Mode = c.mode
			if got := next(c.app, settings, c.days, today, c.latched); !strings.Contains(got, c.says) {
				t.Errorf("%q lacks %q", got, c.says)
			}
		})
	}
}

// The support question, by what stands in the way.
func TestWhyAnswersByWhatStandsInTheWay(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world, *platform.App)
		args   []string
		says   string
	}{
		"deleted":                {func(_ *world, a *platform.App) { a.Deleted, a.DeletedAt = true, now }, nil, "because the app is deleted"},
		"no URL":                 {func(_ *world, a *platform.App) { a.WebhookURL = "" }, nil, "no webhook URL"},
		"a URL that is wrong":    {func(_ *world, a *platform.App) { a.WebhookURLError = "it has a fragment" }, nil, "can never be called: it has a fragment"},
		"disabled, but an alert": {func(_ *world, a *platform.App) { a.DisabledAt = now.Add(-time.Hour) }, []string{"--event", "metric_alert.open"}, "It does get them"},
		"disabled":               {func(_ *world, a *platform.App) { a.DisabledAt, a.DisabledReason = now.Add(-time.Hour), "dead" }, []string{"--event", "issue.created"}, "gets no issue.created, because the app is disabled"},
		"not subscribed":         {func(_ *world, a *platform.App) { a.Events = []string{"error"} }, []string{"--event", "issue.created"}, "does not subscribe"},
		"its receiver fails":     {func(*world, *platform.App) {}, []string{"--event", "issue.created"}, "the one attempt that was looked at failed"},
		"the newest succeeded":   {func(*world, *platform.App) {}, nil, "But 1 of the 3 attempts"},
		"nothing was sent":       {func(w *world, _ *platform.App) { w.log["18"] = nil }, nil, "not sent yet, is a dead letter (`hookwarden letters webhook` lists 2), or"},
		"nothing waits": {func(w *world, _ *platform.App) {
			w.log["18"], w.depths = nil, map[string]depth{"WEBHOOK_QUEUE_URL": {}}
		}, nil, "most likely never received"},
		"an expired webhook": {func(w *world, _ *platform.App) {
			w.log["18"] = []delivery.Entry{{Time: now, WebhookID: "evt_x", EventType: "issue.created", Outcome: "expired"}}
		}, []string{"--webhook", "evt_x"}, "given up"},
		"a webhook that failed": {func(*world, *platform.App) {}, []string{"--webhook", "evt_p2"}, "was sent on 2026-11-25 12:58:00 CET, and failed"},
		"a test says nothing": {func(w *world, _ *platform.App) {
			w.log["18"] = []delivery.Entry{{Time: now, WebhookID: "tst_x", EventType: "test.ping", Outcome: "success", Sent: true, Test: true}}
		}, nil, "not sent yet, is a dead letter (`hookwarden letters webhook` lists 2), or"},
		"the log is off": {func(w *world, _ *platform.App) {
			w.log["18"] = nil
			w.variables["REQUEST_LOG"] = "off"
		}, nil, "RequestLog is off"},
		"only failures are in the log": {func(w *world, _ *platform.App) {
			w.log["18"], w.depths = nil, map[string]depth{"WEBHOOK_QUEUE_URL": {}}
			w.variables["REQUEST_LOG"] = "failures"
		}, []string{"--webhook", "evt_x"}, "Webhook evt_x is not in the log, which does not have all: RequestLog is failures. It may have been delivered."},
		"nothing waits, and nobody knows what is logged": {func(w *world, _ *platform.App) {
			w.log["18"], w.depths, w.secretive = nil, map[string]depth{"WEBHOOK_QUEUE_URL": {}}, true
		}, []string{"--webhook", "evt_x"}, "or, if not all is logged, delivered"},
		"only the newest were looked at": {func(w *world, _ *platform.App) {
			w.pieces, w.depths = 99, map[string]depth{"WEBHOOK_QUEUE_URL": {}}
		}, []string{"--webhook", "evt_x"}, "Webhook evt_x is not among the newest 3 entries of the log, back to 2026-11-25 12:55:00 CET. Older ones were not looked at"},
		"not since a time": {func(w *world, _ *platform.App) {
			w.depths = map[string]depth{"WEBHOOK_QUEUE_URL": {}}
		}, []string{"--webhook", "evt_x", "--since", "2h"}, "It may have been sent before 2026-11-25"},
		"the settings are not known": {func(w *world, _ *platform.App) { w.secretive = true }, []string{"--event", "comment.created"}, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			app := w.apps["18"]
			c.change(w, &app)
			w.apps["18"] = app
			out, errs, code := run(t, w, terminal, append([]string{"why", "18"}, c.args...)...)
			if said := strings.Join(strings.Fields(out), " "); code != 0 || !strings.Contains(said, c.says) {
				t.Errorf("exit code %d, %s\nlacks %q:\n%s", code, errs, c.says, out)
			}
		})
	}
}

func TestCommandsBoundWhatTheyReadOfTheLog(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want dynamo.LogSearch
	}{
		"why":             {[]string{"why", "18"}, dynamo.LogSearch{Read: 1000, MaxRequests: 40, Since: now.AddDate(0, 0, -30)}},
		"why since":       {[]string{"why", "18", "--since", "2h"}, dynamo.LogSearch{MaxRequests: 40, Since: now.Add(-2 * time.Hour)}},
		"app":             {[]string{"app", "18"}, dynamo.LogSearch{Read: 200, MaxRequests: 8, Since: now.AddDate(0, 0, -8)}},
		"requests":        {[]string{"requests", "18"}, dynamo.LogSearch{Wanted: 50, MaxRequests: 50, Since: now.AddDate(0, 0, -30)}},
		"requests of 3 d": {[]string{"requests", "18", "--since", "3d"}, dynamo.LogSearch{Wanted: 50, MaxRequests: 50, Since: now.AddDate(0, 0, -3)}},
	} {
		w := newWorld()
		if _, errs, code := run(t, w, terminal, c.args...); code != 0 || len(w.searches) != 1 {
			t.Fatalf("%s: exit code %d, %s, %d searches", name, code, errs, len(w.searches))
		}
		c.want.AppID, c.want.Until = "18", now
		if w.searches[0] != c.want {
			t.Errorf("%s: %+v", name, w.searches[0])
		}
	}
}

// However many apps are disabled or fail, so many are read in full at most: a hundred are
// one request.
func TestCommandsBoundHowManyAppsTheyRead(t *testing.T) {
	w := newWorld()
	for n := range 3000 {
		app := platform.App{ID: fmt.Sprint("d", n), Status: platform.Internal, OrganizationID: "42", Generation: 1, DisabledAt: now.Add(-time.Duration(n) * time.Minute), DisabledReason: "dead",
			NotifiedAt: now}
		w.apps[app.ID] = app
		w.days[tally.Key(app.ID, "42", 1)] = []tally.Day{ago(0, tally.Counts{Error: 1})}
	}
	for _, c := range []struct {
		args []string
		most int
		says string
	}{
		{[]string{"status"}, 500, "3,001 disabled"},
		{[]string{"apps", "--disabled"}, 1000, "and 2,901 more"},
		{[]string{"apps", "--failing", "--limit", "3"}, 1000, "more; --limit"},
		{[]string{"notices", "17"}, 100, "ada@acme.example"},
	} {
		w.most = 0
		out, errs, code := run(t, w, screen{}, c.args...)
		if code != 0 || w.most > c.most || w.most == 0 || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit code %d, %s; asked for %d at once, and at most %d may be; no %q in\n%s", c.args, code, errs, w.most, c.most, c.says, out)
		}
	}
}

func TestWhySaysWhetherAFailedWebhookIsSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world, *platform.App, *delivery.Entry)
		says   string
	}{
		"an internal app": {func(_ *world, a *platform.App, _ *delivery.Entry) { a.Status = platform.Internal }, "one attempt for an app whose status is internal"},
		"with RetryInternal": {func(w *world, a *platform.App, _ *delivery.Entry) {
			a.Status, w.variables["RETRY_INTERNAL"] = platform.Internal, "true"
		}, "Attempt 3 of 4"},
		"a published app":     {func(*world, *platform.App, *delivery.Entry) {}, "Attempt 3 of 4 follows"},
		"its last attempt":    {func(_ *world, _ *platform.App, e *delivery.Entry) { e.Attempt = 4 }, "the last of 4 attempts"},
		"what is not retried": {func(_ *world, _ *platform.App, e *delivery.Entry) { e.Outcome, e.ResponseCode = "error", 404 }, "not sent again"},
		"other delays":        {func(w *world, _ *platform.App, _ *delivery.Entry) { w.variables["RETRY_DELAYS"] = "60,60" }, "Attempt 3 of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			app := w.apps["19"]
			e := delivery.Entry{Time: now, WebhookID: "evt_r", EventType: "comment.created", Attempt: 2, Sent: true, Outcome: "server_error", ResponseCode: 503}
			c.change(w, &app, &e)
			w.apps["19"], w.log["19"] = app, []delivery.Entry{e}
			out, errs, code := run(t, w, terminal, "why", "19", "--webhook", "evt_r")
			if said := strings.Join(strings.Fields(out), " "); code != 0 || !strings.Contains(said, c.says) {
				t.Errorf("exit code %d, %s\nlacks %q:\n%s", code, errs, c.says, out)
			}
		})
	}
}

// With --since the log is read to that time, or until 200 requests are used up.
func TestWhyReadsTheLogPieceByPiece(t *testing.T) {
	w := newWorld()
	w.pieces = 99
	out, _, code := run(t, w, terminal, "why", "18", "--since", "20d")
	if code != 0 || len(w.searches) != 5 || !strings.Contains(strings.Join(strings.Fields(out), " "), "15 entries of the log looked at, back to 2026-11-25 12:55:00 CET") {
		t.Errorf("exit code %d, %d searches:\n%s", code, len(w.searches), out)
	}
	for i, s := range w.searches {
		if s.MaxRequests != 40 || (s.After == "") != (i == 0) {
			t.Errorf("search %d: %+v", i, s)
		}
	}
	w = newWorld()
	w.pieces = 1
	if run(t, w, terminal, "why", "18", "--since", "20d"); len(w.searches) != 2 {
		t.Errorf("%d searches, though the second read the rest", len(w.searches))
	}
}

func TestRequestsGoesOnWhereThePageBeforeEnded(t *testing.T) {
	w := newWorld()
	if _, errs, code := run(t, w, terminal, "requests", "17", "--after", "2026-11-25/2026-11-25T11:29:00.000Z#evt_d#1#0a1b2c3d"); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if want := "2026-11-25 2026-11-25T11:29:00.000Z#evt_d#1#0a1b2c3d"; w.searches[0].After != want {
		t.Errorf("went on after %q", w.searches[0].After)
	}
}

func TestAuditShowsWhoOpenedTheBrake(t *testing.T) {
	w := newWorld()
	w.audit[dynamo.BrakeAudit] = []dynamo.AuditEntry{{Time: now, Event: "brake.open", Brake: "warning", Actor: []byte(`{"name":"Ada"}`), OpenUntil: now.Add(4 * time.Hour)}}
	out, _, code := run(t, w, terminal, "audit", "--brake")
	if code != 0 || !strings.Contains(out, "brake.open  on warning") || !strings.Contains(out, "Ada") || !strings.Contains(out, "17:00:00 CET") {
		t.Errorf("exit code %d, %s", code, out)
	}
}

func TestNoticesSaysWhatItDoesNotKnowOfAddresses(t *testing.T) {
	w := newWorld()
	w.suppressed = nil
	out, _, _ := run(t, w, terminal, "notices", "17")
	if strings.Count(out, "not known") != 2 {
		t.Errorf("got %s", out)
	}
	w.organizations = nil
	out, _, _ = run(t, w, terminal, "notices", "17")
	if !strings.Contains(out, "nobody can be told") {
		t.Errorf("without an organization: %s", out)
	}
}

func TestAppDoesNotNameSkipsAsCausesOfItsDisabling(t *testing.T) {
	w := newWorld()
	app := w.apps["17"]
	app.DisabledDiagnosis = nil
	w.apps["17"] = app
	out, _, _ := run(t, w, screen{}, "app", "17")
	if strings.Contains(out, "not sent") || !strings.Contains(out, "401 Unauthorized: it refuses the request. Often it checks the signature with another secret. (10 of the newest 10 log entries)") {
		t.Error(out)
	}
}

func TestKindsReadAsOneList(t *testing.T) {
	for want, c := range map[string]tally.Counts{
		"3 successes, 6 time-outs or broken connections, 1 reported as fatal": {Success: 3, Timeout: 6, Fatal: 1},
		"1 success, 1 answer of 4xx, 2 answers of 410":                        {Success: 1, Error: 3, Gone: 2},
		"no success, no failure":                                              {},
	} {
		if got := kinds(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAuditOfTheBrakeShowsItsLatchesFirst(t *testing.T) {
	w := newWorld()
	w.latch[platform.BrakeDisable] = disabling.Latch{Since: now, Until: now.Add(time.Hour), Reason: "timeout", AppID: "18"}
	w.latch[platform.BrakeWarning] = disabling.Latch{Since: now, Until: now.Add(2 * time.Hour), Reason: "dead", AppID: "20"}
	out, _, _ := run(t, w, screen{}, "audit", "--brake")
	const want = "The brake on disablings is latched until 2026-11-25 14:00:00 CET because of timeout (app 18).\n" +
		"The brake on warnings is latched until 2026-11-25 15:00:00 CET because of dead (app 20).\nNobody opened a brake.\n"
	if out != want {
		t.Error(out)
	}
}

func TestAppThatWasWarnedAndHasNoCountsIsToBeToldThatItWorks(t *testing.T) {
	w := newWorld()
	delete(w.days, "20#42#1")
	out, _, _ := run(t, w, screen{}, "app", "20")
	if !strings.Contains(out, "Its owners are told that it works again once a webhook succeeded and an hour passed without a failure.") || strings.Contains(out, "Nothing: it has") {
		t.Error(out)
	}
}
