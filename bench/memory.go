package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"hookwarden/bench/report"
)

const (
	fewWebhooks  = 1_000
	manyWebhooks = 10_000
)

const memoryName = "peak memory of deliver after 10,000 webhooks, MB"

func (b *bench) measureMemory(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "Memory"}
	if runtime.GOOS != "linux" {
		s.Notes = []string{"Not measured: the peak is read from /proc, which only Linux has."}
		return s, nil
	}
	peak := report.Figure{Name: memoryName, Format: "%.1f", Against: "hello", Goal: report.Goal{Ratio: 2.5}}
	flat := report.Figure{Name: memoryName + ", is it flat?", Format: "%.1f", Against: "after 1,000", Goal: report.Goal{Ratio: 1.05}}
	for range b.runs {
		few, many, err := peaks(ctx, b.now.program("deliver"))
		if err != nil {
			return s, err
		}
		_, baseline, err := peaks(ctx, comparedProgram("hello"))
		if err != nil {
			return s, err
		}
		peak.Add(many, baseline)
		flat.Add(many, few)
	}
	s.Figures = []report.Figure{peak, flat}
	s.Notes = []string{"VmHWM of the process, in MB of 1,000,000 bytes: all that was ever resident, the program's own pages included. " +
		"hello is invoked as often, with the same events. Flat is taken for at most a twentieth more."}
	return s, nil
}

// peaks are the most memory that a program has used, in MB, when it has had some
// webhooks and when it has had many.
func peaks(ctx context.Context, program string) (few, many float64, err error) {
	l, err := openLoopback(answersAtOnce, nil)
	if err != nil {
		return 0, 0, err
	}
	defer l.close()
	d, err := startDeliver(ctx, program, settings{endpoint: l.aws.url})
	if err != nil {
		return 0, 0, err
	}
	defer d.stop()
	if err := d.send(fewWebhooks); err != nil {
		return 0, 0, err
	}
	if few, err = peakMemory(d.pid()); err != nil {
		return 0, 0, err
	}
	if err := d.send(manyWebhooks - fewWebhooks); err != nil {
		return 0, 0, err
	}
	many, err = peakMemory(d.pid())
	return few, many, err
}

// peakMemory is the most memory that a running process has used so far, in MB.
func peakMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, err := strconv.ParseFloat(kilobytes, 64)
	return n * 1024 / 1e6, err
}
