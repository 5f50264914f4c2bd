package delivery

import (
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
)

func TestWarningsSpareTheOtherEnvironments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(lasting(map[string]time.Duration{"hung": hangs, "well": quick}), "hung", "well")
		deliverAll(t, w.job(nil), of("hung", 5)...)
		start, sent := time.Now(), len(w.sent)
		for range 20 {
			deliverAll(t, w.job(nil), append(of("hung", 5), of("well", 5)...)...)
		}
		equal(t, "requests", len(w.sent)-sent, 20*5)
		equal(t, "deferred", w.figures["webhook.deferred reason=slow"], 20*5)
		if took := time.Since(start); took >= time.Second {
			t.Errorf("others were held for %v", took)
		}
	})
}

func TestWarningsSendAnAppOverRetryQueueUntilItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(func(string, int) time.Duration { return quick }, "a")
		w.warned["a"] = time.Now()
		j := w.job(nil)
		deliverAll(t, j, of("a", 1)...)
		equal(t, "deferred", len(w.delayed), 1)
		deliverAll(t, j, fromRetry(w.delayed[0]))
		equal(t, "requests", len(w.sent), 1)
		time.Sleep(cacheFor) // the app is read again, and the warning with it
		for _, want := range []int{2, 4, 8, 10} {
			sent := len(w.sent)
			deliverAll(t, j, of("a", 10)...)
			equal(t, "requests", len(w.sent)-sent, want)
		}
	})
}

func TestWarningsLetAnAppThatIsDownForOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(func(string, int) time.Duration { return quick }, "a")
		w.warned["a"] = time.Now().Add(time.Minute)
		j := w.job(nil)
		deliverAll(t, j, of("a", 1)...)
		retry := fromRetry(w.delayed[0])
		within(t, "wait", w.delayed[0].Wait, 2*time.Minute)
		retry.DueAt = time.Now() // one of another app's batch
		time.Sleep(time.Minute - time.Second)
		deliverAll(t, j, retry)
		equal(t, "requests before then", len(w.sent), 0)
		time.Sleep(time.Second)
		deliverAll(t, j, retry)
		equal(t, "requests then", len(w.sent), 1)
	})
}

func TestWarningsThatAreOldAreNotHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(func(string, int) time.Duration { return quick }, "a")
		w.warned["a"] = time.Now().Add(-time.Hour)
		deliverAll(t, w.job(nil), of("a", 1)...)
		equal(t, "requests", len(w.sent), 1)
	})
}

func TestWarningsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(func(string, int) time.Duration { return hangs }, "a")
		given := 0
		w.warnFault = func() (error, bool) { given++; return nil, true }
		j := w.job(nil)
		deliverAll(t, j, of("a", 10)...)
		read, written := 1, 1
		equal(t, "calls", given, read+written)
		for range 10 {
			deliverAll(t, j, of("a", 10)...)
		}
		equal(t, "calls while the app is cached", given, read+written)

		w.register("off", platform.Internal, func(r *Registered) { r.App.DisabledAt = time.Now() })
		for range 10 { // read from the registry each time, since the cache may not say no
			deliverAll(t, j, of("off", 10)...)
		}
		equal(t, "calls for a disabled app", given, read+written+read)
	})
}

func TestWarningsAreNotNeeded(t *testing.T) {
	for name, fault := range map[string]func() (error, bool){
		"failed and not applied": func() (error, bool) { return errLost, false },
		"failed but applied":     func() (error, bool) { return errLost, true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := slowWorld(lasting(map[string]time.Duration{"hung": hangs, "well": quick}), "hung", "well")
				w.warnFault = fault
				j := w.job(nil)
				deliverAll(t, j, append(of("hung", 3), of("well", 3)...)...)
				deliverAll(t, j, append(of("hung", 3), of("well", 3)...)...)
				equal(t, "requests", len(w.sent), 9)
				equal(t, "deferred", len(w.delayed), 3)
				equal(t, "entries", len(w.entries), 9)
			})
		})
	}
}
