package notice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
)

const functionTimeout = 30 * time.Second

// fault is what fails at one write.
type fault int

const (
	noFault     fault = iota
	refusedCall       // an error, and nothing was done
	lost              // done, and then an error
	diedBefore        // the worker dies, and nothing was done
	diedAfter         // done, and then the worker dies
)

var (
	errFault = errors.New("fault")
	errDeath = errors.New("death")
)

// world is the tables, the mail service and the clock. Each call has a number;
// one of them may have a fault.
type world struct {
	mu      sync.Mutex
	apps    map[string]platform.App
	now     time.Time
	notices map[string]entry
	mails   []Mail
	answer  error // the mail service's answer
	counted map[string]int
	writes  []string
	at      int
	fault   fault
}

type entry struct {
	State, MessageID  string
	ClaimedAt, SentAt time.Time
}

// composer is made once, since parsing takes longer than everything else.
var composer = sync.OnceValue(func() *Composer { return NewComposer(config()) })

func newWorld() *world {
	apps := map[string]platform.App{"17": {DisabledAt: at(disabled().DisabledAt)}}
	return &world{apps: apps, now: time.Date(2026, 11, 24, 10, 0, 1, 0, time.UTC), at: -1,
		notices: make(map[string]entry), counted: make(map[string]int)}
}

func at(text string) time.Time {
	t, err := platform.ParseTime(text)
	if err != nil {
		panic(err)
	}
	return t
}

func (w *world) job() *Job {
	return New(Config{FunctionTimeout: functionTimeout},
		Deps{Composer: composer(), Claims: w, Apps: w, Mailer: w, Metrics: w,
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Random: func() float64 { return 0.5 },
			Now: func() time.Time { return w.now }})
}

func (w *world) write(name string, do func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes = append(w.writes, name)
	f := noFault
	if len(w.writes)-1 == w.at {
		f = w.fault
	}
	switch f {
	case refusedCall:
		return errFault
	case diedBefore:
		panic(errDeath)
	}
	err := do()
	switch {
	case f == lost && err == nil:
		return errFault
	case f == diedAfter:
		panic(errDeath)
	}
	return err
}

func (w *world) Claim(_ context.Context, id string, now time.Time, lease time.Duration) error {
	return w.write("claim", func() error {
		e := w.notices[id]
		switch {
		case e.State == "sent", e.State == "refused":
			return ErrSettled
		case e.State == "claimed" && e.ClaimedAt.After(now.Add(-lease)):
			return &HeldError{e.ClaimedAt}
		}
		w.notices[id] = entry{State: "claimed", ClaimedAt: now}
		return nil
	})
}

func (w *world) MarkSent(_ context.Context, id, messageID string, now time.Time) error {
	return w.write("mark", func() error {
		if e := w.notices[id]; e.State != "sent" {
			e.State, e.MessageID, e.SentAt = "sent", messageID, now
			w.notices[id] = e
		}
		return nil
	})
}

func (w *world) ReadApp(_ context.Context, id string) (app platform.App, known bool, err error) {
	err = w.write("look", func() error {
		app, known = w.apps[id]
		return nil
	})
	return app, known, err
}

func (w *world) MarkUnsent(_ context.Context, id string, why Unsent, claimedAt, _ time.Time) error {
	return w.write(string(why), func() error {
		e := w.notices[id]
		switch {
		case e.State != "claimed":
			return nil
		case !e.ClaimedAt.Equal(claimedAt):
			return &HeldError{e.ClaimedAt}
		}
		e.State = string(why)
		w.notices[id] = e
		return nil
	})
}

func (w *world) Send(_ context.Context, m Mail) (string, error) {
	err := w.write("send", func() error {
		if w.answer == nil {
			w.mails = append(w.mails, m)
		}
		return w.answer
	})
	if err != nil {
		return "", err
	}
	return "message-1", nil
}

func (w *world) Count(name, dimension, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counted[name+" "+dimension+"="+value]++
}

// deliver hands the notice to a worker, which may die.
func (w *world) deliver(n platform.Notice) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = p.(error)
		}
	}()
	return w.job().NewBatch().Handle(context.Background(), n, 1)
}

// deliverUntilDone delivers again, as the queue does: when the answer says,
// or after a visibility time-out.
func (w *world) deliverUntilDone(t *testing.T, n platform.Notice) {
	t.Helper()
	for range 10 {
		err := w.deliver(n)
		if err == nil {
			return
		}
		wait := 6 * functionTimeout
		if delayed := (*DelayedError)(nil); errors.As(err, &delayed) {
			wait = delayed.After
		}
		w.now = w.now.Add(wait)
	}
	t.Fatalf("not through after 10 deliveries: %q", w.writes)
}

func delayed(t *testing.T, err error) *DelayedError {
	t.Helper()
	var l *DelayedError
	if !errors.As(err, &l) {
		t.Fatalf("not a *DelayedError: %v", err)
	}
	return l
}

func TestNoticeIsClaimedSentAndMarked(t *testing.T) {
	w, n := newWorld(), disabled()
	if err := w.deliver(n); err != nil {
		t.Fatal(err)
	}
	want := map[string]entry{n.ID: {State: "sent", MessageID: "message-1", ClaimedAt: w.now, SentAt: w.now}}
	if diff := cmp.Diff(want, w.notices); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"claim", "look", "send", "mark"}, w.writes); diff != "" {
		t.Error(diff)
	}
	if len(w.mails) != 1 || w.mails[0].To != n.To || w.mails[0].Kind != n.Kind || w.mails[0].Status != platform.Internal {
		t.Errorf("mails %+v", w.mails)
	}
	if diff := cmp.Diff(map[string]int{"notice.sent kind=app.disabled": 1}, w.counted); diff != "" {
		t.Error(diff)
	}
}

func TestNoticeThatIsSettledIsAcknowledgedWithoutAMail(t *testing.T) {
	for _, state := range []string{"sent", "refused"} {
		w, n := newWorld(), disabled()
		before := entry{State: state, ClaimedAt: w.now.Add(-time.Hour)}
		w.notices[n.ID] = before
		if err := w.deliver(n); err != nil || len(w.mails) > 0 || w.notices[n.ID] != before {
			t.Errorf("%s: %v, %d mails, %+v", state, err, len(w.mails), w.notices[n.ID])
		}
	}
}

func TestClaimIsWaitedForAndAnOldOneTakenOver(t *testing.T) {
	const lease, skew = 2 * functionTimeout, 1125 * time.Millisecond
	for _, row := range []struct{ age, wait time.Duration }{
		{0, lease + skew},
		{lease - time.Millisecond, time.Millisecond + skew},
		{-time.Second, lease + time.Second + skew}, // the other clock is ahead
		{lease, 0},
		{time.Hour, 0},
		{-waitOurs, lease + waitOurs + skew},
		{-waitOurs - time.Millisecond, lease + waitOurs + skew}, // one clock is wrong: look again, for days if necessary
		{-100 * time.Hour, lease + waitOurs + skew},
	} {
		w, n := newWorld(), disabled()
		w.notices[n.ID] = entry{State: "claimed", ClaimedAt: w.now.Add(-row.age)}
		err := w.deliver(n)
		if row.wait == 0 {
			if err != nil || len(w.mails) != 1 {
				t.Errorf("age %s: %v, %d mails", row.age, err, len(w.mails))
			}
			continue
		}
		if l := delayed(t, err); l.After != row.wait || l.Reason != DelayClaimed || len(w.mails) > 0 {
			t.Errorf("age %s: %v, %d mails", row.age, l, len(w.mails))
		}
		if diff := cmp.Diff(map[string]int{"notice.deferred reason=claimed": 1}, w.counted); diff != "" {
			t.Errorf("age %s: counted (-want +got):\n%s", row.age, diff)
		}
	}
}

func TestWaitIsThatOfTheClassOfTheMailersError(t *testing.T) {
	for _, row := range []struct {
		answer error
		random float64
		reason string
		after  time.Duration
	}{
		{ErrOurs, 0.5, DelayOurs, 15 * time.Minute},
		{ErrThrottled, 0, DelayThrottled, time.Minute},
		{ErrThrottled, 0.5, DelayThrottled, 5*time.Minute + 30*time.Second},
		{ErrThrottled, 1, DelayThrottled, 10 * time.Minute},
		{io.ErrUnexpectedEOF, 0, DelayUnknown, time.Minute},
		{io.ErrUnexpectedEOF, 1, DelayUnknown, 75 * time.Second},
	} {
		w, n := newWorld(), disabled()
		w.answer = fmt.Errorf("wrapped: %w", row.answer)
		job := w.job()
		job.Random = func() float64 { return row.random }
		err := job.NewBatch().Handle(context.Background(), n, 1)
		if l := delayed(t, err); l.After != row.after || l.Reason != row.reason || !errors.Is(err, row.answer) {
			t.Errorf("%v: %v", row.answer, l)
		}
		if w.notices[n.ID].State != "claimed" {
			t.Errorf("%v: %+v", row.answer, w.notices[n.ID])
		}
		if diff := cmp.Diff(map[string]int{"notice.deferred reason=" + row.reason: 1}, w.counted); diff != "" {
			t.Errorf("%v: counted (-want +got):\n%s", row.answer, diff)
		}
		w.answer = nil
		w.now = w.now.Add(row.after)
		if err := w.deliver(n); err != nil || len(w.mails) != 1 {
			t.Errorf("%v: after the wait: %v, %d mails", row.answer, err, len(w.mails))
		}
	}
}

func TestWaitGrowsWithTheReceivesToAnHour(t *testing.T) {
	held := &HeldError{newWorld().now.Add(-2 * functionTimeout)}
	for _, row := range []struct {
		err      error
		receives int
		random   float64
		after    time.Duration
	}{
		{errFault, 0, 0, time.Minute},
		{errFault, 1, 1, 75 * time.Second},
		{errFault, 2, 0, 2 * time.Minute},
		{errFault, 6, 1, 40 * time.Minute},
		{errFault, 7, 0, 48 * time.Minute},
		{errFault, 299, 1, time.Hour},
		{errNoTime, 1, 0, time.Minute},
		{errNoTime, 4, 1, 10 * time.Minute},
		{held, 1, 0, time.Second},
		{held, 4, 0, 8 * time.Second},
		{held, 299, 1, time.Hour},
		{ErrOurs, 299, 1, 15 * time.Minute},
		{ErrThrottled, patience - 1, 1, 10 * time.Minute},
		{ErrThrottled, patience, 0, 48 * time.Minute},
	} {
		job := newWorld().job()
		job.FunctionTimeout, job.Random = clockSkew/2, func() float64 { return row.random }
		if l := job.delayed(row.err, row.receives); l.After != row.after {
			t.Errorf("%v, received %d times: again in %s, want %s", row.err, row.receives, l.After, row.after)
		}
	}
}

func TestBatchThatIsPutOffHasNotTheFirstOnesError(t *testing.T) {
	w, n := newWorld(), disabled()
	w.answer = errFault
	batch := w.job().NewBatch()
	first := batch.Handle(context.Background(), n, 1)
	if l := delayed(t, first); l.Reason != DelayUnknown || !errors.Is(first, errFault) {
		t.Errorf("%v", l)
	}
	n.ID, w.answer = "another", nil
	rest := batch.Handle(context.Background(), n, 3)
	if l := delayed(t, rest); l.Reason != DelayUnknown || l.After != 4*time.Minute+30*time.Second || errors.Is(rest, errFault) || len(w.mails) > 0 {
		t.Errorf("%v, %d mails", l, len(w.mails))
	}
}

func TestNoticeThatAWSRefusesForGoodHoldsUpNoOther(t *testing.T) {
	w, n := newWorld(), disabled()
	w.answer = fmt.Errorf("wrapped: %w", platform.ErrRefused)
	batch := w.job().NewBatch()
	if err := batch.Handle(context.Background(), n, 1); !errors.Is(err, platform.ErrRefused) {
		t.Errorf("%v", err)
	}
	n.ID, w.answer = "another", nil
	if err := batch.Handle(context.Background(), n, 1); err != nil || len(w.mails) != 1 {
		t.Errorf("%v, %d mails", err, len(w.mails))
	}
}

func TestWaitDoesNotEndBeforeTheClaim(t *testing.T) {
	for _, answer := range []error{ErrOurs, ErrThrottled, io.ErrUnexpectedEOF} {
		w := newWorld()
		w.answer = answer
		job := w.job()
		job.FunctionTimeout = 15 * time.Minute
		if l := delayed(t, job.NewBatch().Handle(context.Background(), disabled(), 1)); l.After < 30*time.Minute {
			t.Errorf("%v: again in %s, with a lease of 30 min", answer, l.After)
		}
	}
}

func TestRefusedRecipientIsMarkedCountedAndDone(t *testing.T) {
	w, n := newWorld(), enabled()
	w.apps["17"] = platform.App{EnabledAt: at(n.EnabledAt)}
	w.answer = fmt.Errorf("wrapped: %w", ErrRefused)
	if err := w.deliver(n); err != nil {
		t.Fatal(err)
	}
	if w.notices[n.ID].State != "refused" {
		t.Errorf("%+v", w.notices[n.ID])
	}
	if diff := cmp.Diff(map[string]int{"notice.refused kind=app.enabled": 1}, w.counted); diff != "" {
		t.Error(diff)
	}
}

func TestRefusalThatCannotBeMarkedIsTriedAgain(t *testing.T) {
	w, n := newWorld(), disabled()
	w.answer, w.at, w.fault = ErrRefused, 3, refusedCall
	if l := delayed(t, w.deliver(n)); l.Reason != DelayUnknown {
		t.Errorf("%v", l)
	}
	w.deliverUntilDone(t, n)
	if w.notices[n.ID].State != "refused" {
		t.Errorf("%+v", w.notices[n.ID])
	}
}

func TestMarkIsTriedInPlaceAndThenTheMailMayRepeat(t *testing.T) {
	w, n := newWorld(), disabled()
	job := w.job()
	job.Claims = unmarkable{w}
	err := job.NewBatch().Handle(context.Background(), n, 1)
	if l := delayed(t, err); l.Reason != DelayUnknown || !errors.Is(err, errFault) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(append([]string{"claim", "look", "send"}, slices.Repeat([]string{"mark"}, markTries)...), w.writes); diff != "" {
		t.Error(diff)
	}
	w.now = w.now.Add(2 * functionTimeout)
	if w.deliverUntilDone(t, n); len(w.mails) != 2 {
		t.Errorf("%d mails", len(w.mails))
	}
}

// unmarkable is a table that only takes claims.
type unmarkable struct{ *world }

func (u unmarkable) MarkSent(context.Context, string, string, time.Time) error {
	return u.write("mark", func() error { return errFault })
}

func TestMailIsNotBegunThatTheTimeLeftCannotSeeThrough(t *testing.T) {
	w, n := newWorld(), disabled()
	ctx, cancel := context.WithDeadline(context.Background(), w.now.Add(functionTimeout/2-time.Millisecond))
	defer cancel()
	if l := delayed(t, w.job().NewBatch().Handle(ctx, n, 1)); l.Reason != DelayNoTime || len(w.writes) > 0 || w.counted["notice.deferred reason=no_time"] != 1 {
		t.Errorf("%v, %q, %v", l, w.writes, w.counted)
	}
}

func TestMarkKeepsItsTimeIfTheMailServiceIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, n := newWorld(), disabled()
		job := w.job()
		job.Now, job.Mailer = time.Now, silent{}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), functionTimeout)
		defer cancel()
		err := job.NewBatch().Handle(ctx, n, 1)
		if l := delayed(t, err); l.Reason != DelayUnknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if took := time.Since(begun); took != functionTimeout/3 {
			t.Errorf("gave up after %s", took)
		}
	})
}

type silent struct{}

func (silent) Send(ctx context.Context, _ Mail) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// Whatever fails at one write, delivering the notice again ends with exactly
// one mail, or with two if the first could not be known.
func TestNoticeSurvivesAFaultAtAnyWriteAndIsMailedOnceAsFarAsIsKnown(t *testing.T) {
	const known = 4 // calls that the job makes
	for _, f := range []fault{refusedCall, lost, diedBefore, diedAfter} {
		covered := 0
		for k := 0; ; k++ {
			w, n := newWorld(), disabled()
			w.at, w.fault = k, f
			w.deliverUntilDone(t, n)
			if len(w.writes) <= k {
				break
			}
			covered++
			name := fmt.Sprintf("fault %d at write %d (%s)", f, k, w.writes[k])
			most := 1
			if w.writes[k] == "send" && (f == lost || f == diedAfter) || w.writes[k] == "mark" && f == diedBefore {
				most = 2
			}
			if len(w.mails) < 1 || len(w.mails) > most {
				t.Errorf("%s: %d mails", name, len(w.mails))
			}
			if e := w.notices[n.ID]; e.State != "sent" || e.MessageID != "message-1" || len(w.notices) != 1 {
				t.Errorf("%s: %+v", name, w.notices)
			}
			before := len(w.mails)
			if err := w.deliver(n); err != nil || len(w.mails) != before {
				t.Errorf("%s: delivered once more: %v, %d mails", name, err, len(w.mails))
			}
		}
		if covered < known {
			t.Errorf("fault %d: only %d writes covered", f, covered)
		}
	}
}

func TestNoticeOfManyWorkersIsOneMail(t *testing.T) {
	for seed := range uint64(100) {
		w, n := newWorld(), disabled()
		random := rand.New(rand.NewPCG(seed, 0))
		var workers sync.WaitGroup
		for range 10 {
			now := w.now.Add(time.Duration(random.Int64N(int64(functionTimeout)))) // clocks differ
			workers.Go(func() {
				job := w.job()
				job.Now = func() time.Time { return now }
				err := job.NewBatch().Handle(t.Context(), n, 1)
				if l := (*DelayedError)(nil); err != nil && (!errors.As(err, &l) || l.Reason != DelayClaimed) {
					t.Errorf("seed %d: %v", seed, err)
				}
			})
		}
		workers.Wait()
		if len(w.mails) != 1 {
			t.Fatalf("seed %d: %d mails", seed, len(w.mails))
		}
	}
}

func TestOutdatedNoticeIsSettledWithoutAMail(t *testing.T) {
	d, e := disabled(), enabled()
	disabledAt, enabledAt := at(d.DisabledAt), at(e.EnabledAt)
	for name, row := range map[string]struct {
		notice platform.Notice
		app    platform.App
		sent   bool
	}{
		"disabled, and still is":          {d, platform.App{DisabledAt: disabledAt, EnabledAt: disabledAt.Add(-time.Hour)}, true},
		"disabled, enabled since":         {d, platform.App{EnabledAt: disabledAt.Add(time.Hour)}, false},
		"disabled, and again":             {d, platform.App{DisabledAt: disabledAt.Add(time.Millisecond), EnabledAt: disabledAt}, false},
		"disabled, deleted since":         {d, platform.App{DisabledAt: disabledAt, Deleted: true}, false},
		"enabled, and still is":           {e, platform.App{EnabledAt: enabledAt}, true},
		"enabled, disabled since":         {e, platform.App{EnabledAt: enabledAt, DisabledAt: enabledAt.Add(time.Hour)}, false},
		"enabled, disabled, and again":    {e, platform.App{EnabledAt: enabledAt.Add(time.Hour)}, false},
		"enabled, deleted since":          {e, platform.App{EnabledAt: enabledAt, Deleted: true}, false},
		"disabled, in a table before it":  {d, platform.App{}, false},
		"enabled, in a table restored":    {e, platform.App{DisabledAt: enabledAt.Add(-time.Hour)}, false},
		"disabled, written with no milli": {disabled(func(n *platform.Notice) { n.DisabledAt = "2026-11-24T10:00:00Z" }), platform.App{DisabledAt: disabledAt}, true},
	} {
		w := newWorld()
		w.apps["17"] = row.app
		if err := w.deliver(row.notice); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		state, metric := "outdated", "notice.outdated"
		if row.sent {
			state, metric = "sent", "notice.sent"
		}
		if got := w.notices[row.notice.ID].State; got != state || (len(w.mails) == 1) != row.sent {
			t.Errorf("%s: %s, %d mails", name, got, len(w.mails))
		}
		if diff := cmp.Diff(map[string]int{metric + " kind=" + string(row.notice.Kind): 1}, w.counted); diff != "" {
			t.Errorf("%s: counted (-want +got):\n%s", name, diff)
		}
	}
}

func TestNoticeOfAnAppThatCannotBeReadWaitsAndHoldsUpNoOther(t *testing.T) {
	for name, lose := range map[string]func(*world){
		"no answer": func(w *world) { w.at, w.fault = 1, refusedCall },
		"not there": func(w *world) { delete(w.apps, "17") },
	} {
		w, n := newWorld(), disabled()
		lose(w)
		batch := w.job().NewBatch()
		if l := delayed(t, batch.Handle(context.Background(), n, 4)); l.Reason != DelayUnreadable || l.After != 9*time.Minute || len(w.mails) > 0 {
			t.Errorf("%s: %v, %d mails", name, l, len(w.mails))
		}
		w.apps["17"] = platform.App{DisabledAt: at(n.DisabledAt)}
		other := n
		other.ID = "another"
		if err := batch.Handle(context.Background(), other, 1); err != nil || len(w.mails) != 1 {
			t.Errorf("%s: the next of the batch: %v, %d mails", name, err, len(w.mails))
		}
		w.now = w.now.Add(9 * time.Minute)
		if err := w.deliver(n); err != nil || len(w.mails) != 2 {
			t.Errorf("%s: later: %v, %d mails", name, err, len(w.mails))
		}
	}
}

// A deleted app may come back with its disabling. Then the sweep queues the
// notices that were never sent.
func TestOutdatedNoticeThatComesAgainIsLookedAtAgain(t *testing.T) {
	w, n := newWorld(), disabled()
	still := w.apps["17"]
	gone := still
	gone.Deleted = true
	w.apps["17"] = gone
	for range 2 {
		if err := w.deliver(n); err != nil || len(w.mails) > 0 {
			t.Fatalf("%v, %d mails", err, len(w.mails))
		}
	}
	w.apps["17"] = still
	if err := w.deliver(n); err != nil || len(w.mails) != 1 {
		t.Errorf("%v, %d mails", err, len(w.mails))
	}
}

func TestOutdatedNoticeIsNotMailedAfterAFaultAtAnyStep(t *testing.T) {
	for _, f := range []fault{refusedCall, lost, diedBefore, diedAfter} {
		for k := range 3 { // claim, look, outdated
			w, n := newWorld(), disabled()
			w.apps["17"] = platform.App{EnabledAt: w.now}
			w.at, w.fault = k, f
			w.deliverUntilDone(t, n)
			if len(w.writes) <= k || len(w.mails) > 0 || w.notices[n.ID].State != "outdated" {
				t.Errorf("fault %d at %q: %d mails, %+v", f, w.writes, len(w.mails), w.notices[n.ID])
			}
		}
	}
}

func TestMailKeepsItsTimeIfTheLookIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, n := newWorld(), disabled()
		job := w.job()
		job.Now, job.Apps, job.Claims = time.Now, unread{}, slowClaims{w}
		ctx, cancel := context.WithTimeout(t.Context(), job.timeNeeded())
		defer cancel()
		if l := delayed(t, job.NewBatch().Handle(ctx, n, 1)); l.Reason != DelayUnreadable || ctx.Err() != nil {
			t.Errorf("%v", l)
		}
		job.Apps = w
		ctx, cancel = context.WithTimeout(t.Context(), job.timeNeeded())
		defer cancel()
		other := n
		other.ID = "another"
		if l := delayed(t, job.NewBatch().Handle(ctx, other, 1)); l.Reason != DelayNoTime || len(w.mails) > 0 || l.After < job.lease() {
			t.Errorf("%v, %d mails", l, len(w.mails))
		}
	})
}

// unread is a table that does not answer.
type unread struct{}

func (unread) ReadApp(ctx context.Context, _ string) (platform.App, bool, error) {
	<-ctx.Done()
	return platform.App{}, false, ctx.Err()
}

// slowClaims use up the time that a mail has.
type slowClaims struct{ *world }

func (s slowClaims) Claim(ctx context.Context, id string, now time.Time, lease time.Duration) error {
	time.Sleep(3500 * time.Millisecond)
	return s.world.Claim(ctx, id, now, lease)
}
