package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// trouble says how often something goes wrong, each from 0 to 1.
type trouble struct {
	sentLost, unsentLost float64 // a send's answer is lost; it took effect, or it did not
	refused              float64 // a send fails without effect
	claimLost, unclaimed float64 // a claim's answer is lost; it was made, or it was not
	crash                float64 // a batch is handled and its answer is lost
	twice                float64 // a message that is done is handed out again
}

// seas is a world with queues of its own. What is sent on arrives after its
// delay. What is returned arrives again after 390 s, up to twenty times.
type seas struct {
	*world
	trouble
	random *rand.Rand
	now    time.Time
	queue  []*floating
	ids    int
	buried int // moved to the dead-letter queue
	most   int // the most messages there at once
	hops   int // the most hops of a message
}

type floating struct {
	Message
	visible time.Time
}

func (s *seas) chance(p float64) bool { return s.random.Float64() < p }

func (s *seas) put(m Message, after time.Duration) {
	s.ids++
	m.ID, m.Receives = fmt.Sprint("sqs-", s.ids), 0
	s.queue = append(s.queue, &floating{m, s.now.Add(after)})
	s.most, s.hops = max(s.most, len(s.queue)), max(s.hops, m.Hops)
}

func (s *seas) SendDelayed(_ context.Context, messages []Delayed) (unsent []Unsent) {
	for i, m := range messages {
		lost := s.chance(s.sentLost)
		switch {
		case lost || s.chance(s.unsentLost):
			unsent = append(unsent, Unsent{Index: i, MayBeQueued: true})
			if !lost {
				continue
			}
		case s.chance(s.refused):
			unsent = append(unsent, Unsent{Index: i})
			continue
		}
		m.FromRetry = true
		s.put(m.Message, min(m.Wait, 900*time.Second))
	}
	return unsent
}

// run delivers until nothing is left, or until there are far too many messages.
func (s *seas) run(t *testing.T) {
	deps := s.deps()
	deps.Outbox, deps.Logger = s, slog.New(slog.DiscardHandler)
	deps.Now = func() time.Time { return s.now }
	s.claimFault = func() (error, bool) {
		lost := s.chance(s.claimLost)
		if lost || s.chance(s.unclaimed) {
			return errLost, lost
		}
		return nil, true
	}
	j := New(config(), deps)
	for len(s.queue) > 0 && s.most <= 2*maxHops && s.hops <= 2*maxHops {
		slices.SortStableFunc(s.queue, func(a, b *floating) int { return a.visible.Compare(b.visible) })
		if first := s.queue[0].visible; first.After(s.now) {
			s.now = first
		}
		var batch []Message
		for _, f := range s.queue {
			if f.visible.After(s.now) || len(batch) > s.random.IntN(4) {
				break
			}
			f.Receives++
			batch = append(batch, f.Message)
		}
		handed := s.queue[:len(batch):len(batch)]
		s.queue = slices.Clone(s.queue[len(batch):])
		returned := j.Deliver(t.Context(), batch)
		crash := s.chance(s.crash)
		for _, f := range handed {
			if !crash && !slices.Contains(returned, f.ID) && !s.chance(s.twice) {
				continue
			}
			if f.Receives == 20 {
				s.buried++
				continue
			}
			f.visible = s.now.Add(390 * time.Second)
			s.queue = append(s.queue, f)
		}
		s.most = max(s.most, len(s.queue))
	}
}

// newSeas has one webhook, whose app cannot be read for a while.
func newSeas(r *rapid.T, bad trouble, longest time.Duration) *seas {
	s := &seas{world: newWorld(), trouble: bad, random: rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0)), now: time.UnixMilli(1_800_000_000_000)}
	m := message("a")
	m.SentAt = s.now
	s.put(m, 0)
	well := s.now.Add(rapid.SampledFrom([]time.Duration{0, 10 * time.Minute, 3 * time.Hour, 8 * time.Hour, longest}).Draw(r, "for"))
	s.register("a", platform.Published, nil)
	s.readFault = func() error {
		if s.now.Before(well) {
			return errLost
		}
		return nil
	}
	return s
}

// often draws how often something happens.
func often(r *rapid.T, name string) float64 {
	return rapid.SampledFrom([]float64{0, 0.01, 0.2, 0.5, 0.9, 1}).Draw(r, name)
}

// few fails the case if the webhook ever had more messages or requests than
// these, or if it was neither sent nor ended where an operator sees it.
func (s *seas) few(r *rapid.T, messages, requests int) {
	if s.most > messages || len(s.sent) > requests || s.hops > maxHops+1 {
		r.Fatalf("%d messages at once, %d requests, after %d hops", s.most, len(s.sent), s.hops)
	}
	expired := slices.Contains(s.outcomes(), "a 0 expired") // claims that fail for three days use up MaxAge
	if len(s.sent) == 0 && s.buried == 0 && len(s.deadLetters) == 0 && !expired {
		r.Fatalf("the webhook is lost after %d hops", s.hops)
	}
}

func TestCopiesStayFewWhileTheQueuesAnswersAreLost(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newSeas(r, trouble{sentLost: often(r, "sent, and the answer lost"), unsentLost: often(r, "not sent, and the answer lost"),
			refused: often(r, "refused")}, 70*time.Hour)
		s.run(t)
		s.few(r, 16, 10)
	})
}

// Here nothing is reliable: the queue hands out again what is done, batches are
// cut off at their end, and the claims table loses as many answers as the queue.
// A message that doubled at each hop would be millions after a day.
func TestCopiesStayBoundedWhateverAnswersAreLost(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newSeas(r, trouble{often(r, "sent, and the answer lost"), often(r, "not sent, and the answer lost"), often(r, "refused"),
			often(r, "claimed, and the answer lost"), often(r, "not claimed, and the answer lost"),
			min(often(r, "cut off"), 0.9), min(often(r, "handed out again"), 0.9)}, 30*time.Hour)
		s.run(t)
		s.few(r, maxHops, maxHops)
	})
}

// received is a message as it is handed out again.
func received(m Message, times int, mark string) Message {
	m.Receives, m.Mark = times, mark
	return m
}

// onRetry is a message for an app as RetryQueue hands it out.
func onRetry(app string, hops int) Message {
	m := message(app)
	m.ID, m.FromRetry, m.Hops, m.DueAt = fmt.Sprint(m.ID, "-", hops), true, hops, m.SentAt
	return m
}

func TestCopiesAloneAreMarkedAndClaim(t *testing.T) {
	w := newWorld()
	w.answer = status(500)
	for _, app := range []string{"a", "b", "c"} {
		w.register(app, platform.Published, nil)
	}
	deliverAll(t, w.job(nil), received(message("a"), 1, ""), received(message("b"), 2, ""), received(onRetry("c", 7), 1, "mine"))
	marks := make(map[string]string)
	for _, l := range w.delayed {
		marks[l.GroupID] = l.Mark
	}
	equal(t, "sent on at the first receive", marks["a"], "")
	if marks["b"] == "" || marks["c"] == "" || marks["b"] == marks["c"] || marks["c"] == "mine" {
		t.Errorf("marks %v: those that may be copies must each have one of their own", marks)
	}
	equal(t, "claims", len(w.claims), 1)
}

func TestCopiesAreDroppedAndNothingElseHappensToThem(t *testing.T) {
	for name, c := range map[string]struct {
		message func() Message
		dropped bool
	}{
		"its hop is another's":               {func() Message { return received(onRetry("a", 4), 1, "late") }, true},
		"its hop is another's, and it early": {func() Message { return early(received(onRetry("a", 4), 1, "late")) }, true},
		"its hop is its own":                 {func() Message { return received(onRetry("a", 4), 1, "first") }, false},
		"its hop is its own, once more":      {func() Message { return received(onRetry("a", 3), 7, "third") }, true},
		"nobody has its hop":                 {func() Message { return received(onRetry("a", 5), 1, "late") }, false},
		"it was never marked":                {func() Message { return received(onRetry("a", 4), 1, "") }, false},
		"it comes again, and is sent on":     {func() Message { return received(onRetry("a", 3), 2, "") }, true},
		"it comes again, and is not":         {func() Message { return received(onRetry("a", 4), 2, "") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Published, nil)
			m := c.message()
			j := w.job(nil)
			for hops, owner := range map[int]string{3: "third", 4: "first"} {
				of := m
				of.Hops = hops
				w.claims[stop(hopOf(of, 72*time.Hour))] = owner
			}
			equalList(t, "returned", deliverAll(t, j, m))
			equal(t, "dropped", w.figures["webhook.skipped reason=copy"] == 1, c.dropped)
			equal(t, "said", strings.Contains(w.lines.String(), "copy dropped"), c.dropped)
			if c.dropped {
				equal(t, "requests", len(w.sent), 0)
				equal(t, "entries", len(w.entries), 0)
				equal(t, "sent on", len(w.delayed)+len(w.deadLetters), 0)
			}
			if !c.dropped {
				equal(t, "requests", len(w.sent), 1)
			}
		})
	}
}

func TestCopiesWhoseClaimCannotBeMadeWaitForIt(t *testing.T) {
	for receives, sentOn := range map[int]bool{1: false, 2: false, lastReceive - 1: false, lastReceive: true, lastReceive + 1: false} {
		for _, mark := range []string{"mine", ""} {
			if mark == "" && receives == 1 {
				continue // it needs no claim
			}
			w := newWorld()
			w.register("a", platform.Published, nil)
			w.claimFault = lostButAdded
			m := received(onRetry("a", 3), receives, mark)
			early := early(received(onRetry("b", 3), receives, mark))
			returned := deliverAll(t, w.job(nil), m, early, message("a"))
			equal(t, "requests", len(w.sent), 1) // of the other message
			if sentOn {
				equalList(t, fmt.Sprintf("returned at receive %d", receives), returned)
				equal(t, "sent on", len(w.delayed), 2)
			} else {
				equalList(t, fmt.Sprintf("returned at receive %d", receives), returned, m.ID, early.ID)
				equal(t, "sent on", len(w.delayed), 0)
			}
			for _, l := range w.delayed {
				equal(t, "marked", l.Mark != "" && l.Mark != mark, true)
			}

			w.claimFault = nil
			w.delayed = nil
			equalList(t, "returned once the table answers", deliverAll(t, w.job(nil), m))
			equal(t, "requests once the table answers", len(w.sent), 2)
		}
	}
}

func early(m Message) Message {
	m.DueAt = time.Now().Add(time.Hour)
	return m
}

func TestCopiesThatAreTooOldExpireInTheEndWithoutAClaim(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, nil)
	w.claimFault = lostNotAdded
	m := received(onRetry("a", maxHops+1), lastReceive, "mine")
	equalList(t, "returned", deliverAll(t, w.job(nil), m))
	equalList(t, "log", w.outcomes(), "a 0 expired")
}

func TestCopiesOfCountsAreDroppedToo(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	m := countsOn("a#org#1", tally.DateOf(time.Now()), tally.Counts{Success: 1}, time.Now())
	m.ID, m.DueAt, m.Receives, m.FromRetry = "c", time.Now(), 1, true
	j := w.job(nil)
	equalList(t, "returned", deliverAll(t, j, received(m, 1, "first"), received(m, 1, "second"), received(m, 1, "third")))
	equal(t, "counts", w.countsOf("a"), tally.Counts{Success: 1})
	equal(t, "dropped", w.figures["webhook.skipped reason=copy"], 2)
}

func TestCopiesAreOfTheSameMessageOnly(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, nil)
	first, other, later := onRetry("a", 4), onRetry("a", 4), onRetry("a", 4)
	other.Body = strings.Replace(other.Body, `"data":{}`, `"data":{"n":1}`, 1)
	later.SentAt = first.SentAt.Add(time.Millisecond)
	equalList(t, "returned", deliverAll(t, w.job(nil), received(first, 1, "1"), received(other, 1, "2"), received(later, 1, "3")))
	equal(t, "requests", len(w.sent), 3)

	w.claimFault = notAdded
	bad := received(onRetry("a", 4), 2, "4")
	bad.Body = "{"
	equalList(t, "returned: a dead letter needs no claim", deliverAll(t, w.job(nil), bad))
	equal(t, "letters", len(w.deadLetters), 1)
}
