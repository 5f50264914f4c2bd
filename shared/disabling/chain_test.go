package disabling_test

import (
	"slices"
	"testing"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// These tests run the chain of shared/standing through the two jobs that use
// it.

func TestChainOfAnEnablingTellsNobodyOnceTheAppIsDisabledAgain(t *testing.T) {
	w := brokenWorld()
	w.deliver(t, recordOf(firstKey))
	w.mailAll(t)
	w.advance(time.Minute)
	var calls []string
	w.delay = func(call string) error {
		if calls = append(calls, call); call == "ReadOrganization" {
			w.delay = nil
			w.advance(time.Second)
			w.deliver(t, w.count(app, w.today(), tally.Counts{Fatal: 1}))
		}
		return nil
	}
	w.register(t, platform.AppEnable{AppID: app}, w.now)
	w.delay = nil
	if !slices.Contains(calls, "Enable") || w.Apps[app].DisabledReason != "fatal" {
		t.Fatalf("calls %v, the app is %+v", calls, w.Apps[app])
	}
	for _, n := range w.Queue {
		if n.Kind == platform.AppEnabled {
			t.Errorf("%s is told that it works again", n.To.Email)
		}
	}
}
