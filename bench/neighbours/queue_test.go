package neighbours

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func messages(name string, n int) (all []*message) {
	for i := range n {
		all = append(all, &message{webhook: fmt.Sprint(name, i)})
	}
	return all
}

// received checks what the queue hands out next.
func received(t *testing.T, q *queue, want ...string) []*message {
	t.Helper()
	var got []string
	batch := q.receive(t.Context())
	for _, m := range batch {
		got = append(got, m.webhook)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	return batch
}

func TestQueueHandsOutInTheOrderInWhichMessagesBecomeAvailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue("q")
		q.put(2*time.Second, messages("late", 1)...)
		q.put(time.Second, messages("soon", 1)...)
		q.put(0, messages("now", 12)...)
		start := time.Now()
		received(t, q, "now0", "now1", "now2", "now3", "now4", "now5", "now6", "now7", "now8", "now9")
		received(t, q, "now10", "now11")
		received(t, q, "soon0")
		received(t, q, "late0")
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestQueueHandsOutAgainWhatABatchGaveBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue("q")
		q.put(0, messages("a", 2)...)
		batch := q.receive(t.Context())
		q.settle(batch, map[string]bool{batch[1].ID: true})
		start := time.Now()
		again := received(t, q, "a1")
		if took := time.Since(start); took != visibility || again[0].Receives != 2 {
			t.Errorf("received %d times, after %v", again[0].Receives, took)
		}
		q.settle(again, nil)
		left := make(map[string]bool)
		if requests := q.look(left); len(left) > 0 || requests != 4 {
			t.Errorf("%v are left after %d requests", left, requests)
		}
	})
}
