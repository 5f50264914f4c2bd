package delivery

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

func TestAJumpOfTheClockOnlyShortensTheCache(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		at   []time.Duration // of a message each, since noon; the first and the last are of the app
		read bool            // the last asks the registry
	}{
		"just in time":        {[]time.Duration{0, cacheFor - 1}, false},
		"too late":            {[]time.Duration{0, cacheFor}, true},
		"hours later":         {[]time.Duration{0, 5 * time.Hour}, true},
		"before it was read":  {[]time.Duration{0, -1}, true},
		"hours before":        {[]time.Duration{0, -5 * time.Hour}, true},
		"back and forth":      {[]time.Duration{0, -20 * time.Second, time.Second}, true},
		"back and forth, far": {[]time.Duration{0, 20 * time.Second, 10 * time.Second, 25 * time.Second}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			w.register("other", platform.Internal, nil)
			j := w.job(nil)
			var reads int
			for i, at := range c.at {
				j.Now = func() time.Time { return noon.Add(at) }
				reads = w.reads
				m := message(map[bool]string{true: "a", false: "other"}[i == 0 || i == len(c.at)-1])
				m.SentAt = noon
				deliverAll(t, j, m)
			}
			equal(t, "asks the registry", w.reads > reads, c.read)
			equal(t, "requests", len(w.sent), len(c.at))
		})
	}
}

func TestAJumpOfTheClockOnlyShortensWhatIsKnownOfPace(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	message := func(app string, took time.Duration) *item {
		return &item{webhook: platform.Webhook{AppID: app}, result: webhook.Result{Duration: took}}
	}
	for _, jump := range []time.Duration{-time.Hour, -time.Second, time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			p := newPace(time.Second)
			p.answered(message("slow", time.Second), now)
			p.answered(message("slow", time.Second), now)
			equal(t, "slow", p.judge(message("slow", 0), now), waitItsTurn)
			p.warnings()
			later := now.Add(jump)
			equal(t, "slow after the jump", p.judge(message("slow", 0), later), letThrough)

			p.answered(message("slow", time.Second), later)
			p.answered(message("slow", time.Second), later)
			equal(t, "others are warned anew", len(p.warnings()) > 0, true)
			retry := message("slow", 0)
			retry.FromRetry = true
			equal(t, "a try after the jump", p.judge(retry, later), letThrough)
			equal(t, "no try at once", p.judge(retry, later), waitItsTurn)
		})
	}
	t.Run("a try of a slow app", func(t *testing.T) {
		p := newPace(time.Second)
		p.answered(message("slow", time.Second), now)
		p.answered(message("slow", time.Second), now)
		p.apps["slow"].probed = now.Add(time.Hour)
		retry := message("slow", 0)
		retry.FromRetry = true
		equal(t, "an hour before the last", p.judge(retry, now), letThrough)
	})
	t.Run("an answer that seems to have taken an hour", func(t *testing.T) {
		p := newPace(time.Second)
		p.answered(message("a", time.Hour), now)
		equal(t, "another app", p.judge(message("b", 0), now), letThrough)
	})
	t.Run("the allowance", func(t *testing.T) {
		p := newPace(time.Second)
		p.fill(now)
		p.fill(now.Add(-time.Hour))
		equal(t, "another app", p.judge(message("b", 0), now.Add(-time.Hour)), letThrough)
		p.hear(map[string]time.Time{EveryApp: now.Add(time.Hour)}, now)
		equal(t, "used up elsewhere", p.judge(message("b", 0), now), overRetryQueue)
		equal(t, "and filled again", p.judge(message("b", 0), now.Add(startsWith*refill*time.Second)), letThrough)
	})
	t.Run("an app that was tried alone", func(t *testing.T) {
		p := newPace(time.Second)
		p.allowance = 0
		p.lookAt([]*item{message("a", 0)}, now)
		equal(t, "the first", p.judge(message("a", 0), now), letThrough)
		p.lookAt([]*item{message("b", 0)}, now)
		equal(t, "the next at once", p.judge(message("b", 0), now), overRetryQueue)
		p.lookAt([]*item{message("b", 0)}, now.Add(-time.Hour))
		equal(t, "the next an hour before", p.judge(message("b", 0), now.Add(-time.Hour)), letThrough)
	})
	t.Run("a warning of a clock that is ahead", func(t *testing.T) {
		p := newPace(time.Second)
		p.hear(map[string]time.Time{"a": now.Add(time.Hour)}, now)
		equal(t, "heeded", p.judge(message("a", 0), now), waitItsTurn)
		equal(t, "and forgotten", p.judge(message("a", 0), now.Add(forgetAfter)), letThrough)
	})
	t.Run("an app that was quick", func(t *testing.T) {
		p := newPace(time.Second)
		p.answered(message("a", quick), now)
		p.allowance = 0
		equal(t, "a moment ago", p.judge(message("a", 0), now), letThrough)
		equal(t, "in an hour", p.judge(message("a", 0), now.Add(-time.Hour)), overRetryQueue)
	})
	t.Run("what was asked of others", func(t *testing.T) {
		p := newPace(time.Second)
		equalList(t, "asked", p.asks(nil, now), EveryApp)
		equalList(t, "asked an hour before", p.asks(nil, now.Add(-time.Hour)), EveryApp)
	})
}

func TestTheTimeLeftIsThatOfTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		j := w.job(nil)
		j.Now = func() time.Time { return time.Now().Round(0).Add(time.Hour) } // an hour went by unseen
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		equalList(t, "back", j.Deliver(ctx, []Message{message("a")}), message("a").ID)
		equal(t, "requests", len(w.sent), 0)
	})
}
