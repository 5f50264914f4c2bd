package neighbours

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/bench/loopback"
)

func messages(group string, n int) (all []*message) {
	for i := range n {
		all = append(all, &message{webhook: fmt.Sprint(group, i), Message: loopback.Message{Group: group}})
	}
	return all
}

func names(batch []*message) (all []string) {
	for _, m := range batch {
		all = append(all, m.webhook)
	}
	return all
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQueueHandsOutInTheOrderInWhichMessagesBecomeAvailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue("q", false)
		q.put(2*time.Second, messages("late", 1)...)
		q.put(time.Second, messages("soon", 1)...)
		q.put(0, messages("now", 12)...)
		start := time.Now()
		equal(t, names(q.receive(t.Context())), []string{"now0", "now1", "now2", "now3", "now4", "now5", "now6", "now7", "now8", "now9"})
		equal(t, names(q.receive(t.Context())), []string{"now10", "now11"})
		equal(t, names(q.receive(t.Context())), []string{"soon0"})
		equal(t, names(q.receive(t.Context())), []string{"late0"})
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestQueueHandsOutAgainWhatABatchGaveBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue("q", false)
		q.put(0, messages("a", 2)...)
		batch := q.receive(t.Context())
		q.settle(batch, map[string]bool{batch[1].ID: true})
		start := time.Now()
		again := q.receive(t.Context())
		equal(t, names(again), []string{"a1"})
		if took := time.Since(start); took != visibility || again[0].Receives != 2 {
			t.Errorf("received %d times, after %v", again[0].Receives, took)
		}
		q.settle(again, nil)
		if left := q.held(); len(left) > 0 {
			t.Errorf("held %v", names(left))
		}
	})
}

func TestQueueHandsOutQuietGroupsFirstIfItIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fair := range []bool{false, true} {
			q := newQueue("q", fair)
			q.put(0, messages("noisy", 50)...)
			q.put(0, messages("quiet", 2)...)
			want := []string{"noisy", "noisy", "noisy", "quiet", "noisy"}
			if !fair {
				want = []string{"noisy", "noisy", "noisy", "noisy", "noisy"}
			}
			var got []string
			for range 5 {
				got = append(got, q.receive(t.Context())[0].Group)
			}
			equal(t, got, want)
		}
	})
}
