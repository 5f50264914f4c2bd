package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// trace appends one line for each webhook of a run to a file: for whoever wants
// to know which ones were late, and why.
func trace(file string, r result, trips map[string]trip) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	out := bufio.NewWriter(f)
	_, _ = fmt.Fprintf(out, "# neighbour: %s\n# app\tsent, s\tdelay, s\ttimes deferred\tattempts\n", r.neighbour.name)
	var all []trip
	for _, t := range trips {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b trip) int { return a.sent.Compare(b.sent) })
	for _, t := range all {
		traceOne(out, t, r.start)
	}
	return out.Flush()
}

func traceOne(out io.Writer, t trip, start time.Time) {
	delay := "–"
	if !t.arrived.IsZero() {
		delay = fmt.Sprintf("%.4f", t.arrived.Sub(t.sent).Seconds())
	}
	_, _ = fmt.Fprintf(out, "%s\t%.3f\t%s\t%d\t%d\n", t.app, t.sent.Sub(start).Seconds(), delay, t.deferred, t.attempts)
}
