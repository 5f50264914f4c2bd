package delivery

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"
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

// maxHops is so high that what waits for a fault of ours runs out of time first.
const maxHops = 400

// expired reports whether a message is so old that it is given up.
func (p phase) expired(m Message) bool {
	return m.Hops > maxHops || p.now().Sub(m.SentAt) > p.maxAge
}
