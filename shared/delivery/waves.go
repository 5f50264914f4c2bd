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
				e := ending{app: w.appID}
				defer func() { endings <- e }()
				e.attempted = attempt(w)
			}()
		}
		quiet := time.NewTimer(lull)
		defer quiet.Stop()
		var wave, ended []*attempted // ended are not recorded yet
		for {
			ended = append(ended, untilQuiet(endings, open, quiet)...)
			wave, ended = split(ended, open)
			if !yield(wave) || len(open) == 0 {
				return
			}
		}
	}
}

// untilQuiet takes what ends until nothing has for a lull, or nothing is open. A lull
// that is over begins anew with the next end, and not before.
func untilQuiet(endings <-chan ending, open map[string]int, quiet *time.Timer) (ended []*attempted) {
	for len(open) > 0 {
		select {
		case e := <-endings:
			if open[e.app]--; open[e.app] == 0 {
				delete(open, e.app)
			}
			if e.attempted != nil {
				ended = append(ended, e.attempted)
			}
			quiet.Reset(lull)
		case <-quiet.C:
			return ended
		}
	}
	return ended
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
