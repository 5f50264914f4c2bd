package delivery

import (
	"iter"
	"time"
)

// lull is a time in which no request ends, after which those that have ended are
// recorded. It is long enough to record the answers of healthy receivers together,
// and short compared with the deadline of one that hangs.
const lull = 100 * time.Millisecond

// ending is the end of one request; attempted is nil if the attempt panicked.
type ending struct {
	app string
	*attempted
}

// waves attempts all webhooks at once and yields them in waves to be recorded, each
// webhook once. A wave comes when nothing has ended for a lull, or when all have
// ended. An app's webhooks are in one wave, so that its successes are never recorded
// without its failures. There is at least one wave, which may be empty, since what
// was not sent is recorded with the first.
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
		var wave, ended []*attempted // ended is not yet recorded
		for {
			ended = append(ended, untilQuiet(endings, open, quiet)...)
			wave, ended = split(ended, open)
			if !yield(wave) || len(open) == 0 {
				return
			}
		}
	}
}

// untilQuiet collects endings until nothing has ended for a lull, or nothing is open.
// After a lull, the next one starts only when another request ends.
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

// split separates the webhooks whose app has no open request from the others.
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
