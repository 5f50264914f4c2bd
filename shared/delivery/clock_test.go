package delivery

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
)

func TestAJumpOfTheClockOnlyShortensTheCache(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		at   []time.Duration // of a message each, since noon; the first and the last are of the app
		read bool            // the last asks the registry
	}{
		"just in time":            {[]time.Duration{0, cacheFor - 1}, false},
		"too late":                {[]time.Duration{0, cacheFor}, true},
		"hours later":             {[]time.Duration{0, 5 * time.Hour}, true},
		"before it was read":      {[]time.Duration{0, -1}, true},
		"hours before":            {[]time.Duration{0, -5 * time.Hour}, true},
		"returned and forth":      {[]time.Duration{0, -20 * time.Second, time.Second}, true},
		"returned and forth, far": {[]time.Duration{0, 20 * time.Second, 10 * time.Second, 25 * time.Second}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			w.register("other", platform.Internal, nil)
			j := w.job(nil)
			var reads int
			for i, at := range c.at {
				w.now = func() time.Time { return noon.Add(at) }
				reads = w.reads
				m := message(map[bool]string{true: "a", false: "other"}[i == 0 || i == len(c.at)-1])
				m.SentAt, m.FromRetry = noon, true
				deliverAll(t, j, m)
			}
			equal(t, "asks the registry", w.reads > reads, c.read)
			equal(t, "requests", len(w.sent), len(c.at))
		})
	}
}

func TestTheTimeLeftIsThatOfTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		j := w.job(nil)
		w.now = func() time.Time { return time.Now().Round(0).Add(time.Hour) } // an hour went by unseen
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		m := message("a")
		m.FromRetry = true
		equalList(t, "returned", j.Deliver(ctx, []Message{m}), m.ID)
		equal(t, "requests", len(w.sent), 0)
	})
}
