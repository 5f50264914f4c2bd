package main

import (
	"context"
	"fmt"

	"hookwarden/bench/report"
)

// starts of one program make a run's value.
const starts = 5

const startName = "start of %s until it asks for work, ms"

func (b *bench) measureStart(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "Start", Notes: []string{
		fmt.Sprintf("From the start of the process until its first GET of /invocation/next: Lambda's init without the download of the zip. "+
			"A value is the median of %d starts. hello: a Lambda function built alike that does nothing.", starts),
	}}
	for _, function := range functions() {
		f, err := b.inTurn(ctx,
			report.Figure{Name: fmt.Sprintf(startName, function), Format: "%.1f", Against: "hello", Goal: report.Goal{Ratio: 2.5}},
			func(ctx context.Context) (float64, error) { return startTime(ctx, b.now.program(function)) },
			func(ctx context.Context) (float64, error) { return startTime(ctx, comparedProgram("hello")) })
		if err != nil {
			return s, err
		}
		s.Figures = append(s.Figures, f)
	}
	return s, nil
}

// startTime is how long a program takes until it asks for work, in milliseconds.
func startTime(ctx context.Context, program string) (float64, error) {
	var times []float64
	for range starts {
		// Nothing answers at the endpoint: a start that asked AWS for something would fail.
		e, err := startEnvironment(ctx, program, settings{endpoint: "http://127.0.0.1:1"})
		if err != nil {
			return 0, err
		}
		took, err := e.ready()
		e.stop()
		if err != nil {
			return 0, err
		}
		times = append(times, milliseconds(took))
	}
	return report.Median(times), nil
}
