package neighbours

import (
	"testing"
	"time"
)

func TestLedgerTellsWhatIsAttemptedQueuedAndLost(t *testing.T) {
	l := &ledger{trips: make(map[string]*trip)}
	for _, id := range []string{"attempted", "queued", "lost"} {
		l.send(webhook{id: id, app: healthyApp})
	}
	l.arrive("attempted")
	l.log("attempted")
	l.of("queued", func(t *trip) { t.deferred = 2 })
	var r result
	l.read(&r, time.Now().Add(-time.Hour), map[string]bool{"queued": true})
	got := [...]int{r.webhooks, r.attempted, r.left, r.lost, r.deferred, r.deferrals, len(r.healthy)}
	if want := [...]int{3, 1, 1, 1, 1, 2, 3}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
