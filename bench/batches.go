package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"hookwarden/bench/report"
)

const (
	warmBatches  = 20 // before a measurement begins
	timedBatches = 20 // whose median is a run's value

	// Of each kind, with one that hangs and with none, in each of some processes:
	// their median is a run's value. An environment tries one app that turns out to
	// hang, and another a while later: a second would be kept waiting.
	hungBatches   = 1
	hungProcesses = 16
	between       = 5 // batches of known apps before each of them
	aWhile        = 500 * time.Millisecond
)

const batchName = "batch of ten, receivers that answer in 20 ms, ms"

func (b *bench) measureBatches(ctx context.Context) (report.Section, error) {
	whole, err := b.inTurn(ctx,
		report.Figure{Name: batchName, Format: "%.1f", Against: "the answer alone", Goal: report.Goal{Ratio: 1.25}},
		func(ctx context.Context) (float64, error) { return batchTime(ctx, b.now) }, always(milliseconds(quick)))
	if err != nil {
		return report.Section{}, err
	}
	nine := report.Figure{Name: "nine requests have reached their receivers, beside one that hangs, ms", Format: "%.2f",
		Against: "beside one that answers", Goal: report.Goal{Ratio: 1.1}}
	for range b.runs {
		var hung, answered []float64
		for range hungProcesses {
			with, without, err := untilAllArrive(ctx, b.now)
			if err != nil {
				return report.Section{}, err
			}
			hung, answered = append(hung, with...), append(answered, without...)
		}
		nine.Add(report.Median(hung), report.Median(answered))
	}
	return report.Section{Title: "Batches", Figures: []report.Figure{whole, nine}, Notes: []string{
		fmt.Sprintf("From handing the event to the warm process until its answer, and until the last of the nine arrives. "+
			"A value is the median of %d batches.", timedBatches),
		fmt.Sprintf("The one that hangs, to the deadline of 1 s, or answers is the tenth app of its batch, never seen before, on a new connection; the nine are known. "+
			"The two kinds take turns in one process. A value is the median of %d batches, %d in each of %d processes: "+
			"in a second the app might go over RetryQueue, since a process finds out about no more apps that hang at a time.",
			hungBatches*hungProcesses, hungBatches, hungProcesses),
	}}, nil
}

// batchTime is how long a build's deliver takes for a batch of one app, in
// milliseconds.
func batchTime(ctx context.Context, b build) (float64, error) {
	l, err := openLoopback(answersQuickly, nil)
	if err != nil {
		return 0, err
	}
	defer l.close()
	d, err := startDeliver(ctx, b.program("deliver"), settings{endpoint: l.aws.url})
	if err != nil {
		return 0, err
	}
	defer d.stop()
	var times []float64
	for i := range warmBatches + timedBatches {
		batch, err := d.batch("17")
		if err != nil {
			return 0, err
		}
		took, err := d.hand(batch)
		if err != nil {
			return 0, err
		}
		if i >= warmBatches {
			times = append(times, milliseconds(took))
		}
	}
	return report.Median(times), nil
}

// errDeferred says that not all of a batch were sent: the process took an app
// for slow, as it does when the machine stands still for half a second.
var errDeferred = errors.New("not all webhooks of a batch were sent")

// untilAllArrive tries nineArrive some times, each with a new process.
func untilAllArrive(ctx context.Context, b build) (hung, answered []float64, err error) {
	for range 3 {
		if hung, answered, err = nineArrive(ctx, b); !errors.Is(err, errDeferred) {
			return hung, answered, err
		}
		_, _ = fmt.Fprintf(os.Stderr, "batches: %v; once more\n", err)
	}
	return nil, nil, err
}

// nineArrive is how long it takes until nine requests of a batch have reached
// their receivers, in milliseconds, beside a tenth that hangs and beside one that
// answers, in turn.
func nineArrive(ctx context.Context, b build) (hung, answered []float64, err error) {
	var clock arrivals
	l, err := openLoopback(answersQuickly, clock.arrive)
	if err != nil {
		return nil, nil, err
	}
	defer l.close()
	tenth, err := serveReceiver(hangsOrCloses, func(string) {})
	if err != nil {
		return nil, nil, err
	}
	defer tenth.close()
	known := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}
	l.aws.appURL = func(app string) string {
		if len(app) > 1 {
			return tenth.url + app
		}
		return l.receiver.url + app
	}
	d, err := startDeliver(ctx, b.program("deliver"), settings{endpoint: l.aws.url})
	if err != nil {
		return nil, nil, err
	}
	defer d.stop()
	for i := range hungBatches {
		for kind, times := range map[string]*[]float64{hanging: &hung, "answering": &answered} { // in any order
			time.Sleep(aWhile)
			for range between {
				if _, err := clock.of(d, known); err != nil {
					return nil, nil, err
				}
			}
			took, err := clock.of(d, append(slices.Clone(known), fmt.Sprint(kind, i)))
			if err != nil {
				return nil, nil, err
			}
			*times = append(*times, milliseconds(took))
		}
	}
	if sent := tenth.requests(); sent != 2*hungBatches {
		err = fmt.Errorf("%w: %d of %d to the tenth app", errDeferred, sent, 2*hungBatches)
	}
	return hung, answered, err
}

// hanging begins the names of apps that hang.
const hanging = "hanging"

// hangsOrCloses hangs if that is the app's name. If not it answers, and then
// closes, so that the next one takes a new connection as after one that hung.
func hangsOrCloses(w http.ResponseWriter, r *http.Request, nth int) {
	if strings.HasPrefix(path.Base(r.URL.Path), hanging) {
		hangs(w, r, nth)
		return
	}
	w.Header().Set("Connection", "close")
	answersQuickly(w, r, nth)
}

// arrivals keeps when the last request arrived, and how many did.
type arrivals struct {
	mu    sync.Mutex
	count int
	last  time.Time
}

func (a *arrivals) arrive(string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	a.last = time.Now()
}

// of hands a batch over and returns when the last of those that arrive here did.
func (a *arrivals) of(d *deliver, apps []string) (time.Duration, error) {
	batch, err := d.batch(apps...)
	if err != nil {
		return 0, err
	}
	a.mu.Lock()
	a.count = 0
	a.mu.Unlock()
	start := time.Now()
	if _, err := d.hand(batch); err != nil {
		return 0, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count < batchSize-1 {
		return 0, fmt.Errorf("%w: %d of nine arrived", errDeferred, a.count)
	}
	return a.last.Sub(start), nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
