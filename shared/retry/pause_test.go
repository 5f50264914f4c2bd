package retry

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPauseEndsInTime(t *testing.T) {
	for name, c := range map[string]struct {
		within, cut, wait, took time.Duration // cut: when the context is cancelled; 0: never
		want                    bool
	}{
		"there is time left after it":    {2 * time.Second, 0, time.Second, time.Second, true},
		"there would be none":            {time.Second, 0, time.Second, 0, false},
		"it is cut off":                  {time.Minute, time.Second, 2 * time.Second, time.Second, false},
		"there is time, but it is short": {time.Minute, time.Second, 500 * time.Millisecond, 500 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), c.within)
				defer cancel()
				if c.cut > 0 {
					defer time.AfterFunc(c.cut, cancel).Stop()
				}
				began := time.Now()
				if got := Pause(ctx, c.wait); got != c.want || time.Since(began) != c.took {
					t.Errorf("%v after %v, want %v after %v", got, time.Since(began), c.want, c.took)
				}
			})
		})
	}
}
