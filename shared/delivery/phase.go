package delivery

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"hookwarden/shared/platform"
)

// phase is what every phase needs.
type phase struct {
	maxAge  time.Duration
	now     func() time.Time
	metrics Metrics
	logger  *slog.Logger
}

// Metrics records figures. It never fails.
type Metrics interface {
	Count(name, dimension, value string)
	Milliseconds(name string, d time.Duration)
	// Detail adds an object to a property, which is not a metric.
	Detail(name string, detail any)
}

// guard runs a step for one item. If it panics, that item is returned and the others
// are not affected.
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
	unknownHops  = 2 // at its third try a message has made two hops
)

// unknownApp is the fate of a message whose app is not registered. The registration
// may still come.
func (p phase) unknownApp(m Message) fate {
	if m.Hops >= unknownHops && p.now().Sub(m.SentAt) >= unknownGrace {
		return deadLettered{reason: platform.ReasonUnknownApp, detail: "app_id names an app that was never registered"}
	}
	return delayed{reason: delayUnknownApp, wait: unknownWait}
}

// maxHops is high enough that a message waiting for a fault of ours reaches its
// maximum age first.
const maxHops = 400

// expired reports whether a message is too old, or has made too many hops, to go on.
func (p phase) expired(m Message) bool {
	return m.Hops > maxHops || p.now().Sub(m.SentAt) > p.maxAge
}
