package disabling_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

const seeds = 100

// A crowd is ten goroutines over one world. Before each of its calls, each may
// let others run, at random. An app.enable may come before any call.
type crowd struct {
	*world
	seed  uint64
	calls atomic.Int64 // of all workers
	// The app is enabled at the first call, from the strikeAt-th on, that
	// finds it disabled.
	strikeAt int64
	strike   func()
	struck   sync.Once
}

func newCrowd(seed int) *crowd {
	w := newWorld()
	w.tick = time.Millisecond
	return &crowd{world: w, seed: uint64(seed)}
}

func (c *crowd) worker(n int) store {
	dice := rand.New(rand.NewPCG(c.seed, uint64(n)))
	return store{tables: c.tables, step: func(string) error {
		for range dice.IntN(4) {
			runtime.Gosched()
		}
		call := c.calls.Add(1)
		if c.strike == nil || call < c.strikeAt {
			return nil
		}
		c.mu.Lock()
		disabled := c.Apps[app].Disabled()
		c.mu.Unlock()
		if disabled {
			c.struck.Do(c.strike)
		}
		return nil
	}}
}

// deliverAll is the stream with ten batches at once. Each is delivered again
// from the first record that failed.
func (c *crowd) deliverAll(t *testing.T, batches [10][]disabling.Record) {
	t.Helper()
	var all sync.WaitGroup
	for n, records := range batches {
		for i := range records {
			records[i].Sequence = fmt.Sprint(i)
		}
		all.Go(func() {
			job := c.disablerOver(c.worker(n))
			for range 50 {
				failed := job.Handle(t.Context(), records)
				if failed == "" {
					return
				}
				records = records[slices.IndexFunc(records, func(r disabling.Record) bool { return r.Sequence == failed }):]
			}
			t.Errorf("batch %d is not through:\n%s", n, &c.log)
		})
	}
	all.Wait()
}

// mailAtOnce is NotificationQueue, which delivers everything at once. Messages
// that were queued several times are delivered at least twice.
func (c *crowd) mailAtOnce(t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	copies := make(map[string]int)
	for n, notice := range c.snapshot().Queue {
		if copies[notice.ID]++; copies[notice.ID] > 2 {
			continue // composing a mail takes longer than everything else
		}
		all.Go(func() {
			_ = c.notifierOver(c.worker(20+n), notice.ID).Handle(t.Context(), notice, 1)
		})
	}
	all.Wait()
	c.mailAll(t) // messages that met a claim are delivered again
}

// shuffled gives each batch all the records, in an order of its own.
func (c *crowd) shuffled(records []disabling.Record) (batches [10][]disabling.Record) {
	for n := range batches {
		batches[n] = slices.Clone(records)
		dice := rand.New(rand.NewPCG(c.seed, uint64(100+n)))
		dice.Shuffle(len(records), func(i, k int) {
			batches[n][i], batches[n][k] = batches[n][k], batches[n][i]
		})
	}
	return batches
}

func eachSeed(t *testing.T, test func(t *testing.T, c *crowd)) {
	t.Helper()
	for seed := range seeds {
		c := newCrowd(seed)
		test(t, c)
		if t.Failed() {
			t.Fatalf("seed %d\n%s", seed, &c.log)
		}
	}
}

func TestBatchesAtOnceDisableEachBrokenAppOnceAndNobodyElse(t *testing.T) {
	t.Parallel()
	eachSeed(t, func(t *testing.T, c *crowd) {
		for id, organization := range map[string]string{
			app: org, "old": org, "healthy": org, "deleted": org, "published": org, "unknown": "not known yet", "lonely": "ownerless"} {
			c.put(id, organization)
		}
		c.own(org, ada, bob, platform.Owner{Email: "ADA@acme.example"}) // ada once more
		c.own("ownerless")
		c.change("deleted", func(a *platform.App) { a.Deleted = true })
		c.change("published", func(a *platform.App) { a.Status = platform.Published })
		var records []disabling.Record
		for _, id := range []string{app, "deleted", "published", "unknown", "lonely"} {
			records = append(records, c.fail(id), c.count(id, c.today(), tally.Counts{Timeout: 1}))
		}
		records = append(records, c.failUntil("old", c.today().Plus(-4)), c.fail("healthy"))
		records = append(records, records...) // each twice
		c.count("healthy", c.today(), tally.Counts{Success: 1})

		c.deliverAll(t, c.shuffled(records))
		c.mailAtOnce(t)
		c.assertDisabledOnce(t, app, ada, bob)
		c.assertDisabledOnce(t, "old", ada, bob)
		s := c.snapshot()
		for _, id := range []string{"healthy", "deleted", "published"} {
			if s.Apps[id].Disabled() || len(c.audited(id)) > 0 || len(s.Buffer[c.key(id)]) != 7 {
				t.Errorf("%s: disabled %t, audit %v, Buffer %v", id, s.Apps[id].Disabled(), c.audited(id), s.Buffer[c.key(id)])
			}
		}
		for _, id := range []string{"unknown", "lonely"} {
			if a := s.Apps[id]; !a.Disabled() || !a.NotifiedAt.IsZero() || len(c.audited(id)) != 1 || len(s.Buffer[c.key(id)]) != 7 {
				t.Errorf("%s: disabled %t, notified at %s, audit %v, Buffer %v", id, a.Disabled(), a.NotifiedAt, c.audited(id), s.Buffer[c.key(id)])
			}
		}
		c.own("not known yet", ada)
		c.own("ownerless", bob)
		c.sweep(t)
		c.mailAtOnce(t)
		c.assertDisabledOnce(t, "unknown", ada)
		c.assertDisabledOnce(t, "lonely", bob)
		if brake := slices.Collect(maps.Values(c.Brake)); !slices.Equal(brake, []int{4}) {
			t.Errorf("the brake counted %v, want 4 in one hour", brake)
		}
	})
}

func TestBatchesAtOnceLeaveAnAppEnabledThatIsEnabledAmongThem(t *testing.T) {
	t.Parallel()
	strikes := make(map[int64]bool)
	eachSeed(t, func(t *testing.T, c *crowd) {
		c.put(app, org)
		c.own(org, ada, bob)
		r := c.fail(app)
		var at time.Time
		c.strikeAt = int64(rand.New(rand.NewPCG(c.seed, 0)).IntN(90))
		c.strike = func() {
			strikes[c.calls.Load()] = true
			at = c.clock()
			c.register(t, enableBy(app, bob, at), at)
		}
		records := make([]disabling.Record, 3)
		for i := range records {
			records[i] = r
		}
		c.deliverAll(t, c.shuffled(records))
		if at.IsZero() {
			c.strike()
		}
		c.deliverAll(t, c.shuffled(records)) // still in the stream after the enabling
		c.sweep(t)
		c.mailAtOnce(t)
		s := c.snapshot()
		if a := s.Apps[app]; a.Disabled() || !a.EnabledAt.Equal(at) || !a.NotifiedAt.IsZero() {
			t.Errorf("disabled at %s, enabled at %s, notified at %s", a.DisabledAt, a.EnabledAt, a.NotifiedAt)
		}
		if got := c.audited(app); !slices.Equal(got, []string{eventDisable, eventEnable}) {
			t.Errorf("audit: %v", got)
		}
		mails := c.mailed(t, app)
		if mails["app.enabled "+ada.Email] != 1 || mails["app.enabled "+bob.Email] != 0 ||
			mails["app.disabled "+ada.Email] > 1 || mails["app.disabled "+bob.Email] > 1 {
			t.Errorf("mails: %v", mails)
		}
	})
	t.Logf("enabled at %d different calls", len(strikes))
	if len(strikes) < seeds/4 {
		t.Errorf("the enabling struck at %d different calls only", len(strikes))
	}
}

func TestDisableTwiceWithinOneMinuteIsTwoDisablingsForEverybody(t *testing.T) {
	t.Parallel()
	eachSeed(t, func(t *testing.T, c *crowd) {
		c.put(app, org)
		c.own(org, ada, bob)
		start := c.now
		first := c.count(app, c.today(), tally.Counts{Error: 3, Gone: 3})
		c.deliverAll(t, c.shuffled([]disabling.Record{first, first}))
		c.mailAtOnce(t)
		at := c.clock()
		var all sync.WaitGroup
		for n := range 3 { // the message comes three times
			all.Go(func() {
				for range 20 {
					if c.registrarOver(c.worker(n)).Handle(t.Context(), enableBy(app, bob, at), sent(at)) == nil {
						return
					}
				}
				t.Error("the enabling is not through")
			})
		}
		all.Wait()
		c.mailAtOnce(t)
		second := c.count(app, c.today(), tally.Counts{Fatal: 1})
		batches := c.shuffled([]disabling.Record{first, second, first, second})
		c.deliverAll(t, batches)
		c.register(t, enableBy(app, bob, at), at) // and again, much too late
		c.mailAtOnce(t)

		if got, want := c.audited(app), []string{eventDisable, eventEnable, eventDisable}; !slices.Equal(got, want) {
			t.Errorf("audit: %v, want %v", got, want)
		}
		want := map[string]int{"app.disabled " + ada.Email: 2, "app.disabled " + bob.Email: 2, "app.enabled " + ada.Email: 1}
		if got := c.mailed(t, app); !maps.Equal(got, want) {
			t.Errorf("mails: %v, want %v", got, want)
		}
		s := c.snapshot()
		if a := s.Apps[app]; a.DisabledReason != "fatal" || a.NotifiedAt.IsZero() || a.DisabledAt.Sub(start) > time.Minute {
			t.Errorf("disabled for %q at %s, notified at %s", a.DisabledReason, a.DisabledAt, a.NotifiedAt)
		}
	})
}
