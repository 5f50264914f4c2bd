package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// about says how, where, when and of what the figures were taken.
func (b *bench) about() []string {
	return []string{
		"`make bench` has written this page. It drives the real, stripped programs through Lambda's Runtime API, " +
			"with stand-ins for DynamoDB and SQS that answer at once, and receivers, all on loopback. Only the mails are measured on the local stack.",
		fmt.Sprintf("A figure is the median of %d runs, in brackets the smallest and the largest, unless its section says otherwise. "+
			"What is compared is measured in turn, in the same run, and a ratio is that of each pair. A goal is met if the median is within it.", b.runs),
		fmt.Sprintf("Measured on %s: %s, %d processors, %s/%s, GOMAXPROCS=%d for the programs. %s; %s. %s. The run took %.0f minutes.",
			b.begun.UTC().Format("2006-01-02, 15:04 UTC"), processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, procs,
			runtime.Version(), modules(), b.commit, time.Since(b.begun).Minutes()),
	}
}

// processor is what the machine calls its own; empty words where it does not say.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "a processor of unknown make"
	}
	name := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(info)
	if name == nil {
		return "a processor of unknown make"
	}
	return string(name[1])
}

// modules are AWS's in go.mod, with their versions.
func modules() string {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		return "go.mod cannot be read"
	}
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^\tgithub.com/aws/(\S+ v\S+)$`).FindAllSubmatch(text, -1) {
		all = append(all, string(m[1]))
	}
	return strings.Join(all, ", ")
}

// commit is that of the tree, and whether the tree is as it was committed. This
// program's own page does not count.
func commit(ctx context.Context) string {
	id, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "not in a git repository"
	}
	name := "Commit " + strings.TrimSpace(string(id))
	changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--", ".", ":!"+page).Output()
	if err == nil && len(changed) > 0 {
		name += ", with changes"
	}
	return name
}
