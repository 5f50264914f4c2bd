package neighbours

import (
	"context"
	"fmt"
	"time"
)

// The load of a run. What counts for the figure is what the healthy app is sent
// from one deadline after the flood on.
const (
	every     = time.Second / 20 // a webhook of the healthy app
	seldom    = time.Second      // one of an app that no environment knows, another each time
	loadLasts = 60 * time.Second // then the neighbour recovers
	floodAt   = 10 * time.Second
	floodSize = 1000
	figureAt  = floodAt + deadline
)

const (
	healthyApp = "healthy"
	seldomApps = "seldom" // begins their names; they answer as the healthy app does
)

// load sends the webhooks of a run at their times. late is how much later than
// that each was sent: what this machine adds by itself.
func (w *world) load(ctx context.Context, start time.Time, apps int) (late []time.Duration, err error) {
	for i := range int(loadLasts / every) {
		at := time.Duration(i) * every
		if err := pause(ctx, time.Until(start.Add(at))); err != nil {
			return nil, err
		}
		late = append(late, time.Since(start)-at)
		if at == floodAt && apps > 0 {
			w.flood(apps)
		}
		w.send(webhook{id: fmt.Sprintf("%s_%d", healthyApp, i), app: healthyApp})
		if at%seldom == 0 {
			w.send(webhook{id: fmt.Sprintf("%s_%d", seldomApps, i), app: fmt.Sprint(seldomApps, i)})
		}
	}
	return late, nil
}

func (w *world) flood(apps int) {
	var all []webhook
	for i := range floodSize {
		all = append(all, webhook{id: fmt.Sprintf("flood_%d", i), app: fmt.Sprintf("neighbour%d", i%apps)})
	}
	w.send(all...)
}
