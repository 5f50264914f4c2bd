package pace

import (
	"testing"
	"time"
)

const deadline = time.Second

var (
	start  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	quick  = Answer{Took: 20 * time.Millisecond, Complete: true}
	slow   = Answer{Took: 600 * time.Millisecond, Complete: true}
	missed = Answer{Took: deadline}
	ended  = Answer{Took: 20 * time.Millisecond} // refused, say
)

// environment is a Pace with a clock that tests move forward.
type environment struct {
	*Pace
	t   *testing.T
	now time.Time
}

func newEnvironment(t *testing.T) *environment {
	t.Helper()
	return &environment{Pace: New(deadline), t: t, now: start}
}

// batch puts n webhooks of an app into a batch of their own, gives all that are
// sent the same answer, and returns how many went where.
func (e *environment) batch(lane Lane, app string, n int, a Answer) (sent, detour, deferred int) {
	e.t.Helper()
	b := e.Begin(lane, 0)
	var answers []Answer
	for range n {
		switch b.Admit(app, e.now) {
		case Send:
			answers = append(answers, a)
			sent++
		case Detour:
			detour++
		case Defer:
			deferred++
		}
	}
	if len(answers) > 0 {
		e.now = e.now.Add(a.Took)
	}
	b.Observe(app, answers, e.now)
	return sent, detour, deferred
}

// sends is batch for tests that only count what is sent.
func (e *environment) sends(lane Lane, app string, n int, a Answer) int {
	e.t.Helper()
	sent, _, _ := e.batch(lane, app, n, a)
	return sent
}

func (e *environment) wants(what string, lane Lane, app string, want Verdict) {
	e.t.Helper()
	if got := e.Begin(lane, 0).Admit(app, e.now); got != want {
		e.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestAdmitDetoursTheSlow(t *testing.T) {
	mixed := func(share int, a Answer) []Answer {
		var list []Answer
		for i := range 40 {
			if i%share == share-1 {
				list = append(list, a)
			} else {
				list = append(list, quick)
			}
		}
		return list
	}
	for name, c := range map[string]struct {
		answers []Answer
		want    Verdict
	}{
		"quick":                      {mixed(40, quick), Send},
		"refused at once":            {mixed(1, ended), Send},
		"answers below half":         {mixed(1, Answer{Took: 490 * time.Millisecond, Complete: true}), Send},
		"answers above half":         {mixed(1, slow), Detour},
		"late one time in twenty":    {mixed(20, slow), Send},
		"late one time in ten":       {mixed(10, slow), Send},
		"misses one time in ten":     {mixed(10, missed), Send},
		"misses every second time":   {mixed(2, missed), Detour},
		"late every time, then once": {append(mixed(1, slow), quick), Detour},
		"had been late":              {append(mixed(1, slow), quick, quick, quick), Send},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			for _, a := range c.answers {
				e.now = e.now.Add(a.Took)
				e.Begin(Retry, 0).Observe("a", []Answer{a}, e.now)
			}
			e.wants("over the first queue", First, "a", c.want)
		})
	}
}

func TestAdmitSendsAnAppThatAnswersSlowlyAllThatItHasOverTheRetryQueue(t *testing.T) {
	e := newEnvironment(t)
	e.batch(First, "a", 10, slow)
	for range 100 {
		_, detour, _ := e.batch(First, "a", 10, slow)
		equal(t, "sent on at once", detour, 10)
		equal(t, "sent over the retry queue", e.sends(Retry, "a", 10, slow), 10)
	}
	equal(t, "told of it", len(e.Tell()), 0)
}

func TestAdmitNeedsOneBatchOfAnAppThatHangs(t *testing.T) {
	e := newEnvironment(t)
	e.batch(First, "a", 10, quick)
	e.batch(First, "a", 10, missed)
	sent, _, deferred := e.batch(First, "a", 10, missed)
	equal(t, "sent", sent, 0)
	equal(t, "deferred", deferred, 10)
}

func TestAdmitLeavesOneTryAfterAFirstMiss(t *testing.T) {
	e := newEnvironment(t)
	e.batch(First, "a", 1, missed)
	e.wants("over the first queue", First, "a", Detour)
	sent, _, deferred := e.batch(Retry, "a", 10, quick)
	equal(t, "sent over the retry queue", sent, 1)
	equal(t, "waits", deferred, 9)

	e = newEnvironment(t)
	e.batch(First, "a", 1, missed)
	e.batch(Retry, "a", 10, missed)
	e.wants("after another miss", Retry, "a", Defer)
}

func TestAdmitChangesLittleForAMissAmongManyAnswers(t *testing.T) {
	e := newEnvironment(t)
	e.batch(First, "a", 10, quick)
	b := e.Begin(First, 0)
	e.now = e.now.Add(deadline)
	b.Observe("a", []Answer{quick, quick, quick, missed, quick}, e.now)
	equal(t, "sent", e.sends(First, "a", 10, quick), 10)
}

func TestEnvironmentForgetsAndStaysSmall(t *testing.T) {
	e := newEnvironment(t)
	for i := range 3 * size {
		b := e.Begin(Retry, 0)
		b.Observe(string(rune(i)), []Answer{missed}, e.now)
		e.Tell()
	}
	if n := len(e.apps); n > size {
		t.Errorf("%d apps remembered", n)
	}
	e = newEnvironment(t)
	e.batch(First, "a", 10, missed)
	e.now = e.now.Add(memory - time.Second)
	e.wants("until the end", First, "a", Defer)
	e.now = e.now.Add(2 * time.Second)
	e.wants("forgotten", First, "a", Send)
}
