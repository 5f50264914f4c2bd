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

func TestWavesOfOthersAreNotDelayedByAHangingReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for _, app := range []string{"quick", "hangs", "both"} {
			w.register(app, platform.Internal, nil)
		}
		w.answer = func(r webhook.Request) webhook.Result {
			if strings.Contains(r.ID, "evt_hangs") || r.Resource == "installation" {
				time.Sleep(time.Second)
				return outcome(webhook.Timeout, webhook.CodeTimeoutResponse)(r)
			}
			return status(200)(r)
		}
		done := make(chan struct{})
		go func() {
			deliverAll(t, w.job(nil), message("hangs"), message("quick"), message("both"), webhookMessage("both", "installation", "created", ""))
			close(done)
		}()
		time.Sleep(200 * time.Millisecond)
		equal(t, "requests at once", w.requests(), 4)
		equalList(t, "log before the hanging one ends", w.outcomes(), "quick 1 success")
		equal(t, "counts before the hanging one ends", w.countsOf("quick"), tally.Counts{Success: 1})
		equal(t, "an app's outcomes stay together", w.countsOf("both"), tally.Counts{})
		<-done
		equal(t, "both", w.countsOf("both"), tally.Counts{Success: 1, Timeout: 1})
		equal(t, "log entries", len(w.entries), 4)
	})
}
