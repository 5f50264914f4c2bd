package reading

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/shared/delivery"
	"hookwarden/shared/disabling"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

var update = flag.Bool("update", false, "write the golden files again: read the difference")

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const today = tally.Date("2026-11-25")

// A world is a stack in memory with a known history.
type world struct {
	apps          map[string]platform.App
	organizations map[string]platform.Organization
	days          map[string][]tally.Day // by key
	log           map[string][]delivery.Entry
	audit         map[string][]dynamo.AuditEntry // newest first
	notices       map[string]dynamo.NoticeState
	latch         map[platform.Brake]disabling.Latch
	hour          map[platform.Brake]int64
	depths        map[string]depth
	ages          map[string]time.Duration
	alarms        []alarm
	mute          bool // CloudWatch knows nothing
	paused        []paused
	variables     map[string]string // of the functions
	secretive     bool              // the functions' settings may not be read
	suppressed    map[string]suppression
	broken        error // each read of a table fails

	mu       sync.Mutex
	most     int // items that were asked for at once
	searches []dynamo.LogSearch
	pieces   int // so many searches are not whole
}

func (w *world) ReadApp(_ context.Context, id string) (platform.App, bool, error) {
	app, ok := w.apps[id]
	return app, ok, w.broken
}

func (w *world) ReadSome(_ context.Context, ids []string) (apps []platform.App, err error) {
	w.asked(len(ids))
	for _, id := range ids {
		if app, ok := w.apps[id]; ok {
			apps = append(apps, app)
		}
	}
	return apps, w.broken
}

// asked notes how much is asked for at once: a hundred are a request.
func (w *world) asked(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most = max(w.most, n)
}

func (w *world) ids() (ids []string) {
	for id := range w.apps {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (w *world) ReadStanding(_ context.Context, standing string, part int) (ids []string, more bool, err error) {
	for _, id := range w.ids() {
		app := w.apps[id]
		if tally.Shard(id) == part && (standing == dynamo.StandingDisabled && app.Disabled() || standing == dynamo.StandingWarned && !app.Warned.At.IsZero()) {
			ids = append(ids, id)
		}
	}
	return ids, false, w.broken
}

// Scan has two apps a page.
func (w *world) Scan(_ context.Context, after string) (apps []platform.App, next string, err error) {
	ids := w.ids()
	ids = ids[slices.Index(ids, after)+1:]
	for _, id := range ids[:min(len(ids), 2)] {
		apps, next = append(apps, w.apps[id]), id
	}
	if len(ids) <= 2 {
		next = ""
	}
	return apps, next, w.broken
}

func (w *world) CountApps(context.Context) (int64, error) {
	if w.secretive {
		return 0, errSecretive
	}
	return int64(len(w.apps)), nil
}

func (w *world) ReadOrganization(_ context.Context, id string) (platform.Organization, bool, error) {
	org, ok := w.organizations[id]
	return org, ok, w.broken
}

func (w *world) ReadDays(_ context.Context, key string, first, last tally.Date) (days []tally.Day, err error) {
	for _, d := range w.days[key] {
		if d.Date >= first && d.Date <= last {
			days = append(days, d)
		}
	}
	return days, w.broken
}

func (w *world) ReadFailing(_ context.Context, partition string) (keys []string, more bool, err error) {
	for key, days := range w.days {
		for _, d := range days {
			if d.Failed() && tally.FailingDay(d.Date, key) == partition {
				keys = append(keys, key)
			}
		}
	}
	return keys, false, w.broken
}

func (w *world) ReadDay(_ context.Context, date tally.Date, keys []string) (map[string]tally.Day, error) {
	w.asked(len(keys))
	days := make(map[string]tally.Day)
	for _, key := range keys {
		for _, d := range w.days[key] {
			if d.Date == date {
				days[key] = d
			}
		}
	}
	return days, w.broken
}

// Search is a search without pages, in which but for Wanted nothing is cut off.
func (w *world) Search(_ context.Context, s dynamo.LogSearch) (dynamo.LogFound, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.searches = append(w.searches, s)
	found := dynamo.LogFound{Whole: true}
	for _, e := range w.log[s.AppID] {
		if e.Time.Before(s.Since) {
			break
		}
		found.Read++
		found.Oldest = e.Time
		if (s.EventType == "" || s.EventType == e.EventType) && (s.Outcome == "" || s.Outcome == e.Outcome) &&
			(s.WebhookID == "" || s.WebhookID == e.WebhookID) && (!s.Failures || e.Failed()) {
			e.RequestHeaders, e.RequestBody, e.ResponseBody = nil, "", ""
			found.Entries = append(found.Entries, e)
		}
		if s.Wanted > 0 && len(found.Entries) == s.Wanted {
			found.Whole, found.Next = false, string(tally.DateOf(e.Time))+" "+dynamo.EntryKey(e)
			break
		}
	}
	if len(w.searches) <= w.pieces {
		found.Whole, found.Next = false, "2026-11-25 x"
	}
	return found, w.broken
}

func (w *world) ReadEntry(_ context.Context, appID, key string) (delivery.Entry, bool, error) {
	for _, e := range w.log[appID] {
		if dynamo.EntryKey(e) == key {
			return e, true, w.broken
		}
	}
	return delivery.Entry{}, false, w.broken
}

func (w *world) Read(_ context.Context, q dynamo.AuditQuery) (page dynamo.AuditPage, err error) {
	for _, e := range w.audit[q.OrganizationID] {
		if q.AppID == "" || q.AppID == e.AppID {
			page.Entries = append(page.Entries, e)
		}
	}
	if len(page.Entries) > q.Limit {
		page.Entries, page.Next = page.Entries[:q.Limit], "2026-11-20T00:00:00.000Z#x#1"
	}
	return page, w.broken
}

func (w *world) ReadNotices(_ context.Context, ids []string) (map[string]dynamo.NoticeState, error) {
	w.asked(len(ids))
	found := make(map[string]dynamo.NoticeState)
	for _, id := range ids {
		if s, ok := w.notices[id]; ok {
			found[id] = s
		}
	}
	return found, w.broken
}

func (w *world) ReadLatch(_ context.Context, b platform.Brake) (disabling.Latch, error) {
	return w.latch[b], w.broken
}

func (w *world) ReadHour(_ context.Context, b platform.Brake, _ time.Time) (int64, error) {
	return w.hour[b], w.broken
}

func (w *world) ReadPaused(context.Context) ([]paused, error) {
	if w.secretive {
		return nil, errSecretive
	}
	return w.paused, nil
}
func (w *world) ReadDepth(_ context.Context, n string) (depth, bool, error) {
	d, ok := w.depths[n]
	return d, ok, w.broken
}

var errSecretive = errors.New("access denied")

func (w *world) ReadAges(_ context.Context, names []string) (map[string]time.Duration, error) {
	if w.mute {
		return nil, errSecretive
	}
	return w.ages, nil
}

func (w *world) ReadAlarms(context.Context) ([]alarm, error) {
	if w.mute {
		return nil, errSecretive
	}
	return w.alarms, nil
}

func (w *world) reader() *env.Reader {
	return env.NewReader(func(name string) (string, bool) { value, ok := w.variables[name]; return value, ok })
}

func (w *world) ReadDisable(context.Context) (env.Disable, error) {
	if w.secretive {
		return env.Disable{}, errSecretive
	}
	return env.ReadDisable(w.reader()), nil
}

func (w *world) ReadDeliver(context.Context) (env.Deliver, error) {
	if w.secretive {
		return env.Deliver{}, errSecretive
	}
	return env.ReadDeliver(w.reader()), nil
}

func (w *world) ReadSuppression(_ context.Context, address string) (suppression, error) {
	return w.suppressed[address], nil
}

// ago is a day with its counts.
func ago(days int, c tally.Counts) tally.Day { return tally.Day{Date: today.Plus(-days), Counts: c} }

// newWorld is a stack of five apps: 17 is disabled, 18 fails in part, 19 is published, 20 is
// warned, and 21 is deleted.
func newWorld() *world {
	w := &world{
		apps: map[string]platform.App{}, organizations: map[string]platform.Organization{}, days: map[string][]tally.Day{},
		log: map[string][]delivery.Entry{}, audit: map[string][]dynamo.AuditEntry{}, notices: map[string]dynamo.NoticeState{},
		hour:   map[platform.Brake]int64{platform.BrakeDisable: 3, platform.BrakeWarning: 1},
		latch:  map[platform.Brake]disabling.Latch{},
		depths: map[string]depth{},
		ages:   map[string]time.Duration{"RETRY_QUEUE_URL": 260 * time.Second, "WEBHOOK_DLQ_URL": 50 * time.Hour},
		variables: map[string]string{"SUBSCRIBABLE_RESOURCES": "issue,error,comment", "HEADER_PREFIX": "Sentry-Hook-",
			"GUARDED_STATUSES": "internal"},
		suppressed: map[string]suppression{
			"ada@acme.example": {Known: true},
			"bob@acme.example": {Known: true, Suppressed: true, Reason: "BOUNCE", Since: now.AddDate(0, 0, -40)},
		},
	}
	for _, name := range slices.Concat(queueNames()[:4], letterNames()) {
		w.depths[name] = depth{}
	}
	w.depths["RETRY_QUEUE_URL"] = depth{Delayed: 12, InFlight: 1}
	w.depths["WEBHOOK_DLQ_URL"] = depth{Waiting: 2}
	w.organizations["42"] = platform.Organization{ID: "42", Slug: "acme", Name: "Acme", Owners: []platform.Owner{
		{Email: "ada@acme.example", Name: "Ada"}, {Email: "bob@acme.example", Name: "Bob"}}}
	add := func(app platform.App) platform.App {
		app.OrganizationID, app.Generation, app.UUID = "42", 1, "uuid-"+app.ID
		w.apps[app.ID] = app
		return app
	}
	disabled := add(platform.App{ID: "17", Slug: "ci-bot", Name: "CI Bot", Status: platform.Internal, WebhookURL: "https://ci.acme.example/hooks/sentry",
		Events: []string{"issue", "error.created"}, DisabledAt: now.Add(-3 * time.Hour), DisabledReason: "error",
		DisabledEvidence: []tally.Day{ago(6, tally.Counts{Error: 3}), ago(5, tally.Counts{Error: 4}), ago(4, tally.Counts{Error: 9}), ago(3, tally.Counts{Error: 1}),
			ago(2, tally.Counts{Error: 2}), ago(1, tally.Counts{Error: 8}), ago(0, tally.Counts{Error: 5})},
		NotifiedAt: now.Add(-3 * time.Hour), DisabledDiagnosis: &platform.Diagnosis{FailingSince: "2026-11-19T07:00:00.000Z", LastSuccess: "2026-11-16T20:00:00.000Z", Read: 32,
			Answers: []platform.Answer{{Outcome: "error", Status: 401, Count: 30}, {Outcome: "error", Status: 404, Count: 2}},
			Example: &platform.FailedRequest{At: "2026-11-25T08:59:00.000Z", WebhookID: "evt_c", EventType: "issue.created", Outcome: "error", Status: 401, Body: "bad \x1b[1msignature"}}})
	add(platform.App{ID: "18", Slug: "pager", Name: "Pager", Status: platform.Internal, WebhookURL: "https://pager.acme.example/in", Events: []string{"issue"}})
	add(platform.App{ID: "19", Slug: "linear", Name: "Linear", Status: platform.Published, WebhookURL: "https://linear.example/hook", Events: []string{"comment"}})
	add(platform.App{ID: "20", Slug: "notes", Name: "Notes \x1b[31m& Söhne", Status: platform.Internal, WebhookURL: "https://notes.acme.example/", Events: []string{"issue"},
		Warned: platform.Warned{At: now.Add(-22 * time.Hour), Levels: []platform.Level{"days:3"}, Reason: "error", Warning: platform.Warning{Level: "days:3", Day: 3, CutOn: "2026-11-27"},
			NotifiedAt: now.Add(-26 * time.Hour)}})
	add(platform.App{ID: "21", Slug: "old", Name: "Old", Status: platform.Internal, Deleted: true, DeletedAt: now.AddDate(0, 0, -2)})
	w.days["17#42#1"] = slices.Concat(disabled.DisabledEvidence, []tally.Day{ago(9, tally.Counts{Success: 40}), ago(20, tally.Counts{Success: 300, Error: 2})})
	w.days["18#42#1"] = []tally.Day{{Date: today, Counts: tally.Counts{Success: 188, Error: 10, Timeout: 2},
		Clues: tally.Clues{LastFailure: tally.Failure{At: now.Add(-3 * time.Minute), Outcome: "timeout", Code: "timeout_response"},
			FailingSince: now.Add(-4 * time.Minute), LastSuccess: now.Add(-5 * time.Minute)}}, ago(1, tally.Counts{Success: 1200})}
	w.days["20#42#1"] = []tally.Day{ago(4, tally.Counts{Success: 7}), ago(3, tally.Counts{Error: 2}), ago(2, tally.Counts{Error: 2}), ago(1, tally.Counts{Error: 3}), ago(0, tally.Counts{Error: 1})}
	for i := range 12 {
		e := delivery.Entry{Time: now.Add(-time.Duration(i*10+1) * time.Minute), WebhookID: "evt_" + string(rune('a'+i)), MessageID: "0a1b2c3d-4e5f",
			EventType: "issue.created", Attempt: 1, Sent: true, Outcome: "error", ResponseCode: 401, URL: "https://ci.acme.example/hooks/sentry", Duration: 83 * time.Millisecond,
			RequestHeaders: map[string]string{"Content-Type": "application/json", "Sentry-Hook-Signature": "[redacted]"},
			RequestBody:    `{"action":"created","data":{"issue":{"id":"1"}}}`, ResponseBody: "no such\x1b]0;owned\a key\r\nbye"}
		if i < 2 { // after it was disabled
			e = delivery.Entry{Time: e.Time, WebhookID: e.WebhookID, MessageID: e.MessageID, EventType: e.EventType, Outcome: "skipped", Code: "app_disabled"}
		}
		w.log["17"] = append(w.log["17"], e)
	}
	w.log["18"] = []delivery.Entry{
		{Time: now.Add(-time.Minute), WebhookID: "evt_p3", MessageID: "m1234567", EventType: "issue.resolved", Attempt: 1, Sent: true, Outcome: "success", ResponseCode: 200, Duration: 41 * time.Millisecond},
		{Time: now.Add(-2 * time.Minute), WebhookID: "evt_p2", MessageID: "m1234567", EventType: "issue.created", Attempt: 1, Sent: true, Outcome: "timeout", Code: "timeout_response", Duration: time.Second,
			Detail: "It sent no byte of an answer."},
		{Time: now.Add(-5 * time.Minute), WebhookID: "evt_p1", MessageID: "m1234567", EventType: "metric_alert.open", Attempt: 1, Sent: true, Outcome: "success", ResponseCode: 204, Duration: 38 * time.Millisecond},
	}
	w.log["19"] = []delivery.Entry{
		{Time: now.Add(-6 * time.Minute), WebhookID: "evt_l1", MessageID: "m1234567", EventType: "comment.created", Attempt: 2, Sent: true, Outcome: "success", ResponseCode: 200, Duration: 90 * time.Millisecond},
		{Time: now.Add(-11 * time.Minute), WebhookID: "evt_l1", MessageID: "m7654321", EventType: "comment.created", Attempt: 1, Sent: true, Outcome: "server_error", ResponseCode: 503, Duration: 120 * time.Millisecond},
	}
	w.audit["42"] = []dynamo.AuditEntry{
		{Time: disabled.DisabledAt, Event: "internal-integration.disable", AppID: "17", Name: "CI Bot", Reason: "error", Evidence: disabled.DisabledEvidence},
		{Time: now.AddDate(0, 0, -12), Event: "internal-integration.enable", AppID: "17", Name: "CI Bot", Actor: []byte(`{"type":"user","id":7,"name":"Ada","email":"ada@acme.example"}`), SenderID: "AROAEXAMPLE:console"},
		{Time: now.AddDate(0, 0, -13), Event: "internal-integration.disable", AppID: "17", Name: "CI Bot", Reason: "manual", Actor: []byte(`{"type":"user","id":9}`), Note: "floods us"},
		{Time: now.AddDate(0, 0, -14), Event: "app.would-disable", AppID: "18", Name: "Pager", Reason: "dead"},
		{Time: now.AddDate(0, 0, -15), Event: "internal-integration.warn", AppID: "17", Name: "CI Bot", Reason: "error", Level: "days:3"},
	}
	org := w.organizations["42"]
	for _, n := range platform.Notices(platform.AppDisabled, disabled, org, disabled.DisabledAt) {
		state := dynamo.NoticeState{State: "sent", ClaimedAt: disabled.DisabledAt, SentAt: disabled.DisabledAt.Add(2 * time.Second), MessageID: "ses-1"}
		if n.To.Name == "Bob" {
			state = dynamo.NoticeState{State: "refused", ClaimedAt: disabled.DisabledAt.Add(time.Second)}
		}
		w.notices[n.ID] = state
	}
	for _, n := range platform.Notices(platform.AppEnabled, disabled, org, now.AddDate(0, 0, -12)) {
		if n.To.Name == "Bob" {
			w.notices[n.ID] = dynamo.NoticeState{State: "sent", ClaimedAt: now.AddDate(0, 0, -12), SentAt: now.AddDate(0, 0, -12).Add(time.Second)}
		}
	}
	return w
}

// screen is how a person runs the program.
type screen struct {
	width   int // 0: piped
	environ map[string]string
	zone    *time.Location
}

var terminal = screen{width: 80, environ: map[string]string{"LANG": "C.UTF-8", "NO_COLOR": "1"}}

// run runs the program in a world, and returns what it wrote and its exit code.
func run(t *testing.T, w *world, on screen, args ...string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if on.zone == nil {
		on.zone = time.FixedZone("CET", 3600)
	}
	s := session.New(session.World{In: strings.NewReader(""), Out: &stdout, Err: &stderr, OutTerminal: on.width > 0, Width: on.width,
		Getenv: func(name string) string { return on.environ[name] }, Dir: t.TempDir(), Zone: on.zone, Now: func() time.Time { return now }})
	opened := func(context.Context) (*source, error) {
		return &source{stack: "hookwarden-prod", apps: w, finder: w, organizations: w, days: w, failing: w, log: w, audit: w, notices: w,
			brake: w, queues: w, watch: w, settings: w, mail: w}, nil
	}
	code = s.Run(t.Context(), s.Root(session.Group{ID: "look", Title: "Look:", Commands: commands(reader{s, opened})}), args)
	return stdout.String(), stderr.String(), code
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
