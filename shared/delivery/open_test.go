package delivery

import (
	"testing"
	"time"

	"hookwarden/shared/platform"
)

func TestOpenSendsOnWhatComesEarly(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, nil)
	m := message("a")
	m.Attempts, m.Hops, m.DueAt = 1, 4, time.Now().Add(time.Hour)
	deliverAll(t, w.job(nil), m)
	equal(t, "requests", len(w.sent), 0)
	equal(t, "attempts", w.delayed[0].Attempts, 1)
	equal(t, "hops", w.delayed[0].Hops, 5)
	equal(t, "due", w.delayed[0].DueAt, m.DueAt)

	equal(t, "metric", w.figures["webhook.deferred reason=not_due"], 1)

	m.DueAt = time.Now().Add(dueTolerance - time.Millisecond)
	deliverAll(t, w.job(nil), m)
	equal(t, "requests within the tolerance", len(w.sent), 1)

	m.DueAt, m.SentAt = time.Now().Add(time.Hour), time.Now().Add(-73*time.Hour) // it waits no longer than it may live
	deliverAll(t, w.job(nil), m)
	equal(t, "sent on", len(w.delayed), 1)
	equalList(t, "log", w.outcomes(), "a 1 expired", "a 2 success")
}

func TestOpenMakesABadMessageADeadLetterAndDisturbsNobody(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Published, nil)
	bad := Message{ID: "bad", Body: `{"id":"x"}`}
	equalList(t, "returned", deliverAll(t, w.job(nil), bad, message("a")))
	equal(t, "requests", len(w.sent), 1)
	equal(t, "reason", w.deadLetters[0].Reason, platform.ReasonInvalid)
	equal(t, "detail", w.deadLetters[0].Detail, "app_id is required")
	equal(t, "body", w.deadLetters[0].Body, bad.Body)

	w.sendFault = func(body string) bool { return body == bad.Body }
	equalList(t, "returned when it cannot be sent on", deliverAll(t, w.job(nil), bad, message("a")), "bad")
}
