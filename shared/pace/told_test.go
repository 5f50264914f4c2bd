package pace

import (
	"testing"
	"time"
)

func TestWarningsSayFromWhenAnAppMayBeTried(t *testing.T) {
	e := newEnvironment(t)
	tells := func(what string, want time.Time) {
		t.Helper()
		told := e.Tell()
		if got, ok := told["a"]; !ok || !got.Equal(want) || len(told) != 1 {
			t.Errorf("%s: got %v, want %v", what, told, want)
		}
		equal(t, what+": told again", len(e.Tell()), 0)
	}
	e.batch(First, "a", 1, missed)
	tells("a first miss: it may be tried", e.now)
	e.batch(Retry, "a", 1, missed)
	tells("down: not for ten deadlines", e.now.Add(10*deadline))
	e.now = e.now.Add(20 * time.Minute)
	e.batch(Retry, "a", 1, missed)
	tells("still down", e.now.Add(time.Minute))
	e.now = e.now.Add(time.Minute)
	e.batch(Retry, "a", 1, quick)
	tells("it answers: it may be tried", e.now)
	e.batch(Retry, "a", 2, quick)
	equal(t, "told while it grows", len(e.Tell()), 0)
}

func TestWarningsLeaveAnAppOneTryOverTheRetryQueue(t *testing.T) {
	e := newEnvironment(t)
	e.Hear(map[string]time.Time{"a": e.now}, e.now)
	e.wants("over the first queue", First, "a", Detour)
	equal(t, "recovers", e.Recovers("a"), false)
	equal(t, "sent", e.sends(Retry, "a", 10, quick), 1)
	e.wants("after one answer in time", First, "a", Send)
}

func TestWarningsLetAnAppThatIsDownForOthersWaitUntilTheySay(t *testing.T) {
	e := newEnvironment(t)
	e.Hear(map[string]time.Time{"a": e.now.Add(time.Minute)}, e.now)
	e.wants("over the first queue", First, "a", Defer)
	e.now = e.now.Add(time.Minute - 1)
	e.wants("just before", Retry, "a", Defer)
	e.Hear(map[string]time.Time{"a": e.now.Add(time.Minute)}, e.now)
	e.now = e.now.Add(time.Minute - 1)
	e.wants("others probed it meanwhile", Retry, "a", Defer)
	e.Hear(map[string]time.Time{"a": e.now}, e.now)
	e.wants("it answered others", Retry, "a", Send)
}

func TestWarningsAreBelievedLessThanWhatWasSeenHere(t *testing.T) {
	e := newEnvironment(t)
	e.batch(First, "a", 1, quick)
	e.Hear(map[string]time.Time{"a": e.now.Add(time.Minute)}, e.now)
	e.wants("down for others, quick here a moment ago", First, "a", Send)
	e.now = e.now.Add(10 * time.Second)
	e.Hear(map[string]time.Time{"a": e.now}, e.now)
	e.wants("one miss elsewhere, quick here", First, "a", Send)
	e.Hear(map[string]time.Time{"a": e.now.Add(time.Minute)}, e.now)
	e.wants("down for others, quick here a while ago", First, "a", Detour)
	equal(t, "tried over the retry queue", e.sends(Retry, "a", 10, missed), 1)
	e.wants("down here too", First, "a", Defer)
}

func TestWarningsOfLongAgoAreNotHeeded(t *testing.T) {
	e := newEnvironment(t)
	e.Hear(map[string]time.Time{"a": e.now.Add(-memory)}, e.now)
	e.wants("over the first queue", First, "a", Send)
}
