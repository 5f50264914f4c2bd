package pace

import (
	"fmt"
	"testing"
	"time"
)

func TestAllowanceIsForThreeDeadlinesAndComesBackWithAShareOfTheTime(t *testing.T) {
	a := newAllowance(deadline, 4)
	now := start
	left := func(what string, want int) {
		t.Helper()
		equal(t, what, a.has(want, now), true)
		equal(t, what+", and no more", a.has(want+1, now), false)
	}
	left("at first", 3)
	a.charge(deadline, now)
	left("after one", 2)
	a.charge(2*deadline, now)
	left("after three", 0)
	now = now.Add(4*deadline - time.Millisecond)
	left("just before four deadlines are over", 0)
	now = now.Add(time.Millisecond)
	left("after four", 1)
	now = now.Add(time.Hour)
	left("after an hour", 3)
	a.charge(500*deadline, now)
	left("after far too much", 0)
	now = now.Add(4 * deadline)
	left("nothing is owed", 1)
}

// crowd puts ten unknown apps into one batch and lets them hang.
func (e *environment) crowd(lane Lane, late time.Duration, name string) (sent int) {
	b := e.Begin(lane, late)
	var tried []string
	for i := range 10 {
		app := fmt.Sprint(name, i)
		if b.Admit(app, e.now) == Send {
			tried = append(tried, app)
		}
	}
	if len(tried) > 0 {
		e.now = e.now.Add(deadline)
	}
	for _, app := range tried {
		b.Observe(app, []Answer{missed}, e.now)
	}
	return len(tried)
}

// usesUp lets crowds hang until nothing is left of the lane's allowance.
func (e *environment) usesUp(lane Lane) {
	e.t.Helper()
	for i := range 3 {
		b := e.Begin(lane, 0)
		e.now = e.now.Add(deadline)
		b.Observe(fmt.Sprint("hangs", lane, i), []Answer{missed}, e.now)
	}
}

func TestAllowanceIsChargedOnceForAllThatHoldABatch(t *testing.T) {
	e := newEnvironment(t)
	equal(t, "tried together", e.crowd(First, 0, "a"), 10)
	equal(t, "tried then", e.crowd(First, 0, "b"), 10)
	equal(t, "tried when there is one deadline left", e.crowd(First, 0, "c"), 0)
	e.wants("one that nothing is known of", First, "new", Detour)
	e.wants("over the retry queue", Retry, "new", Send)
	e.now = e.now.Add(2 * deadline) // and two were held
	equal(t, "tried four deadlines after the first", e.crowd(First, 0, "c"), 0)
	e.now = e.now.Add(deadline)
	equal(t, "tried five deadlines after the first", e.crowd(First, 0, "d"), 10)
	equal(t, "and after that", e.crowd(First, 0, "e"), 0)
}

func TestAllowanceKeepsItsLastForAppsThatWereWell(t *testing.T) {
	e := newEnvironment(t)
	e.batch(First, "well", 1, quick)
	e.now = e.now.Add(10 * time.Second)
	e.crowd(First, 0, "a")
	e.crowd(First, 0, "b")
	e.wants("one that nothing is known of", First, "new", Detour)
	e.wants("one that was well a while ago", First, "well", Send)
	e.usesUp(First)
	e.wants("when nothing is left", First, "well", Detour)
	equal(t, "sent over the retry queue", e.sends(Retry, "well", 10, quick), 10)
	equal(t, "sent once it has answered", e.sends(First, "well", 10, quick), 10)
	e.batch(First, "well", 1, missed)
	e.wants("after a miss", First, "well", Detour)
}

func TestAllowanceIsChargedForTheSlowestOfABatch(t *testing.T) {
	e := newEnvironment(t)
	b := e.Begin(First, 0)
	e.now = e.now.Add(deadline)
	for i, took := range []time.Duration{600 * time.Millisecond, deadline, 700 * time.Millisecond} {
		b.Observe(fmt.Sprint(i), []Answer{{Took: took}}, e.now)
	}
	equal(t, "tried then", e.crowd(First, 0, "a"), 10)
	equal(t, "and after that", e.crowd(First, 0, "b"), 0)
}

func TestAllowanceIsNotChargedForAnAnswer(t *testing.T) {
	for name, a := range map[string]Answer{"quick": quick, "slow": slow, "refused": ended} {
		e := newEnvironment(t)
		for i := range 200 {
			app := fmt.Sprint(i)
			equal(t, name, e.Begin(First, 0).Admit(app, start), Send)
			e.Begin(First, 0).Observe(app, []Answer{a}, start)
		}
	}
}

func TestAllowanceThatIsUsedUpLeavesAnAppUntriedThatMissed(t *testing.T) {
	e := newEnvironment(t)
	e.batch(First, "a", 1, missed)
	e.wants("its one try", Retry, "a", Send)
	e.usesUp(Retry)
	e.wants("its one try, when nothing is left", Retry, "a", Defer)
	e.wants("one that nothing is known of", Retry, "new", Send)
	e.takeDown("b")
	e.now = e.now.Add(7 * deadline)
	e.wants("before a probe is due", Retry, "b", Defer)
}

func TestAllowanceOfOneQueueIsNotChargedForAMissOverTheOther(t *testing.T) {
	e := newEnvironment(t)
	e.usesUp(Retry)
	e.wants("one that nothing is known of", First, "new", Send)
}

func TestBatchThatIsLateTriesNobodyUnknown(t *testing.T) {
	e := newEnvironment(t)
	equal(t, "tried", e.crowd(First, deadline, "a"), 0)
	e.batch(First, "well", 1, quick)
	equal(t, "one that was quick", e.Begin(First, deadline).Admit("well", e.now), Send)
	e.now = e.now.Add(time.Minute)
	equal(t, "one that was quick a while ago", e.Begin(First, deadline).Admit("well", e.now), Send)
	equal(t, "tried in one that is hardly late", e.crowd(First, deadline/2, "b"), 10)
	equal(t, "tried over the retry queue", e.crowd(Retry, 10*deadline, "c"), 10)

	hasty := New(100 * time.Millisecond)
	equal(t, "with a short deadline", hasty.Begin(First, 400*time.Millisecond).Admit("a", start), Send)
}

// The other seven eighths of the retry batches are for apps that answer.
func TestAllowanceLetsAppsThatMissHoldAnEighthOfTheRetryBatches(t *testing.T) {
	e := newEnvironment(t)
	held := 0
	for end := start.Add(800 * deadline); e.now.Before(end); {
		for i := range 50 { // as many that are down, each probed if it may be
			if e.sends(Retry, fmt.Sprint("down", i), 1, missed) > 0 {
				held++
			}
		}
		e.now = e.now.Add(deadline / 10)
	}
	const found = 50 * 2 // each app is found to be down first
	if held > 800/8+found || held < 800/8 {
		t.Errorf("held for %d of 800 deadlines", held)
	}
}
