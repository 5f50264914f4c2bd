package stack

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Letters looks for dead letters. It keeps letters that a search took but was not
// looking for, so that several searches may run at once.
type Letters struct {
	mu   sync.Mutex
	seen []Letter
}

// Find receives and deletes letters until one has the text in its body. It
// returns nil if none comes in time. At the end it waits for a receive that is
// under way: cut off, the receive would hide what it has taken. Such a receive is
// not a failure.
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

// take keeps letters, and looks for the text in all letters so far.
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
