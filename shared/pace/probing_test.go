package pace

import (
	"fmt"
	"testing"
	"time"
)

// takeDown lets an app hang until it is down.
func (e *environment) takeDown(app string) {
	e.t.Helper()
	e.batch(First, app, 10, missed)
	e.wants("down", Retry, app, Defer)
}

func TestProbesOfAnAppThatIsDownAreOneAtATimeAndMoreSeldom(t *testing.T) {
	e := newEnvironment(t)
	e.takeDown("a")
	down, last := e.now, time.Duration(0)
	for i := 0; e.now.Sub(down) < time.Hour; {
		e.now = e.now.Add(time.Second)
		sent := e.sends(Retry, "a", 10, missed)
		if sent == 0 {
			continue
		}
		equal(t, "sent at once", sent, 1)
		at := e.now.Sub(down)
		want := max(10*deadline, min(last/4, time.Minute))
		if gap := at - last; gap < want || gap > want+2*deadline {
			t.Errorf("probe %d came %v after the last, at %v", i, gap, at)
		}
		last = at
		i++
	}
	if last < 50*time.Minute {
		t.Errorf("probed last after %v", last)
	}
}

func TestProbeWhoseEndIsNeverToldIsNotRepeatedAtOnce(t *testing.T) {
	e := newEnvironment(t)
	e.takeDown("a")
	e.now = e.now.Add(10 * deadline)
	e.wants("the probe", Retry, "a", Send)
	e.wants("another", Retry, "a", Defer)
}

func TestProbesAreNoNewWebhooks(t *testing.T) {
	e := newEnvironment(t)
	e.takeDown("a")
	e.now = e.now.Add(time.Minute)
	e.wants("over the first queue", First, "a", Defer)
}

func TestRecoveryIsTwiceAsMuchWithEachAnswerAndHalfWithAMiss(t *testing.T) {
	e := newEnvironment(t)
	e.takeDown("a")
	e.now = e.now.Add(10 * deadline)
	for i, want := range []int{1, 2, 4, 8} {
		equal(t, fmt.Sprintf("sent in batch %d", i), e.sends(Retry, "a", 10, quick), want)
		equal(t, "recovers", e.Recovers("a"), true)
	}
	equal(t, "sent over the first queue then", e.sends(First, "a", 10, quick), 10)

	e = newEnvironment(t)
	e.takeDown("a")
	e.now = e.now.Add(10 * deadline)
	for _, want := range []int{1, 2, 4} {
		equal(t, "sent", e.sends(Retry, "a", 10, quick), want)
	}
	b := e.Begin(Retry, 0)
	b.Observe("a", []Answer{quick, quick, slow, slow, slow, slow, slow, missed}, e.now)
	equal(t, "sent after one miss among eight", e.sends(Retry, "a", 10, quick), 4)
}

func TestRecoveryOfANewcomerDoesNotFlattenItOverTheFirstQueueEither(t *testing.T) {
	e := newEnvironment(t)
	e.Hear(map[string]time.Time{"a": e.now}, e.now)
	equal(t, "tried over the retry queue", e.sends(Retry, "a", 10, quick), 1)
	sent, detour, _ := e.batch(First, "a", 10, quick)
	equal(t, "sent over the first queue", sent, 2)
	equal(t, "sent on at once", detour, 8)
}

func TestProbesAreNotForAnAppThatAnsweredAnything(t *testing.T) {
	e := newEnvironment(t)
	for range 10 {
		e.Begin(Retry, 0).Observe("a", []Answer{missed, missed, missed, missed, quick}, e.now)
		e.now = e.now.Add(8 * deadline)
	}
	equal(t, "sent", e.sends(Retry, "a", 10, quick), 1)
}

func TestWaitDoublesAndBatchesComeBackWhole(t *testing.T) {
	e := newEnvironment(t)
	b := e.Begin(Retry, 0)
	bySecond := make(map[int]int)
	for i := range 1000 {
		wait := b.Wait("a", 4, fmt.Sprintf("%08x-1278-4e51-a3c2-7a1e5e4fbb11", i), e.now)
		if wait > 80*time.Second || wait <= 40*time.Second {
			t.Errorf("wait: %v", wait)
		}
		bySecond[int(wait.Seconds())]++
	}
	for second, n := range bySecond {
		if n > 2*1000/40 {
			t.Errorf("%d of 1000 come back in second %d", n, second)
		}
	}
	equal(t, "the longest wait", b.Wait("a", 300, "x", e.now), longestWait)
	equal(t, "a batch's waits", b.Wait("a", 2, "x", e.now), b.Wait("b", 2, "x", e.now))
}

func TestWaitOfAnAppThatIsDownDoesNotEndBeforeItsProbe(t *testing.T) {
	e := newEnvironment(t)
	e.takeDown("a")
	for _, elapsed := range []time.Duration{0, 7 * time.Second} {
		now := e.now.Add(elapsed)
		for i := range 1000 {
			left := 10*deadline - elapsed
			wait := e.Begin(First, 0).Wait("a", 0, fmt.Sprint(i), now)
			if wait <= left-time.Millisecond || wait > max(2*left, Soon) {
				t.Fatalf("a webhook waits %v, and the next probe is %v away", wait, left)
			}
		}
	}
	e.now = e.now.Add(10 * deadline)
	if wait := e.Begin(Retry, 0).Wait("a", 0, "x", e.now); wait > Soon {
		t.Errorf("with a probe due, a webhook waits %v", wait)
	}
	if wait := e.Begin(Retry, 0).Wait("b", 0, "x", e.now); wait > Soon {
		t.Errorf("a webhook of an app that nothing is known of waits %v", wait)
	}
}

func TestWaitBehindAnAppThatAnswersSomethingIsNotThatForAProbe(t *testing.T) {
	e := newEnvironment(t)
	e.takeDown("a")
	e.now = e.now.Add(10 * deadline)
	b := e.Begin(Retry, 0)
	equal(t, "the probe", b.Admit("a", e.now), Send)
	b.Observe("a", []Answer{missed, quick}, e.now)
	equal(t, "answers all", e.Recovers("a"), false)
	if wait := b.Wait("a", 0, "x", e.now); wait > Soon {
		t.Errorf("a webhook waits %v", wait)
	}
}

func TestWaitAfterTheClockWasSetBackIsAsIfNothingWereKnown(t *testing.T) {
	e := newEnvironment(t)
	e.takeDown("a")
	e.now = e.now.Add(20 * time.Minute)
	e.wants("the probe", Retry, "a", Send)
	for _, back := range []time.Duration{15 * time.Minute, time.Hour} {
		if wait := e.Begin(Retry, 0).Wait("a", 0, "x", e.now.Add(-back)); wait > Soon {
			t.Errorf("a webhook waits %v", wait)
		}
	}
}
