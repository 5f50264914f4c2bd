package delivery

import (
	"context"
	"iter"
	"time"
)

// lull is how long nothing may end before what has ended is recorded. It is long
// enough for the answers of healthy receivers to be recorded together, and short
// beside the deadline of one that hangs.
const lull = 100 * time.Millisecond

// waves sends what is to be sent, all at once, and yields the items in waves to
// be recorded: each item once, as soon as nothing has ended for a lull, or all
// have. An app's items are in one wave, so that its successes are never recorded
// apart from its failures. What the time left cannot see through to its records
// is not started and goes back.
func (j *Job) waves(ctx context.Context, items []*item) iter.Seq[[]*item] {
	return func(yield func([]*item) bool) {
		var ready []*item // to be recorded
		ended := make(chan *item, len(items))
		open := make(map[string]int) // by app: requests that have not ended
		hasTime := j.hasTime(ctx)
		for _, it := range items {
			if !it.settled() && hasTime {
				open[it.webhook.AppID]++
				go func() {
					defer func() { ended <- it }()
					j.guard(ctx, it, func() { j.attempt(ctx, it) })
				}()
				continue
			}
			it.back = it.back || !it.settled()
			ready = append(ready, it)
		}
		for {
			ready = append(ready, untilLull(ended, open)...)
			wave, rest := split(ready, open)
			if len(wave) > 0 && !yield(wave) {
				return
			}
			if len(open) == 0 {
				return
			}
			ready = append(rest, take(<-ended, open))
		}
	}
}

// untilLull takes what ends until nothing has for a lull, or nothing is open.
func untilLull(ended <-chan *item, open map[string]int) (items []*item) {
	timer := time.NewTimer(lull)
	defer timer.Stop()
	for len(open) > 0 {
		select {
		case it := <-ended:
			items = append(items, take(it, open))
			timer.Reset(lull)
		case <-timer.C:
			return items
		}
	}
	return items
}

// take closes an item's request.
func take(it *item, open map[string]int) *item {
	id := it.webhook.AppID
	if open[id]--; open[id] == 0 {
		delete(open, id)
	}
	return it
}

// split parts the items whose app has no request open from the others.
func split(items []*item, open map[string]int) (closed, rest []*item) {
	for _, it := range items {
		if open[it.webhook.AppID] > 0 {
			rest = append(rest, it)
			continue
		}
		closed = append(closed, it)
	}
	return closed, rest
}
