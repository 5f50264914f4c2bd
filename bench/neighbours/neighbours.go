// Package neighbours measures how long a healthy app's webhooks take while
// another app floods the queue and answers badly. deliver's real program runs
// in many environments, between two queues in memory.
package neighbours

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"time"

	"hookwarden/bench/loopback"
	"hookwarden/bench/report"
)

const (
	deadline = 5 * time.Second // WEBHOOK_TIMEOUT_SECONDS
	quick    = 20 * time.Millisecond
)

// neighbour is one behaviour of the app or apps that flood the queue.
type neighbour struct {
	name   string
	apps   int                // apps that share the flood; 0: no flood
	behave loopback.Behaviour // nil: they refuse the connection
}

func neighbours() []neighbour {
	return []neighbour{
		{name: "none", behave: answers(quick)},
		{name: "answers in 20 ms", apps: 1, behave: answers(quick)}, // the cost of any flood
		{name: "hangs", apps: 1, behave: hangs},
		{name: "answers after 3 s", apps: 1, behave: answers(deadline * 3 / 5)},
		{name: "answers after 4.9 s", apps: 1, behave: answers(deadline - 100*time.Millisecond)},
		{name: "hangs every second time", apps: 1, behave: hangsEverySecondTime},
		{name: "refuses", apps: 1},
		{name: "a thousand hang", apps: floodSize, behave: hangs},
	}
}

func answers(after time.Duration) loopback.Behaviour {
	return loopback.Answers(after, http.StatusOK, "ok\n")
}

func hangs(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }

func hangsEverySecondTime(w http.ResponseWriter, r *http.Request, nth int) {
	if nth%2 == 0 {
		hangs(w, r, nth)
		return
	}
	answers(quick)(w, r, nth)
}

// Main matches the names of the neighbours that matter most.
const Main = "^(hangs|answers in 20 ms)$"

// Measure runs deliver's program without a neighbour, and with each neighbour
// whose name matches, for a little more than a minute each.
func Measure(ctx context.Context, program string, names *regexp.Regexp) (report.Section, error) {
	var all []result
	for _, n := range neighbours() {
		if n.apps > 0 && !names.MatchString(n.name) {
			continue
		}
		_, _ = fmt.Fprintf(os.Stderr, "neighbour: %s, for %v or more\n", n.name, loadLasts)
		r, err := measure(ctx, program, n)
		if err != nil {
			return report.Section{}, fmt.Errorf("neighbour %q: %w", n.name, err)
		}
		all = append(all, r)
	}
	return section(all), nil
}

// pause waits. If ctx ends first, it returns why.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// The load of a run. The figure counts the healthy app's webhooks from one
// deadline after the flood on.
const (
	every     = time.Second / 20 // time between two webhooks of the healthy app
	seldom    = time.Second      // time between two webhooks of seldom apps, each of another app that no environment knows
	loadLasts = 60 * time.Second // then the neighbour recovers
	floodAt   = 10 * time.Second
	floodSize = 1000
	figureAt  = floodAt + deadline

	healthyApp = "healthy"
	seldomApps = "seldom" // prefix of their names; they answer as the healthy app does
)

// load sends the webhooks of a run at their times. late is how late each was
// sent, which is this machine's own delay.
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
