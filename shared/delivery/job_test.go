package delivery

import (
	"strings"
	"testing"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

func TestPanicReturnsItsMessageAlone(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	w.register("b", platform.Internal, nil)
	w.answer = func(r webhook.Request) webhook.Result {
		if strings.Contains(r.ID, "evt_a") {
			panic("a defect")
		}
		return status(200)(r)
	}
	equalList(t, "returned", deliverAll(t, w.job(nil), message("a"), message("b")), "sqs-evt_aissuecreated")
	equal(t, "b", w.countsOf("b"), tally.Counts{Success: 1})
	equalList(t, "log", w.outcomes(), "b 1 success")
}

func TestPanicOfAnyStepReturnsItsMessageAlone(t *testing.T) {
	defect := func() (error, bool) { panic("a defect") }
	for name, c := range map[string]struct {
		panics  func(*world)
		message Message
	}{
		"in its claim": {func(w *world) { w.claimFault = defect }, received(onRetry("a", 3), 1, "mine")},
		"in adding its counts": {func(w *world) { w.countFault = defect },
			countsOn("a#org#1", "2026-11-24", tally.Counts{Success: 1}, time.Now().Add(-time.Minute))},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Published, nil)
			w.register("b", platform.Published, nil)
			c.panics(w)
			c.message.ID = "bad"
			equalList(t, "returned", deliverAll(t, w.job(nil), c.message, message("b")), "bad")
			equalList(t, "log", w.outcomes(), "b 1 success")
			equal(t, "sent on", len(w.delayed)+len(w.deadLetters), 0)
		})
	}
}

// named reports whether the first line with the text has all of the words.
func (w *world) named(text string, words ...string) bool {
	for line := range strings.Lines(w.lines.String()) {
		if !strings.Contains(line, `msg="`+text+`"`) {
			continue
		}
		for _, word := range words {
			if !strings.Contains(line, " "+word+" ") && !strings.HasSuffix(line, " "+word+"\n") {
				return false
			}
		}
		return true
	}
	return false
}

func TestLinesAboutAMessageNameItAndItsApp(t *testing.T) {
	w := newWorld()
	deliverAll(t, w.job(nil), Message{ID: "bad", Body: `{"id":"evt_1","app_id":"17"}`})
	equal(t, "a dead letter", w.named("dead letter", "message_id=bad", "app_id=17", "webhook_id=evt_1"), true)

	w = newWorld()
	w.register("a", platform.Internal, nil)
	w.answer = func(webhook.Request) webhook.Result { panic("a defect") }
	deliverAll(t, w.job(nil), message("a"))
	equal(t, "a panic", w.named("message panicked", "message_id=sqs-evt_aissuecreated", "app_id=a", "webhook_id=evt_aissuecreated"), true)

	w = newWorld()
	w.sendFault = func(string) bool { return true }
	deliverAll(t, w.job(nil), message("a"))
	equal(t, "what comes again", w.named("message comes again", "message_id=sqs-evt_aissuecreated", "app_id=a", "webhook_id=evt_aissuecreated"), true)

	w = newWorld()
	counts := countsOn("a#org#1", "2026-11-24", tally.Counts{Success: 1}, time.Now())
	old := countsOn("a#org", "2026-11-24", tally.Counts{Success: 1}, time.Now())
	old.ID, old.DueAt = "c", time.Now()
	deliverAll(t, w.job(nil), old)
	equal(t, "counts of no generation", w.named("counts of no generation dropped", "message_id=c", "app_id=a"), true)

	w = newWorld()
	w.countFault = notAdded
	counts.ID, counts.DueAt = "c", time.Now()
	counts.Hops = maxHops + 1
	deliverAll(t, w.job(nil), counts)
	equal(t, "counts that are lost", w.named("counts lost", "message_id=c", "app_id=a"), true)
}

func TestLinesAboutAMalformedCountsMessageNameItToo(t *testing.T) {
	w := newWorld()
	deliverAll(t, w.job(nil), Message{ID: "c", Body: `{"pk":"a#o","day":"yesterday"}`, Kind: KindCounts})
	equal(t, "a dead letter", w.named("dead letter", "message_id=c"), true)
}
