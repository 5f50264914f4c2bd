// Package parallel makes calls at the same time.
package parallel

import (
	"context"
	"sync"
)

// Each calls work for each number below n, atOnce at the same time, and returns the first
// error. After an error, or when ctx ends, it begins no more.
func Each(ctx context.Context, n, atOnce int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i := range n {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			if ctx.Err() != nil {
				return
			}
			if err := work(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
