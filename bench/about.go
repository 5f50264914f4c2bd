package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"

	"hookwarden/bench/loopback"
)

// about says how, where, when and of what the figures were taken.
func (b *bench) about(ctx context.Context) []string {
	return []string{
		"`make bench` has written this page. It drives the real, stripped programs through Lambda's Runtime API, " +
			"with stand-ins for DynamoDB and SQS that answer at once, and receivers, all on loopback.",
		fmt.Sprintf("A figure is the median of %d runs, in brackets the smallest and the largest, unless its section says otherwise. "+
			"What is compared is measured in turn, in the same run, and a ratio is that of each pair. A goal is met if the median is within it.", b.runs),
		fmt.Sprintf("Measured on %s: %s, %d processors, %s/%s, GOMAXPROCS=%d for the programs. %s; %s. %s. The run took %.0f minutes.",
			b.begun.UTC().Format("2006-01-02, 15:04 UTC"), first("/proc/cpuinfo", `model name\s*: (.*)`), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, loopback.Procs,
			runtime.Version(), "aws-sdk-go-v2 "+first("go.mod", `aws-sdk-go-v2 (v\S+)`), commit(ctx), time.Since(b.begun).Minutes()),
	}
}

// first is what a pattern finds first in a file.
func first(file, pattern string) string {
	text, _ := os.ReadFile(file) // what cannot be read says nothing
	if found := regexp.MustCompile(pattern).FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return "unknown"
}

// commit is that of the tree, and whether the tree is as it was committed. This
// program's own page does not count.
func commit(ctx context.Context) string {
	id, err := git(ctx, "rev-parse", "--short", "HEAD")
	if err != nil {
		return "Not in a git repository"
	}
	if changed, err := git(ctx, "status", "--porcelain", "--", ".", ":!"+page); err == nil && strings.TrimSpace(changed) != "" {
		id += ", with changes"
	}
	return "Commit " + id
}
