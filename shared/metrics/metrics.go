// Package metrics writes figures as lines of the CloudWatch embedded metric
// format. CloudWatch Logs turns them into metrics without any call.
package metrics

import (
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

	mu      sync.Mutex
	counts  map[series]float64
	values  map[string][]float64 // milliseconds by name
	details map[string][]any     // by name
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

// Detail adds one object to a property: a list that CloudWatch Logs Insights can
// query and that is not a metric. What has many values, such as an app's slug,
// belongs here: as a dimension, each value would be a metric of its own, with
// its own price. name must not be the name of a metric or a dimension.
func (r *Recorder) Detail(name string, detail any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.details == nil {
		r.details = make(map[string][]any)
	}
	r.details[name] = append(r.details[name], detail)
}

// Flush writes what was collected, in as few lines as the format allows, and
// forgets it. A line has one value of each dimension and up to a hundred values
// of a metric. An invocation whose webhooks all end alike takes one line; each
// further outcome or reason takes one more.
func (r *Recorder) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []line
	for dimension, byValue := range byDimension(r.counts) {
		for i, value := range slices.Sorted(maps.Keys(byValue)) {
			lines = at(lines, i)
			lines[i].add(dimension, value, byValue[value])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		for i, chunk := range slices.Collect(slices.Chunk(r.values[name], maxValues)) {
			lines = at(lines, i)
			lines[i].add("", "", figures{name: {"Milliseconds", chunk}})
		}
	}
	for name, list := range r.details {
		if len(list) > 0 {
			lines = at(lines, 0)
			lines[0].members[name] = list
		}
	}
	for _, l := range lines {
		r.write(l)
	}
	r.forget()
}

// forget keeps the memory for the next invocation's figures, which will be
// much the same.
func (r *Recorder) forget() {
	clear(r.counts)
	for name, list := range r.values {
		r.values[name] = list[:0]
	}
	for name, list := range r.details {
		clear(list)
		r.details[name] = list[:0]
	}
}

// byDimension groups counts by their dimension, and by its value.
func byDimension(counts map[series]float64) map[string]map[string]figures {
	grouped := make(map[string]map[string]figures)
	for s, n := range counts {
		if grouped[s.dimension] == nil {
			grouped[s.dimension] = make(map[string]figures)
		}
		if grouped[s.dimension][s.value] == nil {
			grouped[s.dimension][s.value] = make(figures)
		}
		grouped[s.dimension][s.value][s.name] = figure{"Count", n}
	}
	return grouped
}

// at makes sure that there is a line at index, if there is one for each lower
// index.
func at(lines []line, index int) []line {
	if index < len(lines) {
		return lines
	}
	return append(lines, line{members: make(map[string]any), directives: make(map[string]*directive)})
}

// figures are metrics by name.
type figures map[string]figure

type figure struct {
	unit  string
	value any
}

// line is one line to be written: its members and, by dimension, the metrics
// that CloudWatch makes of them.
type line struct {
	members    map[string]any
	directives map[string]*directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }

func (l line) add(dimension, value string, metrics figures) {
	d := l.directives[dimension]
	if d == nil {
		d = &directive{Namespace: Namespace, Dimensions: [][]string{{}}}
		if dimension != "" {
			d.Dimensions[0] = []string{dimension}
			l.members[dimension] = value
		}
		l.directives[dimension] = d
	}
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		d.Metrics = append(d.Metrics, definition{name, metrics[name].unit})
		l.members[name] = metrics[name].value
	}
}

func (r *Recorder) write(l line) {
	directives := make([]*directive, 0, len(l.directives))
	for _, dimension := range slices.Sorted(maps.Keys(l.directives)) {
		directives = append(directives, l.directives[dimension])
	}
	l.members["_aws"] = map[string]any{"Timestamp": r.Now().UnixMilli(), "CloudWatchMetrics": directives}
	text, err := json.Marshal(l.members)
	if err != nil {
		return // only NaN or infinity, which no duration or count is
	}
	_, _ = r.Out.Write(append(text, '\n'))
}
