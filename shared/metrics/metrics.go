// Package metrics writes figures as lines of the CloudWatch embedded metric
// format: CloudWatch Logs makes metrics of them, nobody has to call anything.
package metrics

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// Namespace of all metrics.
const Namespace = "hookwarden"

// maxValues is how many values the format allows a metric in one line.
const maxValues = 100

// Recorder collects the figures of one invocation. It is safe for concurrent
// use.
type Recorder struct {
	Out io.Writer
	Now func() time.Time

	mu     sync.Mutex
	counts map[series]float64
	values map[string][]float64 // milliseconds by name
}

// series is one metric with at most one dimension.
type series struct{ name, dimension, value string }

// Count adds one to a metric. dimension and value may both be empty.
func (r *Recorder) Count(name, dimension, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = make(map[series]float64)
	}
	r.counts[series{name, dimension, value}]++
}

// Milliseconds adds one value to a metric of durations.
func (r *Recorder) Milliseconds(name string, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.values == nil {
		r.values = make(map[string][]float64)
	}
	r.values[name] = append(r.values[name], float64(d)/float64(time.Millisecond))
}

// Flush writes what was collected and forgets it: one line for all figures
// without a dimension, one for each value of a dimension.
func (r *Recorder) Flush() {
	r.mu.Lock()
	counts, values := r.counts, r.values
	r.counts, r.values = nil, nil
	r.mu.Unlock()

	lines := make(map[series]line) // by dimension and value
	at := func(dimension, value string) line {
		key := series{dimension: dimension, value: value}
		if lines[key] == nil {
			lines[key] = line{}
		}
		return lines[key]
	}
	for s, n := range counts {
		at(s.dimension, s.value)[s.name] = figure{"Count", n}
	}
	for name, list := range values {
		for chunk := range slices.Chunk(list, maxValues) {
			if l := at("", ""); l[name].unit == "" {
				l[name] = figure{"Milliseconds", chunk}
				continue
			}
			r.write("", "", line{name: figure{"Milliseconds", chunk}})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(lines), func(a, b series) int {
		return cmp.Or(cmp.Compare(a.dimension, b.dimension), cmp.Compare(a.value, b.value))
	}) {
		r.write(key.dimension, key.value, lines[key])
	}
}

type line map[string]figure

type figure struct {
	unit  string
	value any
}

func (r *Recorder) write(dimension, value string, figures line) {
	type definition struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []definition
	}
	d := directive{Namespace: Namespace, Dimensions: [][]string{{}}}
	members := map[string]any{}
	if dimension != "" {
		d.Dimensions[0] = []string{dimension}
		members[dimension] = value
	}
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		d.Metrics = append(d.Metrics, definition{name, figures[name].unit})
		members[name] = figures[name].value
	}
	members["_aws"] = map[string]any{"Timestamp": r.Now().UnixMilli(), "CloudWatchMetrics": []directive{d}}
	text, err := json.Marshal(members)
	if err != nil {
		return // only NaN or infinity, which no duration or count is
	}
	_, _ = r.Out.Write(append(text, '\n'))
}
