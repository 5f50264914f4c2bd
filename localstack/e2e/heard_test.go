package e2e

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"hookwarden/localstack/stack"
	"hookwarden/shared/platform"
)

// heard keeps the events read from EventsQueue, which all tests share, by app. An event
// that comes twice is kept once.
type heard struct {
	mu     sync.Mutex
	events map[string][]platform.Event
}

func (h *heard) read(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	letters, err := running.Receive(ctx, "EVENTS_QUEUE_URL")
	if err != nil {
		return err
	}
	for _, l := range letters {
		var e platform.Event
		if err := json.Unmarshal([]byte(l.Body), &e); err != nil {
			return err
		}
		if h.events == nil {
			h.events = make(map[string][]platform.Event)
		}
		if !slices.ContainsFunc(h.events[e.App.ID], func(o platform.Event) bool { return o.ID == e.ID }) {
			h.events[e.App.ID] = append(h.events[e.App.ID], e)
		}
	}
	return nil
}

// heard waits for this many events of the app and returns them in the order of their
// times. It returns none if the stack sends none.
func (a *app) heard(t *testing.T, want int) []platform.Event {
	t.Helper()
	if running.Names["EVENTS_QUEUE_URL"] == "" {
		return nil
	}
	var events []platform.Event
	eventually(t, "the platform is told", func(ctx context.Context) error {
		if err := running.heard.read(ctx); err != nil {
			return err
		}
		running.heard.mu.Lock()
		defer running.heard.mu.Unlock()
		if events = slices.Clone(running.heard.events[a.id]); len(events) < want {
			return stack.ErrNotYet
		}
		return nil
	})
	slices.SortFunc(events, func(a, b platform.Event) int {
		if a.At < b.At {
			return -1
		}
		return 1
	})
	if len(events) != want {
		t.Errorf("%d events, want %d: %+v", len(events), want, events)
	}
	return events
}
