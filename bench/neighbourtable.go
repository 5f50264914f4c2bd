package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// printNeighbours prints results, of which the first is without a neighbour.
func printNeighbours(out io.Writer, results []result) error {
	for _, table := range []func(io.Writer, []result){printDelays, printBooks, printDeferrals} {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		table(w, results)
		_, _ = fmt.Fprintln(w)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, `Healthy app: 20 webhooks a second for %v, answered in %v. Delays are from a webhook's arrival on WebhookQueue to that at its receiver, of all that
were sent from one deadline after the flood on, or a second later; "worst before" is of those sent within that deadline. What never arrived counts with the time
until the end. In the first moments after the deadline all that had to wait is handed out, as fast as this machine runs so many processes at once.
Seldom: a webhook a second, each of another app that no environment knows, answered in %v; counted from the same moment on.
Neighbour: %d webhooks at once after %v; after %v it answers in %v, however it behaved. WEBHOOK_TIMEOUT_SECONDS=%g, all apps internal: one attempt each.
Queues: in memory, in order of arrival, fair only where it says so; batches of what is there, up to ten; %d at once over WebhookQueue, %d over RetryQueue. SQS itself takes no time.
Environments: %d real deliver processes, started before and knowing nobody. A batch of either queue goes to any that is idle, at random.
Lost: neither in the log as an attempt nor queued at the end. Used up: attempts that a message carries on RetryQueue and that are not in the log.
SQS requests: SendMessageBatch of deliver, and the receives and deletes on RetryQueue that are not empty, for each webhook that was deferred at all.
Waited: on RetryQueue, from when a message was due until it was received.
Timers: how late this program's own were, 99th percentile. Where that is many milliseconds, the machine was busy and the run is worth repeating.

`, loadLasts, quick, quick, floodSize, floodAt, loadLasts, quick, deadline.Seconds(), deliverConcurrency, retryConcurrency, deliverConcurrency+retryConcurrency)
	return err
}

func printDelays(w io.Writer, results []result) {
	baseline := results[0]
	_, _ = fmt.Fprintln(w, "healthy app beside\tp50, ms\tp99\tlongest\tp50 against none\tp99 against none\tgoal\tp99 a second later\tworst before\tdeferred\tnot arrived\tseldom p50\tseldom p99\tgoal\ttimers, ms")
	for _, r := range results {
		goal := "≤ 2"
		if r.neighbour.apps == 0 {
			goal = ""
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d of %d\t%d\t%s\t%s\t%s\t%s\n", r.neighbour.name,
			ms(percentile(r.delays, 50)), ms(percentile(r.delays, 99)), ms(percentile(r.delays, 100)),
			ratio(r, baseline, 50), ratio(r, baseline, 99), goal,
			ms(percentile(r.later, 99)), ms(r.worst), r.overRetry, len(r.delays), r.notArrived,
			ms(percentile(r.seldom, 50)), ms(percentile(r.seldom, 99)), ms(2*deadline+time.Second), ms(percentile(r.late, 99)))
	}
}

func printBooks(w io.Writer, results []result) {
	_, _ = fmt.Fprintln(w, "neighbour\twebhooks\tattempted\tqueued at the end\tlost\tattempts used up\tsent twice\tbacklog when it recovers\tthrough")
	for _, r := range results {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", r.neighbour.name,
			r.webhooks, r.attempted, r.left, r.lost, r.usedUp, r.repeated, r.backlog, r.through())
	}
}

func printDeferrals(w io.Writer, results []result) {
	_, _ = fmt.Fprintln(w, "neighbour\tdeferred webhooks\ttimes each\tSQS requests each\twaited p50, s\twaited p99\tdeferrals by reason")
	for _, r := range results {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%.2f\t%.2f\t%s\n", r.neighbour.name,
			r.deferred, per(r.deferrals, r.deferred), per(r.requests, r.deferred),
			percentile(r.waited, 50).Seconds(), percentile(r.waited, 99).Seconds(), listed(r.reasons))
	}
}

// through says when the neighbour's backlog was, counted from its recovery.
func (r result) through() string {
	after := fmt.Sprintf("%.1f s later", r.stayed.Seconds())
	switch {
	case r.backlog == 0:
		return ""
	case r.left == 0:
		return after
	}
	return fmt.Sprintf("no: %d left %s", r.left, after)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

func ratio(r, baseline result, p int) string {
	return fmt.Sprintf("%.2f", float64(percentile(r.delays, p))/float64(percentile(baseline.delays, p)))
}

func per(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(n)/float64(of))
}

func listed(reasons map[string]int) string {
	var all []string
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		all = append(all, fmt.Sprintf("%s %d", reason, reasons[reason]))
	}
	return strings.Join(all, ", ")
}
