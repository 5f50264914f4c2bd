package disabling_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// The explorer walks all interleavings of two workers, call by call, with at
// most two crashes. A worker that crashed, even after its last call, gets its
// message again. If two paths lead to the same state, of the tables and of what
// each worker has seen, only one is continued. A worker cannot be copied, so
// each branch is walked again from the beginning.

const maxCrashes = 2

// An actor is a worker with one message.
type actor struct {
	name  string
	ready func(*world) bool                 // whether its message is there yet; nil: from the beginning
	work  func(*world, store) error         // one delivery; a nil error acknowledges it
	once  func(*world)                      // instead of work: one step by somebody else, which cannot crash
	wait  time.Duration                     // time until the next delivery, which is then after the end of all others
	seen  []string                          // the answers to the calls of this delivery
	late  bool                              // the days that it last read have a success after the failures
	next  func() (call string, midway bool) // makes the pending call
	stop  func()
	err   error
	done  bool
}

// A walk is one world with its actors, somewhere on a path.
type walk struct {
	*world
	start    time.Time
	skipped  time.Duration
	at       *time.Time // the enabling's time; zero until its message is first handled
	actors   []*actor
	crashes  int
	repeated map[string]int // notices whose worker crashed between SES's answer and its mark
}

// A choice is an actor's next call, or its crash.
type choice struct {
	actor int
	crash bool
}

func (w *walk) choices() (choices []choice) {
	midway := slices.ContainsFunc(w.actors, func(a *actor) bool { return a.next != nil })
	for i, a := range w.actors {
		switch {
		case a.next != nil:
			choices = append(choices, choice{i, false})
		case !a.done && (a.ready == nil || a.ready(w.world)) && (a.wait == 0 || !midway):
			choices = append(choices, choice{i, false})
		}
		if w.crashes < maxCrashes && (a.next != nil || a.done && a.work != nil) {
			choices = append(choices, choice{i, true})
		}
	}
	return choices
}

func (w *walk) take(c choice) {
	a := w.actors[c.actor]
	switch {
	case c.crash:
		w.crashes++
		if last := len(a.seen) - 1; last >= 0 && strings.HasPrefix(a.seen[last], "Send ") {
			w.repeated[w.Queue[0].ID]++
		}
		w.end(a)
		a.done = false
		return
	case a.once != nil:
		w.tell()
		a.once(w.world)
		a.done = true
		return
	case a.next == nil:
		w.skipped += a.wait
		a.wait = 0
		w.tell()
		w.begin(a)
	}
	w.tell()
	if _, midway := a.next(); midway {
		return
	}
	w.end(a)
	delayed := (*notice.DelayedError)(nil)
	switch {
	case a.err == nil:
		a.done = true
	case errors.As(a.err, &delayed):
		a.wait = delayed.After
	}
}

// tell sets the clock. The clock moves with each disabling and enabling, so it
// is the same on all paths to a state.
func (w *walk) tell() {
	w.now = w.start.Add(time.Duration(len(w.Audit))*time.Second + w.skipped)
}

// begin runs a worker up to its first call.
func (w *walk) begin(a *actor) {
	a.next, a.stop = iter.Pull(func(yield func(string) bool) {
		dead := false
		a.err = a.work(w.world, store{
			tables: w.tables,
			step: func(call string) error {
				if call == "ReadOrganization" || ofSweep(call) {
					return nil // when it is made makes no difference: what it says is always the same, or read again
				}
				if dead = dead || !yield(call); dead {
					return errFault // nothing that a dead worker does has an effect
				}
				return nil
			},
			saw: func(call string, err error) {
				if w.tell(); ofSweep(call) {
					return
				}
				w.watch(a, call, err)
				a.seen = append(a.seen, fmt.Sprint(call, " ", w.answer(call), err, w.now.Sub(w.start)))
			},
		})
	})
	a.next()
}

func (w *walk) end(a *actor) {
	if a.stop != nil {
		a.stop()
	}
	a.next, a.stop, a.seen = nil, nil, nil
}

// answer is what a call has read.
func (w *walk) answer(call string) string {
	switch call {
	case "ReadApp":
		return w.appText()
	case "ReadDays":
		return w.bufferText()
	case "ReadLatch":
		return fmt.Sprint(w.Latch)
	}
	return ""
}

// appText has everything about an app that changes in a walk.
func (w *walk) appText() string {
	a := w.Apps[app]
	return fmt.Sprint(a.Version, a.WebhookURL, a.OrganizationID, a.DisabledAt.UnixMilli(), a.DisabledReason, a.PlatformToldAt.UnixMilli(), a.NotifiedAt.UnixMilli(), a.EnabledAt.UnixMilli(), a.SteeredAt.UnixMilli(), a.Generation,
		a.Deleted, a.Warned.At.UnixMilli(), a.Warned.Levels, a.Warned.PlatformToldAt.UnixMilli(), a.Warned.NotifiedAt.UnixMilli(), a.Warned.RecoveredAt.UnixMilli())
}

func (w *walk) bufferText() string { return fmt.Sprint(w.Buffer, w.Clues) }

// ofSweep reports a call that only tells a sweep where to look.
func ofSweep(call string) bool {
	return slices.Contains([]string{"ReadFailing", "ReadUntold", "ReadWarned", "ReadBookmark", "SetBookmark"}, call)
}

// key is the same for two walks that can only go on in the same way. Two actors
// with the same name are alike.
func (w *walk) key() string {
	actors := make([]string, len(w.actors))
	for i, a := range w.actors {
		actors[i] = fmt.Sprint(a.name, a.done, a.next != nil, int(a.wait), strings.Join(a.seen, ","))
	}
	slices.Sort(actors)
	queue := make([]string, 0, len(w.Queue)+len(w.Events))
	for _, n := range w.Queue {
		queue = append(queue, n.ID)
	}
	for _, e := range w.Events {
		queue = append(queue, e.ID)
	}
	return strings.Join(append(actors, queue...), "\n") + w.appText() + w.bufferText() +
		fmt.Sprint(w.Latch, w.OpenedAt, w.Standing, w.Brake, w.Warnings, w.Notices, w.Mails, slices.Sorted(maps.Keys(w.Audit)), w.skipped, w.at, w.crashes, w.repeated, w.wrong)
}

type explorer struct {
	t     *testing.T
	begin func() *walk
	check func(*walk)
	from  map[string][]string // the states that lead to each state
	walks int
	ends  []string
}

// exploreAll walks all interleavings and returns their number of states.
func exploreAll(t *testing.T, begin func() *walk, check func(*walk)) (states int) {
	t.Helper()
	e := &explorer{t: t, from: make(map[string][]string), begin: begin, check: check}
	e.explore(e.again(nil), "", nil)
	t.Logf("%d states, %d ends, %d walks", len(e.from), len(e.ends), e.walks)
	if stuck := e.stuck(); stuck > 0 {
		t.Errorf("from %d states no end can be reached", stuck)
	}
	return len(e.from)
}

func (e *explorer) explore(w *walk, from string, path []choice) {
	key := w.key()
	before, known := e.from[key]
	e.from[key] = append(before, from)
	if !known {
		e.branch(w, key, path)
		return
	}
	for _, a := range w.actors {
		w.end(a)
	}
}

// stuck counts the states from which no end can be reached.
func (e *explorer) stuck() int {
	reach := map[string]bool{"": true} // the origin of the first state
	for next := slices.Clone(e.ends); len(next) > 0; {
		key := next[0]
		next = next[1:]
		if !reach[key] {
			reach[key] = true
			next = append(next, e.from[key]...)
		}
	}
	return len(e.from) + 1 - len(reach)
}

func (e *explorer) branch(w *walk, key string, path []choice) {
	choices := w.choices()
	live := slices.ContainsFunc(choices, func(c choice) bool { return !c.crash })
	if !live {
		e.ends = append(e.ends, key)
		e.end(w, path)
		w = nil // the end used it up
	}
	for _, c := range choices {
		if w == nil {
			w = e.again(path)
		}
		w.take(c)
		e.explore(w, key, append(slices.Clone(path), c))
		w = nil
	}
}

func (e *explorer) again(path []choice) *walk {
	e.walks++
	w := e.begin()
	for _, c := range path {
		w.take(c)
	}
	return w
}

func (e *explorer) end(w *walk, path []choice) {
	e.check(w)
	if !e.t.Failed() {
		return
	}
	var steps []string
	for _, c := range path {
		step := fmt.Sprint(w.actors[c.actor].name, " ", c.actor)
		if c.crash {
			step += " crashes"
		}
		steps = append(steps, step)
	}
	e.t.Fatalf("path: %s", strings.Join(steps, ", "))
}

// The actors.

func disabler() *actor {
	return &actor{name: "disable", work: func(w *world, s store) error {
		if w.disablerOver(s).Handle(context.Background(), []disabling.Record{recordOf(firstKey)}) != "" {
			return errFault
		}
		return nil
	}}
}

// firstKey is of the app's first generation.
const firstKey = app + "#" + org + "#1"

// recordOf is today's record of a key, with an image that rules nothing out.
func recordOf(key string) disabling.Record {
	return disabling.Record{Sequence: key, Key: key, Day: tally.Day{Date: "2026-11-24", Counts: tally.Counts{Gone: 3, Error: 3}}}
}

// records is today's records of all generations, and of a key without a
// generation.
func (w *world) records() (records []disabling.Record) {
	for _, key := range slices.Sorted(maps.Keys(w.snapshot().Buffer)) {
		records = append(records, recordOf(key))
	}
	return append(records, recordOf(app+"#"+org))
}

// enabler handles the message of an enabling. Its time *at is set when it is
// first handled.
func enabler(at *time.Time) *actor {
	return &actor{name: "enable", work: func(w *world, s store) error {
		if at.IsZero() {
			*at = w.now
		}
		return w.registrarOver(s).Handle(context.Background(), enableBy(app, bob, *at), sent(*at))
	}}
}

// notifier mails the first notice that was queued.
func notifier() *actor {
	return &actor{name: "notify",
		ready: func(w *world) bool { return len(w.Queue) > 0 },
		work: func(w *world, s store) error {
			return w.notifierOver(s, w.Queue[0].ID).Handle(context.Background(), w.Queue[0], 1)
		}}
}

// deliverer counts outcomes once, after the app was enabled.
func deliverer(counts tally.Counts) *actor {
	return &actor{name: "deliver",
		ready: func(w *world) bool { return !w.Apps[app].EnabledAt.IsZero() },
		once:  func(w *world) { w.add(keyOf(w.Apps[app]), "2026-11-24", counts) }}
}

// attempter makes an attempt to an app that was not disabled when it was read,
// and counts it later, perhaps much later.
func attempter(counts tally.Counts) *actor {
	return &actor{name: "attempt", work: func(_ *world, s store) error {
		a, _, err := s.ReadApp(context.Background(), app)
		if err != nil || a.Disabled() {
			return err
		}
		return s.write("AddCounts", func() error {
			key := keyOf(a)
			if s.Buffer[key] == nil {
				s.Buffer[key] = make(map[tally.Date]tally.Counts)
			}
			s.Buffer[key]["2026-11-24"] = s.Buffer[key]["2026-11-24"].Plus(counts)
			return nil
		})
	}}
}

// putter handles the messages of an app that changes.
func putter(changes ...func(*platform.App)) *actor {
	return &actor{name: "put", work: func(w *world, s store) error {
		for i, change := range changes {
			a := platform.App{ID: app, Version: int64(2 + i), Status: platform.Internal, OrganizationID: org, WebhookURL: "https://bot.example/hook"}
			change(&a)
			put := platform.AppPut{App: a, Secrets: []platform.Secret{"s"}}
			if err := w.registrarOver(s).Handle(context.Background(), put, sent(w.now)); err != nil {
				return err
			}
		}
		return nil
	}}
}

func otherURL(a *platform.App)          { a.WebhookURL = "https://new.example/hook" }
func otherOrganization(a *platform.App) { a.OrganizationID = "43" }
func asBefore(*platform.App)            {}

// disabledAgain counts outcomes once, after the app was enabled, and disables
// the app for them.
func disabledAgain(t *testing.T, counts tally.Counts) *actor {
	a := deliverer(counts)
	count := a.once
	a.once = func(w *world) {
		count(w)
		w.deliver(t, recordOf(keyOf(w.Apps[app])))
	}
	return a
}

func TestPromisesAreKeptInEveryInterleavingOfTwoWorkersWithTwoCrashes(t *testing.T) {
	t.Parallel()
	states := 0
	none, success, gone := tally.Counts{}, tally.Counts{Success: 1}, tally.Counts{Error: 3, Gone: 3}
	broken := func(*testing.T, *world) {}
	disabled := func(t *testing.T, w *world) { // and nothing else
		w.arm(0, lost)
		w.disabler().Handle(t.Context(), []disabling.Record{recordOf(firstKey)})
		w.arm(-1, lost)
	}
	told := func(t *testing.T, w *world) { w.deliver(t, recordOf(firstKey)) }
	late := func(t *testing.T, w *world) {
		told(t, w)
		w.add(firstKey, "2026-11-23", tally.Counts{Error: 1})
	}
	for _, c := range []struct {
		name   string
		before func(*testing.T, *world)
		actors func(at *time.Time) []*actor
		after  tally.Counts // counted once the app is enabled
	}{
		{"disable and disable", broken, func(*time.Time) []*actor {
			return []*actor{disabler(), disabler()}
		}, none},
		{"disable and enable, then a success", broken, func(at *time.Time) []*actor {
			return []*actor{disabler(), enabler(at), deliverer(success)}
		}, success},
		{"disable and enable, then broken again", broken, func(at *time.Time) []*actor {
			return []*actor{disabler(), enabler(at), deliverer(gone)}
		}, gone},
		{"enable and enable, then a success", late, func(at *time.Time) []*actor {
			return []*actor{enabler(at), enabler(at), deliverer(success)}
		}, success},
		{"enable and enable, then disabled again", late, func(at *time.Time) []*actor {
			return []*actor{enabler(at), enabler(at), disabledAgain(t, gone)}
		}, gone},
		{"a disabling taken up and enable", disabled, func(at *time.Time) []*actor {
			return []*actor{disabler(), enabler(at), deliverer(success)}
		}, success},
		{"disable and notify", broken, func(*time.Time) []*actor {
			return []*actor{disabler(), notifier()}
		}, none},
		{"enable and notify", late, func(at *time.Time) []*actor {
			return []*actor{enabler(at), notifier()}
		}, none},
		{"notify and notify", told, func(*time.Time) []*actor {
			return []*actor{notifier(), notifier()}
		}, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			var at time.Time
			begin := func() *walk {
				w := newWorld()
				w.config.Rule.WindowDays = 1
				w.quiet = true
				w.put(app, org)
				w.own(org, ada)
				w.add(firstKey, "2026-11-24", gone)
				c.before(t, w)
				at = time.Time{}
				return &walk{world: w, start: w.now, at: &at, actors: c.actors(&at), repeated: make(map[string]int)}
			}
			states += exploreAll(t, begin, func(w *walk) { w.checkPromises(t, at, c.after) })
		})
	}
	t.Logf("%d states", states)
}

func stillTrue(n platform.Notice, a platform.App) bool {
	if n.Kind == platform.AppDisabled {
		return n.DisabledAt == platform.FormatTime(a.DisabledAt)
	}
	return !a.Disabled() && n.EnabledAt == platform.FormatTime(a.EnabledAt)
}

// checkPromises lets everything that is still due happen, and then checks the
// promises.
func (w *walk) checkPromises(t *testing.T, at time.Time, after tally.Counts) {
	t.Helper()
	enabled := slices.Contains(w.audited(app), eventEnable)
	w.skipped += time.Hour
	w.tell()
	for range 2 { // all messages are delivered twice more
		w.deliver(t, w.records()...)
		if !at.IsZero() {
			w.register(t, enableBy(app, bob, at), at)
		}
		w.sweep(t)
	}
	w.mailAll(t)

	s := w.snapshot()
	a := s.Apps[app]
	w.checkGenerations(t)
	kinds := make(map[platform.NoticeKind]int) // number of notices; each is mailed if it is still true
	current := 0                               // of these, the notices of the present disabling
	for id, n := range noticesByID(s.Queue) {
		kinds[n.Kind]++
		if n.DisabledAt == platform.FormatTime(a.DisabledAt) {
			current++
		}
		least := 0
		if stillTrue(n, a) {
			least = 1
		}
		if mails := s.Mails[id]; mails < least || mails > 1+w.repeated[id] {
			t.Errorf("%s was mailed %d times, with %d crashes between SES's answer and the mark", n.Kind, mails, w.repeated[id])
		}
	}
	audited := w.audited(app)
	w.checkTold(t, audited)
	if a.Disabled() != s.Standing[app] {
		t.Errorf("disabled at %s, in the index of those that are: %t", a.DisabledAt, s.Standing[app])
	}
	switch {
	case enabled && !after.Failed():
		if a.Disabled() || !a.EnabledAt.Equal(at) || !a.NotifiedAt.IsZero() || !slices.Equal(audited, []string{eventDisable, eventEnable}) {
			t.Errorf("disabled at %s, enabled at %s, audit %v; want it enabled", a.DisabledAt, a.EnabledAt, audited)
		}
		if kinds[platform.AppEnabled] != 1 || kinds[platform.AppDisabled] > 1 {
			t.Errorf("notices: %v", kinds)
		}
	case enabled: // and broken again
		if !a.Disabled() || a.NotifiedAt.IsZero() ||
			!slices.Equal(audited, []string{eventDisable, eventEnable, eventDisable}) {
			t.Errorf("disabled at %s, notified at %s, audit %v; want it disabled again", a.DisabledAt, a.NotifiedAt, audited)
		}
		if current != 1 || kinds[platform.AppDisabled] > 2 || kinds[platform.AppEnabled] > 1 {
			t.Errorf("notices: %v, of the second disabling %d", kinds, current)
		}
	default:
		if !a.Disabled() || a.NotifiedAt.IsZero() || !slices.Equal(audited, []string{eventDisable}) {
			t.Errorf("disabled at %s, notified at %s, audit %v; want it disabled once", a.DisabledAt, a.NotifiedAt, audited)
		}
		if current != 1 || len(kinds) != 1 {
			t.Errorf("notices: %v, of the disabling %d", kinds, current)
		}
	}
}

// checkTold checks that the platform is told of each change that lasted until a job
// found it, under one id, and of nothing else.
func (w *walk) checkTold(t *testing.T, audited []string) {
	t.Helper()
	a := w.Apps[app]
	events := make(map[string]platform.Event)
	for _, e := range w.Events {
		events[e.ID] = e
	}
	most, got, current := make(map[string]int), make(map[string]int), 0
	for _, event := range audited {
		switch event {
		case eventDisable:
			most["app.disabled"]++
		case eventEnable:
			most["app.enabled"]++
		}
	}
	for _, e := range events {
		got[e.Type]++
		if a.Disabled() && e.At == platform.FormatTime(a.DisabledAt) || !a.Disabled() && e.At == platform.FormatTime(a.EnabledAt) {
			current++
		}
	}
	if current != 1 || got["app.disabled"] > most["app.disabled"] || got["app.enabled"] > most["app.enabled"] {
		t.Errorf("the platform is told %v of %v, of what lasts %d times", got, audited, current)
	}
	if a.Disabled() == a.PlatformToldAt.IsZero() {
		t.Errorf("disabled at %s, the platform told at %s", a.DisabledAt, a.PlatformToldAt)
	}
}

func noticesByID(queue []platform.Notice) map[string]platform.Notice {
	notices := make(map[string]platform.Notice)
	for _, n := range queue {
		notices[n.ID] = n
	}
	return notices
}
