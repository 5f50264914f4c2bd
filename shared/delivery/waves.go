package delivery

import (
	"iter"
	"time"
)

// lull is how long nothing may end before what has ended is recorded. It is long
// enough for the answers of healthy receivers to be recorded together, and short
// next to the deadline of one that hangs.
const lull = 100 * time.Millisecond

// ending is the end of one request; attempted is nil if it came to none.
type ending struct {
	app string
	*attempted
}

// waves attempts webhooks, all at once, and yields them in waves to be recorded:
// each once, as soon as nothing has ended for a lull, or all have. An app's webhooks
// are in one wave, so that its successes are never recorded apart from its failures.
// There is at least one wave, if an empty one: what was not sent waits for the first.
func waves(send []sendable, attempt func(sendable) *attempted) iter.Seq[[]*attempted] {
	return func(yield func([]*attempted) bool) {
		endings := make(chan ending, len(send))
		open := make(map[string]int) // by app: requests that have not ended
		for _, w := range send {
			open[w.appID]++
			go func() {
				var a *attempted
				defer func() { endings <- ending{w.appID, a} }()
				a = attempt(w)
			}()
		}
		var ended []*attempted // not recorded yet
		for {
			ended = append(ended, untilLull(endings, open)...)
			wave, rest := split(ended, open)
			if !yield(wave) || len(open) == 0 {
				return
			}
			ended = take(rest, <-endings, open)
		}
	}
}

// untilLull takes what ends until nothing has for a lull, or nothing is open.
func untilLull(endings <-chan ending, open map[string]int) (ended []*attempted) {
	timer := time.NewTimer(lull)
	defer timer.Stop()
	for len(open) > 0 {
		select {
		case e := <-endings:
			ended = take(ended, e, open)
			timer.Reset(lull)
		case <-timer.C:
			return ended
		}
	}
	return ended
}

// take closes a request.
func take(ended []*attempted, e ending, open map[string]int) []*attempted {
	if open[e.app]--; open[e.app] == 0 {
		delete(open, e.app)
	}
	if e.attempted == nil {
		return ended
	}
	return append(ended, e.attempted)
}

// split parts the webhooks whose app has no request open from the others.
func split(ended []*attempted, open map[string]int) (closed, rest []*attempted) {
	for _, w := range ended {
		if open[w.appID] > 0 {
			rest = append(rest, w)
			continue
		}
		closed = append(closed, w)
	}
	return closed, rest
}
