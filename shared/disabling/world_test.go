package disabling_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

const (
	app = "17"
	org = "42"
)

var (
	ada  = platform.Owner{Email: "ada@acme.example", Name: "Ada"}
	bob  = platform.Owner{Email: "bob@acme.example"}
	rule = tally.Rule{WindowDays: 7, TimeoutThreshold: 1000, GoneThreshold: 3}
)

// world is the tables and the three jobs that use them.
type world struct {
	*tables
	config  disabling.Config
	figures figures
	log     lines
	entries disabling.Failures      // the request log; nil: nothing is read of it
	quiet   bool                    // no log
	deaf    bool                    // the platform wants no events
	delay   func(call string) error // called at each step of the jobs' stores
}

func newWorld() *world {
	return &world{tables: newTables(), config: disabling.Config{Rule: rule, Mode: disabling.Enforce, MaxPerHour: 20,
		Guarded: []platform.Status{platform.Internal}}}
}

// brokenWorld has one app, with errors on all seven days, and two owners.
func brokenWorld() *world {
	w := newWorld()
	w.put(app, org)
	w.own(org, ada, bob)
	w.fail(app)
	return w
}

func (w *world) put(appID, organizationID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Apps[appID] = platform.App{ID: appID, Version: 1, UUID: "uuid-" + appID, Slug: "bot-" + appID, Name: "Bot " + appID,
		Status: platform.Internal, OrganizationID: organizationID, WebhookURL: "https://bot.example/hook", Generation: 1, Events: []string{"issue"}}
}

func (w *world) change(appID string, change func(*platform.App)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.Apps[appID]
	change(&a)
	w.Apps[appID] = a
}

func (w *world) own(organizationID string, owners ...platform.Owner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Organizations[organizationID] = platform.Organization{ID: organizationID, Version: 1, Slug: "acme", Name: "Acme", Owners: owners}
}

// fail counts an error on each day of the window and returns today's record.
func (w *world) fail(appID string) disabling.Record { return w.failUntil(appID, w.today()) }

func (w *world) failUntil(appID string, last tally.Date) (r disabling.Record) {
	for back := w.config.Rule.WindowDays - 1; back >= 0; back-- {
		r = w.count(appID, last.Plus(-back), tally.Counts{Error: 2})
	}
	return r
}

func (w *world) count(appID string, date tally.Date, counts tally.Counts) disabling.Record {
	r := w.add(w.key(appID), date, counts)
	r.Sequence = "s-" + appID
	return r
}

func (w *world) today() tally.Date { return tally.DateOf(w.now) }

func (w *world) key(appID string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return keyOf(w.Apps[appID])
}

// keyOf is the key of an app's current generation.
func keyOf(a platform.App) string { return tally.Key(a.ID, a.OrganizationID, a.Generation) }

func (w *world) store() store { return store{tables: w.tables, step: w.delay} }

func (w *world) logger() *slog.Logger {
	if w.quiet {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(&w.log, nil))
}

func (w *world) disabler() *disabling.Job { return w.disablerOver(w.store()) }

func (w *world) disablerOver(s store) *disabling.Job {
	return disabling.New(w.config, disabling.Deps{Standing: w.chainOver(s), Days: s, Failures: w.entries, Bookmark: s, Brake: s, Untold: s, Warnings: s,
		Metrics: &w.figures, Logger: w.logger(), Now: w.clock})
}

func (w *world) chainOver(s store) *standing.Chain {
	d := standing.Deps{Apps: s, Organizations: s, Transitions: s, Events: s, Notices: s, Metrics: &w.figures, Logger: w.logger(), Now: w.clock}
	if w.deaf {
		d.Events = nil
	}
	return standing.New(standing.Config{Rule: w.config.Rule}, d)
}

func (w *world) registrar() *registry.Job { return w.registrarOver(w.store()) }

func (w *world) registrarOver(s store) *registry.Job {
	return registry.New(registry.Config{CheckURL: func(string) error { return nil }}, registry.Deps{Apps: s, Organizations: s,
		Standing: w.chainOver(s), Steering: s, Brake: s, Metrics: &w.figures, Logger: w.logger()})
}

// composer is made once, since parsing takes longer than everything else.
var composer = sync.OnceValue(func() *notice.Composer {
	return notice.NewComposer(notice.MailConfig{PlatformName: "Platform", PlatformURL: "https://platform.example"})
})

const functionTimeout = 30 * time.Second

func (w *world) notifierOver(s store, noticeID string) *notice.Batch {
	return notice.New(notice.Config{FunctionTimeout: functionTimeout}, notice.Deps{Composer: composer(), Claims: s, Apps: s,
		Mailer: mailer{s, noticeID}, Metrics: &w.figures, Logger: w.logger(),
		Now: w.clock, Random: func() float64 { return 0 }}).NewBatch()
}

// deliver is the stream: it hands over the records until they are done.
func (w *world) deliver(t testing.TB, records ...disabling.Record) {
	t.Helper()
	for range 10 {
		if w.disabler().Handle(t.Context(), records) == "" {
			return
		}
	}
	t.Fatalf("records are not through after ten times:\n%s", &w.log)
}

// sent is SQS's stamp on a message that was queued at a time.
func sent(at time.Time) registry.Stamp { return registry.Stamp{SentAt: at} }

// register is RegistryQueue: it hands over the message until it is done.
func (w *world) register(t testing.TB, message platform.RegistryMessage, sentAt time.Time) {
	t.Helper()
	for range 10 {
		if w.registrar().Handle(t.Context(), message, sent(sentAt)) == nil {
			return
		}
	}
	t.Fatalf("%T is not through after ten times:\n%s", message, &w.log)
}

// enableNow asks, as the platform, to enable the app.
func (w *world) enableNow(t testing.TB, appID string) (at time.Time) {
	t.Helper()
	w.advance(time.Second)
	at = w.now
	w.advance(time.Second)
	w.register(t, enableBy(appID, bob, at), at)
	return at
}

func enableBy(appID string, who platform.Owner, at time.Time) platform.AppEnable {
	return platform.AppEnable{AppID: appID, At: at,
		Actor: platform.Actor{Raw: fmt.Appendf(nil, `{"email":%q}`, who.Email), Email: who.Email}}
}

// mailAll is NotificationQueue: it hands over each message until it is done. Of
// several equal messages it hands over only the first.
func (w *world) mailAll(t testing.TB) {
	t.Helper()
	for _, n := range w.snapshot().Queue {
		if w.snapshot().Notices[n.ID].State != "sent" { // composing a mail takes longer than all the rest
			w.mail(t, n)
		}
	}
}

func (w *world) mail(t testing.TB, n platform.Notice) {
	t.Helper()
	for range 10 {
		err := w.notifierOver(w.store(), n.ID).Handle(t.Context(), n, 1)
		if err == nil {
			return
		}
		wait := 190 * time.Second // the queue's visibility time-out
		if delayed := (*notice.DelayedError)(nil); errors.As(err, &delayed) {
			wait = delayed.After
		}
		w.advance(wait)
	}
	t.Fatalf("notice %s is not through after ten times:\n%s", n.ID, &w.log)
}

func (w *world) sweep(t testing.TB) {
	t.Helper()
	if err := w.disabler().Sweep(t.Context()); err != nil {
		t.Fatalf("sweep: %v\n%s", err, &w.log)
	}
}

// mailed counts, by kind and address, how many of the app's notices were queued
// and mailed. It fails if one was mailed more than once.
func (w *world) mailed(t testing.TB, appID string) map[string]int {
	t.Helper()
	mails := make(map[string]int)
	seen := make(map[string]bool)
	s := w.snapshot()
	for _, n := range s.Queue {
		if n.App.ID != appID || seen[n.ID] {
			continue
		}
		seen[n.ID] = true
		switch times := s.Mails[n.ID]; {
		case times > 1:
			t.Errorf("notice %s to %s was mailed %d times", n.Kind, n.To.Email, times)
		case times == 1:
			mails[string(n.Kind)+" "+n.To.Email]++
		}
	}
	return mails
}

// audited returns the events of an app, in the order of their times.
func (w *world) audited(appID string) (events []string) {
	s := w.snapshot()
	for _, key := range slices.Sorted(maps.Keys(s.Audit)) {
		if s.Audit[key].AppID == appID {
			events = append(events, s.Audit[key].Event)
		}
	}
	return events
}

// told is the types of an app's events, each id once, in the order in which they were
// first sent.
func (w *world) told(appID string) (types []string) {
	seen := make(map[string]bool)
	for _, e := range w.snapshot().Events {
		if e.App.ID == appID && !seen[e.ID] {
			seen[e.ID] = true
			types = append(types, e.Type)
		}
	}
	return types
}

// assertDisabledOnce checks everything that one disabling leaves.
func (w *world) assertDisabledOnce(t testing.TB, appID string, owners ...platform.Owner) {
	t.Helper()
	s := w.snapshot()
	a := s.Apps[appID]
	if !a.Disabled() || a.NotifiedAt.IsZero() {
		t.Errorf("app %s: disabled at %s, notified at %s", appID, a.DisabledAt, a.NotifiedAt)
	}
	if !s.Standing[appID] {
		t.Errorf("app %s is not in the index of those that are disabled", appID)
	}
	if got := w.audited(appID); !slices.Equal(got, []string{eventDisable}) {
		t.Errorf("audit entries of app %s: %v", appID, got)
	}
	if got := w.told(appID); !w.deaf && !slices.Equal(got, []string{"app.disabled"}) {
		t.Errorf("the platform is told of app %s: %v", appID, got)
	}
	want := make(map[string]int)
	for _, o := range owners {
		want["app.disabled "+o.Email] = 1
	}
	if got := w.mailed(t, appID); !maps.Equal(got, want) {
		t.Errorf("mails about app %s: %v, want %v", appID, got, want)
	}
}

// figures counts metrics.
type figures struct {
	mu     sync.Mutex
	counts map[string]int
}

func (f *figures) Count(name, _, _ string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.counts = make(map[string]int)
	}
	f.counts[name]++
}

func (f *figures) of(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[name]
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) has(message string) int { return strings.Count(l.String(), message) }
