package pace

import (
	"testing"
	"time"
)

func TestEnvironmentOnlyForgetsAtAJumpOfTheClock(t *testing.T) {
	set := func(jump time.Duration) *environment {
		e := newEnvironment(t)
		e.takeDown("down")
		e.usesUp(First)
		e.batch(Retry, "well", 1, quick)
		e.wants("one that was quick", First, "well", Send)
		e.now = e.now.Add(jump)
		return e
	}
	e := set(2 * time.Hour)
	e.wants("down, hours ago", First, "down", Send)

	e = set(-2 * time.Hour)
	e.wants("down, in two hours", First, "down", Detour)
	e.wants("quick, in two hours, while nothing is left", First, "well", Detour)
	e.now = e.now.Add(8 * deadline)
	e.wants("new, when the allowance has grown", First, "new", Send)
}

func TestProbeWaitsNoLongerThanAnyWhateverTheClockSays(t *testing.T) {
	e := newEnvironment(t)
	e.takeDown("a")
	e.apps["a"].next = e.now.Add(time.Hour)
	e.wants("set by a clock that was ahead", Retry, "a", Send)

	e = newEnvironment(t)
	e.Hear(map[string]time.Time{"a": e.now.Add(time.Hour)}, e.now)
	e.wants("told by a clock that is ahead", First, "a", Send)
}

func TestAllowanceIsChargedADeadlineForAnAnswerThatSeemsToHaveTakenAnHour(t *testing.T) {
	e := newEnvironment(t)
	e.Begin(First, 0).Observe("a", []Answer{{Took: time.Hour}}, e.now)
	equal(t, "tried then", e.crowd(First, 0, "a"), 10)
}
