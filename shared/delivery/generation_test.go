package delivery

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// An attempt counts for the generation that it was made with, whatever becomes of
// its app before that is written.
func TestAnAttemptCountsForTheGenerationThatItWasMadeWith(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		change func(*Registered)
		want   map[string]tally.Counts // by key
	}{
		"a failure, enabled since": {400, func(r *Registered) { r.App.EnabledAt, r.App.Generation = time.Now(), 4 },
			map[string]tally.Counts{"a#org#3": {Error: 1}}},
		"a success, of another organization since": {200, func(r *Registered) { r.App.OrganizationID, r.App.Generation = "other", 4 },
			map[string]tally.Counts{"a#org#3": {Success: 1}}},
		"gone, enabled since":     {410, func(r *Registered) { r.App.Generation = 4 }, map[string]tally.Counts{"a#org#3": {Error: 1, Gone: 1}}},
		"gone, another URL since": {410, func(r *Registered) { r.App.WebhookURL, r.App.Generation = "https://new.example/", 4 }, nil},
		"gone, to another URL and back since": {410, func(r *Registered) { r.App.Generation = 5 },
			map[string]tally.Counts{"a#org#3": {Error: 1, Gone: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.register("a", platform.Internal, func(r *Registered) { r.App.Generation = 3 })
				answer := status(c.status)
				w.answer = func(r webhook.Request) webhook.Result {
					result := answer(r)
					w.mu.Lock()
					defer w.mu.Unlock()
					known := w.apps["a"]
					c.change(&known)
					w.apps["a"] = known
					return result
				}
				equalList(t, "returned", deliverAll(t, w.job(nil), message("a")))
				equal(t, "keys", len(w.counts), len(c.want))
				for key, want := range c.want {
					equal(t, key, w.counts[CounterKey{key, tally.DateOf(time.Now())}], want)
				}
			})
		})
	}
}

// The queue of RetryQueue's counts outlasts an enabling: what was made before it
// stays there.
func TestQueuedCountsCarryTheGenerationOfTheirAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, func(r *Registered) { r.App.Generation = 3 })
		w.answer, w.countFault = status(400), always(notAdded)
		j := w.job(nil)
		deliverAll(t, j, message("a"))
		w.countFault = nil
		w.register("a", platform.Internal, func(r *Registered) { r.App.Generation = 4 })
		time.Sleep(firstCountsWait)
		m := w.delayed[0].Message
		m.ID, m.Receives = "c", 1
		deliverAll(t, j, m)
		equal(t, "of the third generation", w.counts[CounterKey{"a#org#3", tally.DateOf(m.SentAt)}], tally.Counts{Error: 1})
		equal(t, "keys", len(w.counts), 1)
	})
}

// A request that is over after midnight is of the day on which it began.
func TestAnAttemptCountsForTheDayOnWhichItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		time.Sleep(24*time.Hour - 500*time.Millisecond - time.Duration(time.Now().UTC().Hour())*time.Hour)
		began := time.Now()
		w.answer = func(r webhook.Request) webhook.Result {
			result := status(400)(r)
			time.Sleep(900 * time.Millisecond)
			return result
		}
		deliverAll(t, w.job(nil), message("a"))
		equal(t, "the day is over", tally.DateOf(time.Now()), tally.DateOf(began).Plus(1))
		equal(t, "of the day before", w.counts[CounterKey{"a#org#1", tally.DateOf(began)}], tally.Counts{Error: 1})
		equal(t, "keys", len(w.counts), 1)
	})
}

// The time of counts that are queued says how long they have been waited for.
func TestQueuedCountsAreAsOldAsTheFirstOfTheirAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		first := time.Now()
		began := map[string]time.Time{"evt_1": first.Add(20 * time.Millisecond), "evt_2": first, "evt_3": first.Add(10 * time.Millisecond)}
		w.answer = func(r webhook.Request) webhook.Result {
			result := status(400)(r)
			result.Started = began[r.ID]
			return result
		}
		w.countFault = always(notAdded)
		var batch []Message
		for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
			m := message("a")
			m.ID, m.Body = id, strings.Replace(m.Body, "evt_aissuecreated", id, 1)
			batch = append(batch, m)
		}
		deliverAll(t, w.job(nil), batch...)
		equal(t, "sent on", len(w.delayed), 1)
		c, err := decodeCounts([]byte(w.delayed[0].Body))
		equal(t, "error", err, nil)
		equal(t, "at", c.At, first.UnixMilli())
		equal(t, "counts", c.Counts, tally.Counts{Error: 3})
	})
}
