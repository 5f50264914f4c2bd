package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// world is everything around the job, in memory. Its fault functions are
// called before each call; what they return is the call's error.
type world struct {
	mu          sync.Mutex
	apps        map[string]Registered
	reads       int
	counts      map[CounterKey]tally.Counts
	clues       []tally.Clues                // of the updates that had some, in their order
	reports     map[string]platform.Outcomes // by id
	entries     []Entry
	events      []platform.Event
	delayed     []Delayed
	deadLetters []DeadLetter
	sent        []webhook.Request
	warned      map[string]time.Time
	claims      map[string]string // owners, by stop
	marks       int               // given out
	figures     map[string]int
	lines       bytes.Buffer

	now        func() time.Time
	answer     func(webhook.Request) webhook.Result
	readFault  func() error
	countFault func() (err error, applied bool)
	logFault   func() bool            // true: nothing is written
	sendFault  func(body string) bool // true: not sent on
	sendLost   func(body string) bool // true: sent on, but the answer is lost
	warnFault  func() (err error, applied bool)
	claimFault func() (err error, applied bool)
	eventFault func() (err error, applied bool)
}

var errLost = errors.New("the answer was lost")

func notAdded() (error, bool)     { return fmt.Errorf("%w: throttled", ErrNotAdded), false }
func lostButAdded() (error, bool) { return errLost, true }
func lostNotAdded() (error, bool) { return errLost, false }

func newWorld() *world {
	return &world{
		apps:    make(map[string]Registered),
		counts:  make(map[CounterKey]tally.Counts),
		reports: make(map[string]platform.Outcomes),
		warned:  make(map[string]time.Time),
		claims:  make(map[string]string),
		figures: make(map[string]int),
		answer:  status(http.StatusOK),
		now:     time.Now,
	}
}

// status answers at once with a status.
func status(code int) func(webhook.Request) webhook.Result {
	return func(webhook.Request) webhook.Result {
		outcomes := map[int]webhook.Outcome{200: webhook.Success, 400: webhook.Error, 410: webhook.Gone,
			429: webhook.Throttled, 500: webhook.ServerError, 503: webhook.ServerError, 301: webhook.Redirect, 408: webhook.Error}
		return webhook.Result{Outcome: outcomes[code], Status: code, Started: time.Now()}
	}
}

// errorFor answers 400 if fails picks the request, and 200 otherwise.
func errorFor(fails func(webhook.Request) bool) func(webhook.Request) webhook.Result {
	return func(r webhook.Request) webhook.Result {
		if fails(r) {
			return status(http.StatusBadRequest)(r)
		}
		return status(http.StatusOK)(r)
	}
}

func outcome(o webhook.Outcome, code webhook.Code) func(webhook.Request) webhook.Result {
	return func(webhook.Request) webhook.Result {
		return webhook.Result{Outcome: o, Code: code, Started: time.Now()}
	}
}

// register adds an app that wants issues; change may alter it.
func (w *world) register(id string, s platform.Status, change func(*Registered)) {
	r := Registered{
		App: platform.App{ID: id, Version: 1, Generation: 1, Status: s, OrganizationID: "org", Events: []string{"issue"},
			WebhookURL: "https://" + id + ".example/hook"},
		Secrets: []platform.Secret{"s"}, SecretsVersion: 1,
	}
	if change != nil {
		change(&r)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.apps[id] = r
}

// config returns the defaults.
func config() Config {
	return Config{Timeout: time.Second, Guarded: []platform.Status{platform.Internal}, Subscribable: platform.Subscribable{"issue", "error", "comment"},
		RetryDelays: []time.Duration{300 * time.Second, 300 * time.Second, 300 * time.Second}, MaxAge: 72 * time.Hour,
		RequestLog: LogAll, HeaderPrefix: "Sentry-Hook-", DefaultActor: webhook.Application("sentry", "Sentry")}
}

// deps is this world, for one environment.
func (w *world) deps() Deps {
	return Deps{Registry: w, Warnings: w, Sender: w, Counters: w, Outcomes: w, Log: w, Events: w, Outbox: w, Claims: w, Metrics: w,
		Logger: slog.New(slog.NewTextHandler(&w.lines, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:    func() time.Time { return w.now() }, NewMark: w.newMark}
}

// job makes the job of one environment in this world. It has the defaults, which
// change may alter.
func (w *world) job(change func(*Config)) *Job {
	c := config()
	if change != nil {
		change(&c)
	}
	return New(c, w.deps())
}

func (w *world) ReadApps(_ context.Context, ids []string) (map[string]Registered, []string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	if w.readFault != nil {
		if err := w.readFault(); err != nil {
			return nil, ids, err
		}
	}
	known := make(map[string]Registered)
	for _, id := range ids {
		if r, ok := w.apps[id]; ok {
			known[id] = r
		}
	}
	return known, nil, nil
}

func (w *world) Warn(_ context.Context, app string, at time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.warnFault != nil {
		if err, applied := w.warnFault(); !applied {
			return err
		}
	}
	w.warned[app] = at
	return nil
}

func (w *world) Warned(_ context.Context, apps []string) (map[string]time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.warnFault != nil {
		if err, _ := w.warnFault(); err != nil {
			return nil, err
		}
	}
	warned := maps.Clone(w.warned)
	maps.DeleteFunc(warned, func(app string, _ time.Time) bool { return !slices.Contains(apps, app) })
	return warned, nil
}

func (w *world) Send(_ context.Context, r webhook.Request) webhook.Result {
	w.mu.Lock()
	w.sent = append(w.sent, r)
	answer := w.answer
	w.mu.Unlock()
	return answer(r)
}

func (w *world) AddCounts(_ context.Context, key CounterKey, counts tally.Counts, clues tally.Clues) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.countFault != nil {
		if err, applied := w.countFault(); err != nil {
			if applied {
				w.counts[key] = w.counts[key].Plus(counts)
			}
			return err
		}
	}
	w.counts[key] = w.counts[key].Plus(counts)
	if clues != (tally.Clues{}) {
		w.clues = append(w.clues, clues)
	}
	return nil
}

func (w *world) AddOutcomes(_ context.Context, key CounterKey, counts tally.Counts, of platform.Outcomes) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	applied := true
	if w.countFault != nil {
		if err, applied = w.countFault(); err == nil {
			applied = true
		}
	}
	before, ok := w.reports[of.ID]
	switch {
	case ok && err == nil && before != of:
		return ErrOtherContent
	case !ok && applied:
		w.reports[of.ID] = of
		w.counts[key] = w.counts[key].Plus(counts)
	}
	return err
}

func (w *world) WriteEntries(_ context.Context, entries []Entry) []Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.logFault != nil && w.logFault() {
		return entries
	}
	w.entries = append(w.entries, entries...)
	return nil
}

func (w *world) SendEvent(_ context.Context, e platform.Event) (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	applied := true
	if w.eventFault != nil {
		err, applied = w.eventFault()
	}
	if applied {
		w.events = append(w.events, e)
	}
	return err
}

func (w *world) SendDelayed(_ context.Context, messages []Delayed) (unsent []Unsent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, m := range messages {
		if w.sends(i, m.Body, &unsent) {
			w.delayed = append(w.delayed, m)
		}
	}
	return unsent
}

func (w *world) SendDeadLetters(_ context.Context, letters []DeadLetter) (unsent []Unsent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, l := range letters {
		if w.sends(i, l.Body, &unsent) {
			w.deadLetters = append(w.deadLetters, l)
		}
	}
	return unsent
}

// sends reports whether a message is sent, and adds what the sender is told.
func (w *world) sends(i int, body string, unsent *[]Unsent) bool {
	if w.sendFault != nil && w.sendFault(body) {
		*unsent = append(*unsent, Unsent{Index: i})
		return false
	}
	if w.sendLost != nil && w.sendLost(body) {
		*unsent = append(*unsent, Unsent{Index: i, MayBeQueued: true})
	}
	return true
}

func (w *world) Claim(_ context.Context, hop Hop, owner string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	applies := true
	if w.claimFault != nil {
		if err, applies = w.claimFault(); err == nil {
			applies = true
		}
	}
	if _, taken := w.claims[stop(hop)]; !taken && applies {
		w.claims[stop(hop)] = owner
	}
	return err == nil && w.claims[stop(hop)] == owner, err
}

func stop(hop Hop) string { return fmt.Sprint(hop.Origin, "#", hop.Number) }

func (w *world) Claimed(_ context.Context, hop Hop) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.claimFault != nil {
		if err, _ := w.claimFault(); err != nil {
			return false, err
		}
	}
	return w.claims[stop(hop)] != "", nil
}

func (w *world) newMark() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.marks++
	return fmt.Sprint("mark-", w.marks)
}

func (w *world) Count(name, dimension, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.figures[name+" "+dimension+"="+value]++
}

func (w *world) Milliseconds(string, time.Duration) {}

func (w *world) Detail(string, any) {}

// countsOf is today's counts of an app.
func (w *world) countsOf(app string) tally.Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[CounterKey{tally.Key(app, "org", 1), tally.DateOf(time.Now())}]
}

// message is a webhook of issue.created for an app, as WebhookQueue hands it
// out.
func message(app string) Message { return webhookMessage(app, "issue", "created", "") }

// countsOn is a message of ours for counts that could not be added.
func countsOn(key string, date tally.Date, counts tally.Counts, at time.Time) Message {
	return countsMessage{key, date, counts, at.UnixMilli()}.delayed().Message
}

func webhookMessage(app, resource, action, extra string) Message {
	id := "evt_" + app + resource + strings.ReplaceAll(action, ".", "_")
	return Message{ID: "sqs-" + id, SentAt: time.Now(), Receives: 1, Body: fmt.Sprintf(
		`{"id":%q,"app_id":%q,"organization_id":"org","installation":{"uuid":"u"},"resource":%q,"action":%q,"data":{}%s}`,
		id, app, resource, action, extra)}
}

func (w *world) outcomes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, e := range w.entries {
		text := fmt.Sprintf("%s %d %s", e.AppID, e.Attempt, e.Outcome)
		if e.Code != "" {
			text += " " + e.Code
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

func (w *world) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sent)
}

func deliverAll(t *testing.T, j *Job, messages ...Message) (returned []string) {
	t.Helper()
	return j.Deliver(t.Context(), messages)
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func equalList[T comparable](t *testing.T, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// deletedAt makes an app that was deleted at that time and whose secrets
// expire.
func deletedAt(at time.Time) func(*Registered) {
	return func(r *Registered) {
		r.App.Deleted, r.App.DeletedAt = true, at
		r.SecretsExpire = at.Add(time.Hour)
	}
}

func both(changes ...func(*Registered)) func(*Registered) {
	return func(r *Registered) {
		for _, change := range changes {
			change(r)
		}
	}
}

// uninstalled is the last webhook of an app, queued at the given time.
func uninstalled(app string, at time.Time) Message {
	m := webhookMessage(app, "installation", "deleted", "")
	m.SentAt, m.FromRetry = at, true
	return m
}
