package main

import (
	"context"
	"fmt"
	"time"
)

// The load of a neighbour run. What counts for the figure is what the healthy
// app is sent from one deadline after the flood on.
const (
	every     = time.Second / 20 // a webhook of the healthy app
	seldom    = time.Second      // one of an app that no environment knows, another each time
	loadLasts = 60 * time.Second // then the neighbour recovers
	floodAt   = 10 * time.Second
	floodSize = 1000
	figureAt  = floodAt + deadline
)

// load sends the webhooks of a run at their times. late is how much later than
// that each was sent: what this machine adds by itself.
func (w *world) load(ctx context.Context, start time.Time, apps int) (late []time.Duration, err error) {
	for i := range int(loadLasts / every) {
		due := start.Add(time.Duration(i) * every)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		late = append(late, time.Since(due))
		if due.Sub(start) == floodAt && apps > 0 {
			w.flood(apps)
		}
		w.send([]string{fmt.Sprintf("%s_%d", healthyApp, i)}, []string{healthyApp})
		if due.Sub(start)%seldom == 0 {
			w.send([]string{fmt.Sprintf("%s_%d", seldomApps, i)}, []string{fmt.Sprint(seldomApps, i)})
		}
	}
	return late, nil
}

func (w *world) flood(apps int) {
	var ids, of []string
	for i := range floodSize {
		ids = append(ids, fmt.Sprintf("flood_%d", i))
		of = append(of, fmt.Sprintf("neighbour%d", i%apps))
	}
	w.send(ids, of)
}
