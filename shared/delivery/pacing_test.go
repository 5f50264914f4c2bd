package delivery

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/pace"
	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

func TestPacingTakesNoAppForSlowByFaultsOfOurs(t *testing.T) {
	for name, c := range map[string]struct {
		answer webhook.Outcome
		slow   bool
	}{
		"ours":           {webhook.LocalError, false},
		"the receiver's": {webhook.Timeout, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Published, nil)
			w.answer = func(webhook.Request) webhook.Result {
				return webhook.Result{Outcome: c.answer, Started: time.Now(), Duration: time.Second}
			}
			j := w.job(nil)
			for range 4 {
				deliverAll(t, j, message("a"))
			}
			before := w.requests()
			deliverAll(t, j, message("a"))
			equal(t, "nothing is sent while it is slow", w.requests()-before == 0, c.slow)
			equal(t, "deferred as slow", w.figures["webhook.deferred reason=slow"] > 0, c.slow)
			equal(t, "warnings of it", len(w.warned) > 0, c.slow)
		})
	}
}

// lasting says how long an app's requests take, by app.
func lasting(took map[string]time.Duration) func(app string, n int) time.Duration {
	return func(app string, _ int) time.Duration { return took[app] }
}

// slowWorld has apps whose receivers take as long as takes says, up to the
// deadline of one second.
func slowWorld(takes func(app string, n int) time.Duration, apps ...string) *slowWorldOf {
	w := &slowWorldOf{world: newWorld(), takes: takes}
	n := make(map[string]int)
	w.answer = func(r webhook.Request) webhook.Result {
		var app string
		_, _ = fmt.Sscanf(r.URL, "https://%s", &app)
		app = app[:len(app)-len(".example/hook")]
		w.mu.Lock()
		n[app]++
		took := w.takes(app, n[app])
		w.mu.Unlock()
		time.Sleep(min(took, time.Second))
		result := status(http.StatusOK)(r)
		if took >= time.Second {
			result = outcome(webhook.Timeout, webhook.CodeTimeoutResponse)(r)
		}
		result.Duration = min(took, time.Second)
		return result
	}
	for _, app := range apps {
		w.register(app, platform.Internal, nil)
	}
	return w
}

// thousandThatHang is a world with a thousand apps that hang and one app, called
// well, that does not.
func thousandThatHang() (w *slowWorldOf, apps []string) {
	for i := range 1000 {
		apps = append(apps, fmt.Sprint("slow", i))
	}
	return slowWorld(func(app string, _ int) time.Duration {
		if app == "well" {
			return quick
		}
		return hangs
	}, append(apps, "well")...), apps
}

// successes is how many of an app's attempts the log has as successes.
func (w *slowWorldOf) successes(app string) (n int) {
	for _, e := range w.entries {
		if e.AppID == app && e.Outcome == "success" {
			n++
		}
	}
	return n
}

// worldThatRecovers has one app, a, that hangs until recovered is set.
func worldThatRecovers() (w *slowWorldOf, recovered *bool) {
	recovered = new(bool)
	return slowWorld(func(string, int) time.Duration {
		if *recovered {
			return quick
		}
		return hangs
	}, "a"), recovered
}

// slowWorldOf is a world whose receivers' slowness can change.
type slowWorldOf struct {
	t *testing.T
	*world
	takes func(app string, n int) time.Duration
}

func of(app string, n int) (batch []Message) {
	for range n {
		batch = append(batch, message(app))
	}
	return batch
}

func fromRetry(l Delayed) Message {
	m := l.Message
	m.FromRetry = true
	return m
}

const (
	quick       = 20 * time.Millisecond
	hangs       = time.Hour
	untilProbed = 10 * time.Second // how long an app that hangs is not called
)

func TestPacingDelaysAnAppThatHangsAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(lasting(map[string]time.Duration{"hung": hangs, "well": quick}), "hung", "well")
		j := w.job(nil)
		deliverAll(t, j, of("well", 1)...)
		deliverAll(t, j, of("hung", 5)...)
		start, sent := time.Now(), len(w.sent)
		deliverAll(t, j, append(of("hung", 5), of("well", 5)...)...)
		equal(t, "requests", len(w.sent)-sent, 5)
		equal(t, "deferred", w.figures["webhook.deferred reason=slow"], 5)
		if took := time.Since(start); took >= time.Second {
			t.Errorf("the batch took %v", took)
		}
		for _, l := range w.delayed {
			equal(t, "attempts", l.Attempts, 0)
			within(t, "wait", l.Wait, 2*untilProbed)
		}
		equal(t, "log entries", len(w.entries), 1+5+5)
	})
}

// within checks a wait that may be up to a half shorter.
func within(t *testing.T, what string, got, most time.Duration) {
	t.Helper()
	if got > most || got <= most/2 {
		t.Errorf("%s: got %v, want %v or up to a half less", what, got, most)
	}
}

func TestPacingSendsAnAppThatAnswersSlowlyAllItHasOverRetryQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(func(string, int) time.Duration { return 600 * time.Millisecond }, "a")
		given := 0
		w.warnFault = func() (error, bool) { given++; return nil, true }
		j := w.job(nil)
		deliverAll(t, j, of("a", 10)...)
		const asked = 1
		for range 10 {
			w.delayed = nil
			deliverAll(t, j, of("a", 10)...)
			equal(t, "sent on", len(w.delayed), 10)
			var retries []Message
			for _, l := range w.delayed {
				equal(t, "wait", l.Wait, 0)
				retries = append(retries, fromRetry(l))
			}
			sent := len(w.sent)
			deliverAll(t, j, retries...)
			equal(t, "requests", len(w.sent)-sent, 10)
		}
		equal(t, "successes", w.successes("a"), 110)
		equal(t, "warnings given", given-asked, 0)
	})
}

func TestPacingTakesNoAppForSlowByWhatSaysNothingOfIt(t *testing.T) {
	for name, code := range map[string]webhook.Code{"our own fault": "", "no look-up": webhook.CodeDNSTemporary, "no route": webhook.CodeUnreachable} {
		for _, age := range []time.Duration{0, 2 * time.Hour} { // from an hour on, the log has it as a failure
			t.Run(name+" after "+age.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := slowWorld(func(string, int) time.Duration { return quick }, "a")
					answers := w.answer
					w.answer = func(webhook.Request) webhook.Result {
						time.Sleep(time.Second)
						return webhook.Result{Outcome: webhook.LocalError, Code: code, Started: time.Now(), Duration: time.Second}
					}
					j := w.job(nil)
					for range 8 {
						m := message("a")
						m.SentAt, m.FromRetry = m.SentAt.Add(-age), true
						deliverAll(t, j, m)
					}
					equal(t, "warnings", len(w.warned), 0)
					w.answer = answers
					deliverAll(t, j, message("a"))
					equal(t, "answered", w.successes("a"), 1)
					equal(t, "deferred as slow", w.figures["webhook.deferred reason=slow"], 0)
				})
			})
		}
	}
}

func TestPacingLetsAThousandAppsThatHangHoldFewBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, apps := thousandThatHang()
		j := w.job(nil)
		deliverAll(t, j, message("well"))
		start := time.Now()
		for i := 0; i < 1000; i += 9 {
			batch := of("well", 1)
			for _, app := range apps[i:min(i+9, 1000)] {
				batch = append(batch, message(app))
			}
			deliverAll(t, j, batch...)
		}
		if held := time.Since(start); held > 5*time.Second { // of 112 s
			t.Errorf("the batches were held for %v", held)
		}
		equal(t, "the healthy app's", w.successes("well"), 1+112)
		for _, l := range w.delayed {
			equal(t, "an unknown app's wait", l.Wait, 0)
		}

		// The flood is over. An unknown app is tried, and its webhooks flow.
		w.register("new", platform.Internal, nil)
		before := w.takes
		w.takes = func(app string, n int) time.Duration {
			if app == "new" {
				return quick
			}
			return before(app, n)
		}
		time.Sleep(5 * time.Second)
		deferred := w.figures["webhook.deferred reason=slow"]
		deliverAll(t, j, of("new", 5)...)
		equal(t, "deferred", w.figures["webhook.deferred reason=slow"], deferred)
	})
}

func TestPacingProbesAnAppThatHungUntilItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, recovered := worldThatRecovers()
		j := w.job(nil)
		deliverAll(t, j, of("a", 10)...)
		deliverAll(t, j, of("a", 10)...)
		equal(t, "deferred", len(w.delayed), 10)

		var retries []Message
		for _, l := range w.delayed {
			retries = append(retries, fromRetry(l))
		}
		w.delayed = nil
		time.Sleep(2 * untilProbed)
		sent := len(w.sent)
		deliverAll(t, j, retries...)
		equal(t, "requests of a batch over RetryQueue while it hangs", len(w.sent)-sent, 1)
		deliverAll(t, j, retries[1:]...)
		equal(t, "and of the next at once", len(w.sent)-sent, 1)
		within(t, "wait", w.delayed[len(w.delayed)-1].Wait, 2*untilProbed)

		*recovered = true
		time.Sleep(untilProbed)
		for _, want := range []int{1, 2, 4, 8} {
			sent, deferred := len(w.sent), len(w.delayed)
			deliverAll(t, j, retries...)
			equal(t, "requests of a batch over RetryQueue when it answers", len(w.sent)-sent, want)
			for _, l := range w.delayed[deferred:] {
				equal(t, "wait behind an answer", l.Wait, pace.Soon)
			}
		}
		sent = len(w.sent)
		deliverAll(t, j, of("a", 10)...)
		equal(t, "requests over WebhookQueue once it answers", len(w.sent)-sent, 10)
	})
}

func TestPacingLetsANewAppFlowNextToOneThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(lasting(map[string]time.Duration{"hung": hangs, "new": quick}), "hung", "new")
		j := w.job(nil)
		for range 3 {
			deliverAll(t, j, of("hung", 10)...)
		}
		deferred := w.figures["webhook.deferred reason=slow"]
		deliverAll(t, j, message("new"))
		equal(t, "deferred", w.figures["webhook.deferred reason=slow"], deferred)
	})
}

func TestPacingTellsAnswersAtTheLastMomentFromNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slowWorld(lasting(map[string]time.Duration{"hung": hangs, "late": 950 * time.Millisecond}), "hung", "late")
		j := w.job(nil)
		deliverAll(t, j, append(of("hung", 5), of("late", 5)...)...) // they are recorded together
		deliverAll(t, j, append(of("hung", 5), of("late", 5)...)...)
		equal(t, "deferred", len(w.delayed), 10)
		var late []Message
		for _, l := range w.delayed {
			equal(t, l.GroupID+" waits", l.Wait > 0, l.GroupID == "hung")
			if l.GroupID == "late" {
				late = append(late, fromRetry(l))
			}
		}
		sent := len(w.sent)
		deliverAll(t, j, late...)
		equal(t, "requests over RetryQueue", len(w.sent)-sent, 5)
	})
}

func TestPacingTakesNoBatchForLateByAMessageThatIsReceivedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		again := message("a")
		again.SentAt, again.Receives = time.Now().Add(-390*time.Second), 2
		deliverAll(t, w.job(nil), again, message("a"))
		equal(t, "requests", len(w.sent), 2)
		deliverAll(t, w.job(nil), again)
		equal(t, "sent on when it is alone", len(w.delayed), 1)
		equal(t, "wait", w.delayed[0].Wait, 0)
	})
}

func TestPacingTakesAnAppForDownHoweverItsConnectionEnds(t *testing.T) {
	for _, code := range []webhook.Code{webhook.CodeTimeoutConnect, webhook.CodeTimeoutResponse, webhook.CodeReset, webhook.CodeClosed} {
		t.Run(string(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.register("a", platform.Internal, nil)
				w.answer = func(r webhook.Request) webhook.Result {
					result := outcome(webhook.Timeout, code)(r)
					result.Duration = 900 * time.Millisecond
					return result
				}
				j := w.job(nil)
				deliverAll(t, j, of("a", 10)...)
				deliverAll(t, j, of("a", 10)...)
				equal(t, "deferred", w.figures["webhook.deferred reason=slow"], 10)
			})
		})
	}
}

func TestPacingLetsAFloodThatHasWaitedHoldNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, apps := thousandThatHang()
		flooded := time.Now()
		time.Sleep(time.Second) // the first deadline holds the others
		start := time.Now()
		for i := range 20 {
			j := w.job(nil)
			var batch []Message
			for _, app := range apps[10*i : 10*i+10] {
				m := message(app)
				m.SentAt = flooded
				batch = append(batch, m)
			}
			deliverAll(t, j, batch...)
			deliverAll(t, j, message("well")) // came later
		}
		if took := time.Since(start); took >= time.Second {
			t.Errorf("others were held for %v", took)
		}
		equal(t, "the healthy app's", w.successes("well"), 20)
		equal(t, "sent on", len(w.delayed), 200)
		for _, l := range w.delayed {
			equal(t, "wait", l.Wait, 0)
		}
	})
}
