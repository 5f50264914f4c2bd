package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"
)

// neighbourPart measures how long the webhooks of a healthy app take while
// another app floods the queue and does not answer as it should.
type neighbourPart struct {
	all    bool   // every behaviour, and until the backlog is through
	chosen string // expression for the names of those to measure; empty: by all
	trace  string // file; empty: none

	results []result // of the last run, the first without a neighbour
}

// neighbour is one behaviour of the app that floods the queue, or of the apps.
type neighbour struct {
	name   string
	apps   int       // that share the flood; 0: there is none
	behave behaviour // nil: it refuses the connection
	fair   bool      // the queues are fair
	main   bool      // measured if nothing else is asked for
	stay   bool      // with all: on until its backlog is through
}

func neighbours() []neighbour {
	return []neighbour{
		{name: "none", behave: answersQuickly, main: true},
		{name: "answers in 20 ms", apps: 1, behave: answersQuickly, main: true}, // what a flood costs in any case
		{name: "hangs", apps: 1, behave: hangs, main: true, stay: true},
		{name: "hangs, fair queues", apps: 1, behave: hangs, fair: true},
		{name: "answers after 3 s", apps: 1, behave: answersSlowly},
		{name: "answers after 4.9 s", apps: 1, behave: answersJustInTime},
		{name: "trickles", apps: 1, behave: trickles},
		{name: "hangs every second time", apps: 1, behave: hangsEverySecondTime},
		{name: "refuses", apps: 1},
		{name: "a thousand hang", apps: floodSize, behave: hangs},
	}
}

const (
	settleFor = 10 * time.Second // after the load, for what is on its way
	stayFor   = 15 * time.Minute // at most, until the backlog is through
)

func (p *neighbourPart) run(ctx context.Context, program string, out io.Writer) error {
	chosen, err := regexp.Compile(p.chosen)
	if err != nil {
		return err
	}
	var results []result
	for _, n := range neighbours() {
		if !p.wants(n, chosen) {
			continue
		}
		n.stay = n.stay && p.all
		_, _ = fmt.Fprintf(os.Stderr, "neighbour: %s, for %v or more\n", n.name, loadLasts)
		r, trips, err := measure(ctx, program, n)
		if err != nil {
			return fmt.Errorf("neighbour %q: %w", n.name, err)
		}
		if p.trace != "" {
			if err := trace(p.trace, r, trips); err != nil {
				return err
			}
		}
		results = append(results, r)
	}
	p.results = results
	return printNeighbours(out, results)
}

// wants always measures what the others are held against.
func (p *neighbourPart) wants(n neighbour, chosen *regexp.Regexp) bool {
	switch {
	case n.apps == 0:
		return true
	case p.chosen != "":
		return chosen.MatchString(n.name)
	}
	return p.all || n.main
}

// measure makes one run.
func measure(ctx context.Context, program string, n neighbour) (result, map[string]trip, error) {
	w, ctx, err := open(ctx, program, n)
	if err != nil {
		return result{}, nil, err
	}
	defer w.stop()
	start := time.Now()
	late, err := w.load(ctx, start, n.apps)
	if err != nil {
		return result{}, nil, err
	}
	r := result{neighbour: n, start: start, late: sorted(late), backlog: w.backlog()}
	w.another.recovered.Store(true)
	recovered := time.Now()
	atMost := settleFor
	if n.stay {
		atMost = stayFor
	}
	for time.Since(recovered) < atMost && len(w.queuedWebhooks()) > 0 {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return result{}, nil, context.Cause(ctx)
		}
	}
	r.stayed = time.Since(recovered)
	trips := r.close(w)
	return r, trips, nil
}
