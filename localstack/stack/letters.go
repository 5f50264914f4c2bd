package stack

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Letters looks for dead letters. What one search takes from a queue that it was
// not looking for is kept for the others: several may look at once.
type Letters struct {
	mu   sync.Mutex
	seen []Letter
}

// Find receives, and deletes, until a letter's body has the text; nil if there is
// none in that time. A receive under way when the time is over is waited for: cut
// off, it would hide what it has taken, and is no failure either way.
func (l *Letters) Find(ctx context.Context, receive func(context.Context) ([]Letter, error), text string, atMost time.Duration) (*Letter, error) {
	var found *Letter
	var failed error
	_ = Until(ctx, atMost, func(context.Context) error {
		got, err := receive(ctx)
		if err != nil && ctx.Err() == nil {
			failed = err
			return nil
		}
		if found = l.take(got, text); found != nil {
			return nil
		}
		return ErrNotYet
	})
	return found, failed
}

// take keeps letters, and looks for the text in all that were seen.
func (l *Letters) take(got []Letter, text string) *Letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, got...)
	for _, letter := range l.seen {
		if strings.Contains(letter.Body, text) {
			return &letter
		}
	}
	return nil
}
