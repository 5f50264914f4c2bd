package parallel

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestEachDoesAllButNotAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, done atomic.Int64
		begun := time.Now()
		err := Each(t.Context(), 10, 4, func(context.Context, int) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			done.Add(1)
			return nil
		})
		if err != nil || done.Load() != 10 || most.Load() > 4 || time.Since(begun) != 3*time.Second {
			t.Errorf("%d done, %d at once, in %s, %v", done.Load(), most.Load(), time.Since(begun), err)
		}
	})
}

func TestEachBeginsNoMoreAfterAnError(t *testing.T) {
	broken := errors.New("broken")
	var begun atomic.Int64
	err := Each(t.Context(), 100, 1, func(_ context.Context, i int) error {
		begun.Add(1)
		if i == 2 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || begun.Load() != 3 {
		t.Errorf("%d begun, %v", begun.Load(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, 1, 1, func(context.Context, int) error { t.Error("begun"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
