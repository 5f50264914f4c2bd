package main

import "testing"

func TestTheBooksTellWhatIsAttemptedQueuedLostAndUsedUp(t *testing.T) {
	l := newLedger()
	for _, id := range []string{"attempted", "queued", "lost"} {
		l.send(id, "a")
	}
	l.arrive("attempted")
	l.log(logEntry{webhook: "attempted", sent: true})
	l.deferral("attempted", 1) // a retry: its attempt is in the log
	l.deferral("queued", 1)    // nothing was sent
	l.read([]byte(`{"level":"INFO","message":"message deferred","reason":"slow"}`))
	l.read([]byte(`{"level":"INFO","message":"webhook attempted"}`))
	trips, usedUp := l.copied()
	var r result
	for id, trip := range trips {
		r.count(trip, id == "queued")
	}
	got := []int{r.webhooks, r.attempted, r.left, r.lost, usedUp, l.reasons()["slow"]}
	for i, want := range []int{3, 1, 1, 1, 1, 1} {
		if got[i] != want {
			t.Fatalf("got %v", got)
		}
	}
}
