package delivery

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fleet is RetryQueue and its environments, one for each batch that it may have at
// work.
type fleet struct {
	w    *slowWorldOf
	jobs []*Job
	rand *rand.Rand
	due  []due // what is on RetryQueue
}

type due struct {
	Message
	at time.Time
}

func newFleet(w *slowWorldOf, environments int, seed uint64) *fleet {
	f := &fleet{w: w, rand: rand.New(rand.NewPCG(seed, 0))}
	for range environments {
		deps := w.deps()
		deps.Logger = slog.New(slog.DiscardHandler)
		f.jobs = append(f.jobs, New(config(), deps))
	}
	return f
}

// second hands out what is due, in batches of up to ten, each to a random idle
// environment, and lets at least a second pass.
func (f *fleet) second() {
	began := time.Now()
	for _, l := range f.w.delayed {
		f.due = append(f.due, due{Message: fromRetry(l), at: began.Add(l.Wait)})
	}
	f.w.delayed = nil
	var now []Message
	f.due = slices.DeleteFunc(f.due, func(d due) bool {
		if d.at.After(began) {
			return false
		}
		now = append(now, d.Message)
		return true
	})
	for len(now) > 0 {
		var running sync.WaitGroup
		for _, i := range f.rand.Perm(len(f.jobs)) {
			batch := now[:min(10, len(now))]
			now = now[len(batch):]
			running.Go(func() { f.jobs[i].Deliver(f.w.t.Context(), batch) })
			if len(now) == 0 {
				break
			}
		}
		running.Wait()
	}
	time.Sleep(max(0, time.Second-time.Since(began)))
}

// throughWithin is the bound in docs/limits.md: how long after an app's recovery its
// waiting webhooks are all delivered. An environment may not probe the app for ten
// deadlines, or for a quarter of the time that it was down, up to a minute. Until
// then it defers what comes, which then waits as long again as it has so far.
func throughWithin(down time.Duration) time.Duration {
	probed := max(10*time.Second, min(down/4, time.Minute))
	return probed + min(down+probed, longestFault) + 20*time.Second
}

func TestPacingLetsWhatWaitedThroughSoonAfterARecovery(t *testing.T) {
	for name, down := range map[string]time.Duration{"a minute": time.Minute, "twenty minutes": 20 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(2) {
				synctest.Test(t, func(t *testing.T) {
					w, recovered := worldThatRecovers()
					w.t = t
					f := newFleet(w, 20, seed)
					arrives := func(webhooks int) {
						for range webhooks {
							f.due = append(f.due, due{Message: fromRetry(Delayed{Message: message("a")}), at: time.Now()})
						}
					}
					arrives(1000)
					sent := 1000
					for start := time.Now(); time.Since(start) < down; f.second() {
						n := f.rand.IntN(7)
						arrives(n)
						sent += n
					}
					*recovered = true
					start, waiting := time.Now(), len(f.due)
					for len(f.due)+len(w.delayed) > 0 && time.Since(start) < 10*longestFault {
						f.second()
					}
					took := time.Since(start).Round(time.Second)
					if took > throughWithin(down) {
						t.Errorf("the last of %d waited for %v after %v", waiting, took, down)
					}
					equal(t, "attempts", len(w.entries), sent)
				})
			}
		})
	}
}
