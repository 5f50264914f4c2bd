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
		equalList(t, "back", deliverAll(t, w.job(nil), message("a")))
		equal(t, "tried once", time.Since(start) < 500*time.Millisecond, true)
		equal(t, "requests", w.requests(), 1)
		equal(t, "sent on as counts", len(w.later) == 1 && w.later[0].Counts, true)

		counts := w.later[0].Message
		counts.ID, counts.Receives, counts.DueAt = "c", 1, time.Now()
		w.later = nil
		equalList(t, "back", deliverAll(t, w.job(nil), counts))
		equal(t, "sent on", len(w.later), 0)
		if len(w.letters) != 1 {
			t.Fatalf("%d letters", len(w.letters))
		}
		equal(t, "reason", w.letters[0].Reason, "refused")
		equal(t, "detail", w.letters[0].Detail, "the table refuses these counts for good")
		equal(t, "body", w.letters[0].Body, counts.Body)
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
		c := CountsMessage{Key: "a#org#1", Date: "2026-11-24", Counts: tally.Counts{Success: 2, Error: 1}, At: time.Now()}
		m := c.later().Message
		m.ID, m.Receives, m.DueAt = "c", 1, time.Now()
		deliverAll(t, w.job(nil), m)
		c.Counts = tally.Counts{Success: 2}
		if len(w.letters) != 1 {
			t.Fatalf("%d letters", len(w.letters))
		}
		equal(t, "body", w.letters[0].Body, c.later().Body)
	})
}
