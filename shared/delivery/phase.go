package delivery

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"hookwarden/shared/platform"
)

// phase is what every phase has.
type phase struct {
	maxAge  time.Duration
	now     func() time.Time
	metrics Metrics
	logger  *slog.Logger
}

// Metrics takes figures; it never fails.
type Metrics interface {
	Count(name, dimension, value string)
	Milliseconds(name string, d time.Duration)
	// Detail adds an object to a property that makes no metric.
	Detail(name string, detail any)
}

// guard runs a step for one item. A panic returns that item and leaves the others
// alone.
func (p phase) guard(ctx context.Context, it *item, step func()) {
	defer func() {
		if fault := recover(); fault != nil {
			it.fate = returned{}
			p.logger.ErrorContext(ctx, "message panicked", it.names("panic", fault, "stack", string(debug.Stack()))...)
		}
	}()
	step()
}

const (
	unknownWait  = 15 * time.Second
	unknownGrace = 5 * time.Minute
	unknownHops  = 2 // the third try has two hops behind it
)

// unknownApp is the fate of a message whose app was never registered: its registration
// may come yet.
func (p phase) unknownApp(m Message) fate {
	if m.Hops >= unknownHops && p.now().Sub(m.SentAt) >= unknownGrace {
		return deadLettered{reason: platform.ReasonUnknownApp, detail: "app_id names an app that was never registered"}
	}
	return delayed{reason: delayUnknownApp, wait: unknownWait}
}

// maxHops is so high that what waits for a fault of ours runs out of time first.
const maxHops = 400

// expired reports whether a message is so old that it is given up.
func (p phase) expired(m Message) bool {
	return m.Hops > maxHops || p.now().Sub(m.SentAt) > p.maxAge
}
