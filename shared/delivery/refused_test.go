package delivery

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

func neverAdded() (error, bool) {
	return fmt.Errorf("%w: %w", ErrNotAdded, platform.ErrRefused), false
}

func TestCountsThatAreRefusedForGoodAreADeadLetterAtOnceAndHoldUpNoWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.countFault = neverAdded
		start := time.Now()
		equalList(t, "returned", deliverAll(t, w.job(nil), message("a")))
		equal(t, "tried once", time.Since(start) < 500*time.Millisecond, true)
		equal(t, "requests", w.requests(), 1)
		equal(t, "sent on as counts", len(w.delayed) == 1 && w.delayed[0].Kind == KindCounts, true)

		counts := w.delayed[0].Message
		counts.ID, counts.Receives, counts.DueAt = "c", 1, time.Now()
		w.delayed = nil
		equalList(t, "returned", deliverAll(t, w.job(nil), counts))
		equal(t, "sent on", len(w.delayed), 0)
		if len(w.deadLetters) != 1 {
			t.Fatalf("%d letters", len(w.deadLetters))
		}
		equal(t, "reason", w.deadLetters[0].Reason, "refused")
		equal(t, "detail", w.deadLetters[0].Detail, "the table refuses these counts for good")
		equal(t, "body", w.deadLetters[0].Body, counts.Body)
	})
}

func TestALetterOfCountsHasOnlyThoseThatAreNotAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		tries := 0
		w.countFault = func() (error, bool) {
			if tries++; tries == 1 {
				return errors.New("no answer"), true
			}
			return neverAdded()
		}
		at := time.Now()
		m := countsOn("a#org#1", "2026-11-24", tally.Counts{Success: 2, Error: 1}, at)
		m.ID, m.Receives, m.DueAt = "c", 1, time.Now()
		deliverAll(t, w.job(nil), m)
		if len(w.deadLetters) != 1 {
			t.Fatalf("%d letters", len(w.deadLetters))
		}
		equal(t, "body", w.deadLetters[0].Body, countsOn("a#org#1", "2026-11-24", tally.Counts{Success: 2}, at).Body)
	})
}
