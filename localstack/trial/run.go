package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hookwarden/bench/cost"
)

// run is what is known about a run of the tests.
type run struct {
	passed  int
	failed  []string
	skipped []skip
	took    float64 // seconds

	calls map[string]int // the tests' requests, by operation

	invocations, logged int
	billed              time.Duration
	attempts            int // from the functions' metrics

	missing []string // files that do not exist
}

// skip is a test that did not run, and why.
type skip struct{ test, why string }

// readTests reads the events of go test -json.
func (r *run) readTests(text []byte) error {
	said := make(map[string]string) // the last line of each test
	for line := range bytes.Lines(text) {
		var e struct {
			Action, Test, Output string
			Elapsed              float64
		}
		if json.Unmarshal(line, &e) != nil {
			continue // not an event of go test, but output of a build or a stack
		}
		switch e.Action {
		case "output":
			if m := regexp.MustCompile(`^\s+\w+_test\.go:\d+: (.*)`).FindStringSubmatch(e.Output); m != nil {
				said[e.Test] = strings.TrimSpace(m[1])
			}
		case "pass":
			if e.Test == "" {
				r.took = e.Elapsed
				continue
			}
			r.passed++
		case "fail":
			if e.Test == "" {
				r.took = e.Elapsed
				continue
			}
			r.failed = append(r.failed, e.Test)
		case "skip":
			if e.Test != "" {
				r.skipped = append(r.skipped, skip{e.Test, said[e.Test]})
			}
		}
	}
	return nil
}

func (r *run) readCalls(text []byte) error { return json.Unmarshal(text, &r.calls) }

var (
	billedJSON = regexp.MustCompile(`"billedDurationMs":\s*(\d+)`)           //nolint:gochecknoglobals // a constant
	billedText = regexp.MustCompile(`^REPORT .*\bBilled Duration: (\d+) ms`) //nolint:gochecknoglobals // a constant
)

// readLogs reads the log lines of the functions and of Lambda itself.
func (r *run) readLogs(text []byte) error {
	for line := range strings.Lines(string(text)) {
		r.logged += len(line)
		line = strings.TrimSpace(line)
		m := billedText.FindStringSubmatch(line)
		if m == nil && strings.Contains(line, `"platform.report"`) {
			m = billedJSON.FindStringSubmatch(line)
		}
		if m != nil {
			ms, err := strconv.Atoi(m[1])
			if err != nil {
				return err
			}
			r.invocations++
			r.billed += time.Duration(ms) * time.Millisecond
		}
		var metrics struct {
			AWS      json.RawMessage `json:"_aws"`
			Attempts float64         `json:"webhook.attempts"`
		}
		if json.Unmarshal([]byte(line), &metrics) == nil && metrics.AWS != nil {
			r.attempts += int(metrics.Attempts)
		}
	}
	return nil
}

// of returns how many requests the tests sent to a service.
func (r *run) of(service string) (n int) {
	for operation, times := range r.calls {
		if strings.HasPrefix(operation, service) {
			n += times
		}
	}
	return n
}

// unitsOfAttempt is how many write units an attempt usually takes: one for its
// log entry, one for its counts.
const unitsOfAttempt = 2

// bill is the cost of the requests at list prices.
func (r *run) bill() ([]cost.Line, float64) {
	lines, total := cost.Bill(cost.Usage{
		Webhooks: 1e6, // so that the cost of a million is the cost of the run
		// The lines that were counted include Lambda's own.
		Invocations: r.invocations, Billed: r.billed, LogBytes: max(0, r.logged-r.invocations*cost.PlatformLines),
		SQSRequests: r.of("AmazonSQS"), WriteUnits: float64(r.attempts * unitsOfAttempt), ReadUnits: float64(r.of("DynamoDB")),
	})
	return lines, total
}

// report is the text to paste.
func (r *run) report(where string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### End-to-end tests of hookwarden on %s\n\n", where)
	fmt.Fprintf(&b, "- Ran: %d passed, %d failed, %d skipped, in %.0f s.\n", r.passed, len(r.failed), len(r.skipped), r.took)
	for _, name := range slices.Sorted(slices.Values(r.failed)) {
		fmt.Fprintf(&b, "  - failed: %s\n", name)
	}
	lines, total := r.bill()
	fmt.Fprintf(&b, "- Cost, by what was counted, times list prices of us-east-1: about $%.4f. %d invocations of %s in all, %d attempts, %d bytes logged; "+
		"the tests themselves sent %d requests to SQS and %d to DynamoDB.\n", total, r.invocations, r.billed.Round(time.Millisecond), r.attempts, r.logged, r.of("AmazonSQS"), r.of("DynamoDB"))
	for _, l := range lines {
		fmt.Fprintf(&b, "  - %s: $%.4f\n", l.What, l.Dollars)
	}
	b.WriteString("  - Taken: two requests to SQS for an invocation, two write units for an attempt, one read unit for a request of the tests to DynamoDB. " +
		"Not in it: the stack's price by the month (docs/benchmarks.md), empty receives, mails.\n")
	b.WriteString("- Differs from the local engine, where all of these run:\n")
	if len(r.skipped) == 0 {
		b.WriteString("  - nothing was skipped\n")
	}
	for _, s := range r.skipped {
		fmt.Fprintf(&b, "  - %s: %s\n", s.test, s.why)
	}
	for _, file := range r.missing {
		fmt.Fprintf(&b, "- Not known: %s was not written, so what it counts is 0 here.\n", file)
	}
	return b.String()
}
