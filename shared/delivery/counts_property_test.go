package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// tape is a world in which each write may have a fault, or be the last before
// the process dies.
type tape struct {
	*world
	t     *rapid.T
	kinds []int // what happens to the next writes, one by one; then nothing
	dead  bool  // nothing more of this invocation takes effect

	requests, counted map[string]tally.Counts // by app: that left, that were acknowledged
	lost              map[string]tally.Counts // failures that may be missing, by app
}

// The kinds of faults of a write.
const (
	refused = iota + 1
	notApplied
	applied // and its answer is lost
	deadBefore
	deadAfter
)

// fault says what happens to the next write.
func (p *tape) fault() (kind int) {
	if p.dead {
		return deadBefore
	}
	if len(p.kinds) == 0 {
		return 0
	}
	kind, p.kinds = p.kinds[0], p.kinds[1:]
	p.dead = kind == deadBefore || kind == deadAfter
	return kind
}

func (p *tape) AddCounts(_ context.Context, key CounterKey, counts tally.Counts, _ tally.Clues) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	kind := p.fault()
	if kind == 0 || kind == applied || kind == deadAfter {
		p.counts[key] = p.counts[key].Plus(counts)
	}
	switch kind {
	case 0:
		return nil
	case refused:
		return fmt.Errorf("%w: throttled", ErrNotAdded)
	case applied, notApplied:
		app := appOf(key.Key)
		p.lost[app] = p.lost[app].Plus(counts)
	}
	return errLost
}

func (p *tape) WriteEntries(_ context.Context, entries []Entry) []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	kind := p.fault()
	if kind == 0 || kind == applied || kind == deadAfter {
		p.entries = append(p.entries, entries...)
	}
	if kind == 0 {
		return nil
	}
	return entries
}

func (p *tape) SendDelayed(_ context.Context, messages []Delayed) (unsent []Unsent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, m := range messages {
		kind := p.fault()
		if kind == 0 || kind == applied || kind == deadAfter {
			p.delayed = append(p.delayed, m)
		}
		if kind == 0 {
			continue
		}
		unsent = append(unsent, Unsent{Index: i, MayBeQueued: kind != refused})
		if c, err := decodeCounts([]byte(m.Body)); m.Kind == KindCounts && err == nil && kind != refused {
			p.lost[appOf(c.Key)] = p.lost[appOf(c.Key)].Plus(c.Counts)
		}
	}
	return unsent
}

func (p *tape) Send(_ context.Context, r webhook.Request) webhook.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return webhook.Result{Outcome: webhook.LocalError}
	}
	app := strings.TrimSuffix(strings.TrimPrefix(r.URL, "https://"), ".example/hook")
	p.requests[app] = p.requests[app].Plus(countOf(r.ID))
	return errorFor(func(r webhook.Request) bool { return !strings.HasPrefix(r.ID, "ok") })(r)
}

func countOf(id string) tally.Counts {
	if strings.HasPrefix(id, "ok") {
		return tally.Counts{Success: 1}
	}
	return tally.Counts{Error: 1}
}

// run delivers all messages, and what is sent on, until nothing is left.
func (p *tape) run(t *testing.T, messages []Message) {
	deps := p.deps()
	deps.Counters, deps.Log, deps.Outbox, deps.Sender = p, p, p, p
	fresh := func() *Job { return New(config(), deps) }
	j := fresh()
	for round := 0; len(messages) > 0; round++ {
		if round > 100 {
			t.Fatal("messages go round for ever")
		}
		n := min(len(messages), rapid.IntRange(1, 6).Draw(p.t, "batch"))
		batch := append([]Message(nil), messages[:n]...)
		for i := range batch {
			batch[i].FromRetry = true // a message that comes late over WebhookQueue may be sent on first
		}
		messages = messages[n:]
		p.delayed = nil
		returned := j.Deliver(t.Context(), batch)
		again := make(map[string]bool)
		for _, id := range returned {
			again[id] = true
		}
		if p.dead { // nothing is acknowledged; another process goes on
			p.dead = false
			j = fresh()
			for _, m := range batch {
				again[m.ID] = true
			}
		}
		for _, m := range batch {
			switch {
			case again[m.ID]:
				m.Receives++
				if c, err := decodeCounts([]byte(m.Body)); m.Kind == KindCounts && err == nil {
					p.lost[appOf(c.Key)] = p.lost[appOf(c.Key)].Plus(c.Counts) // its record comes again
				}
				messages = append(messages, m)
			case m.Kind == KindWebhook:
				w, _ := platform.DecodeWebhook([]byte(m.Body))
				p.counted[w.AppID] = p.counted[w.AppID].Plus(countOf(w.ID))
			}
		}
		for i, l := range p.delayed {
			l.ID, l.Receives = fmt.Sprintf("hop-%d-%d", round, i), 1
			messages = append(messages, l.Message)
			time.Sleep(time.Until(l.DueAt))
		}
	}
}

func newTape(t *rapid.T, kinds ...int) *tape {
	return &tape{world: newWorld(), t: t, kinds: kinds, requests: map[string]tally.Counts{},
		counted: map[string]tally.Counts{}, lost: map[string]tally.Counts{}}
}

// drawFaults draws runs of faults: long ones use a budget up.
func drawFaults(t *rapid.T) (kinds []int) {
	for range rapid.IntRange(1, 5).Draw(t, "runs") {
		kind := rapid.IntRange(0, deadAfter).Draw(t, "kind")
		kinds = append(kinds, slices.Repeat([]int{kind}, rapid.SampledFrom([]int{1, 2, 6, 7}).Draw(t, "times"))...)
	}
	return kinds
}

func drawMessages(t *rapid.T) (messages []Message) {
	for i := range rapid.IntRange(1, 12).Draw(t, "messages") {
		app := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "app")
		m := message(app)
		m.ID = fmt.Sprint("sqs-", i)
		id := fmt.Sprintf("%s-%d", rapid.SampledFrom([]string{"ok", "bad"}).Draw(t, "ends as"), i)
		m.Body = strings.Replace(m.Body, "evt_"+app+"issuecreated", id, 1)
		messages = append(messages, m)
	}
	return messages
}

// total is all days' counts of an app: a case may run over midnight.
func (w *world) total(app string) (sum tally.Counts) {
	for key, counts := range w.counts {
		if key.Key == tally.Key(app, "org", 1) {
			sum = sum.Plus(counts)
		}
	}
	return sum
}

func TestCountsWithoutFaultsEqualTheLog(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newTape(r)
			p.register("a", platform.Internal, nil)
			p.register("b", platform.Internal, nil)
			p.run(t, drawMessages(r))
			for _, app := range []string{"a", "b"} {
				var logged tally.Counts
				for _, e := range p.entries {
					if e.AppID == app {
						logged = logged.Plus(countOf(e.WebhookID))
					}
				}
				if got := p.total(app); got != logged || got != p.requests[app] {
					r.Fatalf("app %s: counted %+v, logged %+v, sent %+v", app, got, logged, p.requests[app])
				}
			}
		})
	})
}

func TestCountsWithFaultsLoseNoSuccessAndDoubleNoFailure(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newTape(r, drawFaults(r)...)
			p.register("a", platform.Internal, nil)
			p.register("b", platform.Internal, nil)
			p.run(t, drawMessages(r))
			for _, app := range []string{"a", "b"} {
				got, sent, done, lost := p.total(app), p.requests[app], p.counted[app], p.lost[app]
				switch {
				case got.Error > sent.Error:
					r.Fatalf("app %s: %d errors counted of %d requests", app, got.Error, sent.Error)
				case got.Success < done.Success:
					r.Fatalf("app %s: %d successes counted, %d acknowledged", app, got.Success, done.Success)
				case got.Error < done.Error-lost.Error:
					r.Fatalf("app %s: %d errors counted, %d acknowledged, %d may be lost", app, got.Error, done.Error, lost.Error)
				}
			}
		})
	})
}
