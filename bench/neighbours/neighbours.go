// Package neighbours measures how long the webhooks of a healthy app take while
// another app floods the queue and does not answer as it should. deliver's real
// program runs in many environments, between two queues in memory.
package neighbours

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"time"

	"hookwarden/bench/loopback"
	"hookwarden/bench/report"
)

const (
	deadline = 5 * time.Second // WEBHOOK_TIMEOUT_SECONDS
	quick    = 20 * time.Millisecond
)

// neighbour is one behaviour of the app that floods the queue, or of the apps.
type neighbour struct {
	name   string
	apps   int                // that share the flood; 0: there is none
	behave loopback.Behaviour // nil: it refuses the connection
	fair   bool               // the queues are fair
	main   bool               // measured if nothing else is asked for
}

func neighbours() []neighbour {
	return []neighbour{
		{name: "none", behave: loopback.AnswersAfter(quick), main: true},
		{name: "answers in 20 ms", apps: 1, behave: loopback.AnswersAfter(quick), main: true}, // what a flood costs in any case
		{name: "hangs", apps: 1, behave: hangs, main: true},
		{name: "hangs, fair queues", apps: 1, behave: hangs, fair: true},
		{name: "answers after 3 s", apps: 1, behave: loopback.AnswersAfter(deadline * 3 / 5)},
		{name: "answers after 4.9 s", apps: 1, behave: loopback.AnswersAfter(deadline - 100*time.Millisecond)},
		{name: "trickles", apps: 1, behave: trickles},
		{name: "hangs every second time", apps: 1, behave: hangsEverySecondTime},
		{name: "refuses", apps: 1},
		{name: "a thousand hang", apps: floodSize, behave: hangs},
	}
}

func hangs(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }

func hangsEverySecondTime(w http.ResponseWriter, r *http.Request, nth int) {
	if nth%2 == 0 {
		hangs(w, r, nth)
		return
	}
	loopback.AnswersAfter(quick)(w, r, nth)
}

// trickles sends the headers at once and then a byte a second.
func trickles(w http.ResponseWriter, r *http.Request, _ int) {
	to := http.NewResponseController(w)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if _, err := w.Write([]byte(".")); err != nil || to.Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

// Choice is which neighbours are measured, and always none of them: the others
// are held against it.
type Choice struct {
	All   bool
	Named string // expression for their names; empty: the few that matter most, or all
}

func (c Choice) of(all []neighbour) ([]neighbour, error) {
	named, err := regexp.Compile(c.Named)
	return slices.DeleteFunc(all, func(n neighbour) bool {
		switch {
		case err != nil:
			return true
		case n.apps == 0:
			return false
		case c.Named != "":
			return !named.MatchString(n.name)
		}
		return !c.All && !n.main
	}), err
}

// Measure runs deliver's program, for a good minute with each neighbour.
func Measure(ctx context.Context, program string, c Choice) (report.Section, error) {
	chosen, err := c.of(neighbours())
	if err != nil {
		return report.Section{}, err
	}
	var all []result
	for _, n := range chosen {
		_, _ = fmt.Fprintf(os.Stderr, "neighbour: %s, for %v or more\n", n.name, loadLasts)
		r, err := measure(ctx, program, n)
		if err != nil {
			return report.Section{}, fmt.Errorf("neighbour %q: %w", n.name, err)
		}
		all = append(all, r)
	}
	return section(all), nil
}

// settleFor is how long after the load what is on its way may take, at most.
const settleFor = 10 * time.Second

// measure makes one run.
func measure(ctx context.Context, program string, n neighbour) (result, error) {
	w, ctx, err := open(ctx, program, n)
	if err != nil {
		return result{}, err
	}
	defer w.stop()
	start := time.Now()
	late, err := w.load(ctx, start, n.apps)
	slices.Sort(late)
	if err != nil {
		return result{}, err
	}
	w.another.Become(loopback.AnswersAfter(quick))
	for recovered := time.Now(); time.Since(recovered) < settleFor && len(w.queued()) > 0; {
		if err := pause(ctx, quick); err != nil {
			return result{}, err
		}
	}
	r := w.ledger.result(start, w.queued())
	r.neighbour, r.late = n.name, late
	calls, err := w.aws.Counted()
	r.requests = w.retry.used() + calls["SendMessageBatch"]
	return r, err
}

// pause waits, or returns why ctx has ended.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
