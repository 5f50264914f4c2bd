package neighbours

import (
	"fmt"
	"strconv"
	"time"

	"hookwarden/bench/report"
)

// section shows results. The first is without a neighbour.
func section(all []result) report.Section {
	alone := percentile(all[0].healthy, 99)
	s := report.Section{Title: "Neighbours", Notes: notes(), Tables: []report.Table{{Title: "A healthy app next to one that",
		Head: []string{"", "p50, ms", "p99", "longest", "p99 against none, goal ≤ 2", "seldom p99", "goal ≤", "timers, ms"}},
		{Title: "All webhooks", Head: []string{"neighbour", "webhooks", "attempted", "queued at the end", "lost", "over RetryQueue", "times each", "SQS requests each"}}}}
	for i, r := range all {
		s.Tables[0].Rows = append(s.Tables[0].Rows, []string{r.neighbour, ms(r.healthy, 50), ms(r.healthy, 99), ms(r.healthy, 100),
			fmt.Sprintf("%.2f", float64(percentile(r.healthy, 99))/float64(alone)), ms(r.seldom, 99), fmt.Sprint((2*deadline + time.Second).Milliseconds()), ms(r.late, 99)})
		s.Tables[1].Rows = append(s.Tables[1].Rows, []string{r.neighbour, strconv.Itoa(r.webhooks), strconv.Itoa(r.attempted), strconv.Itoa(r.left), strconv.Itoa(r.lost),
			strconv.Itoa(r.deferred), per(r.deferrals, r.deferred), per(r.requests, r.deferred)})
		if i == 0 || r.neighbour != "hangs" {
			continue
		}
		for _, p := range []int{50, 99} {
			s.Figures = append(s.Figures, report.Figure{Name: fmt.Sprintf("healthy app next to a hung one: %d of 100 of its webhooks arrive within, ms", p),
				Format: "%.1f", Against: "alone", Goal: report.Goal{Ratio: 2}, Note: "see the timers, which are late on a busy machine",
				Measured: []float64{milliseconds(percentile(r.healthy, p))}, Baseline: []float64{milliseconds(percentile(all[0].healthy, p))}})
		}
	}
	return s
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ms(sorted []time.Duration, p int) string {
	return fmt.Sprintf("%.1f", milliseconds(percentile(sorted, p)))
}

// percentile is the smallest of sorted values that at least p of a hundred do
// not exceed; 0 if there are none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*p+99)/100-1]
}

func per(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(n)/float64(of))
}

func notes() []string {
	return []string{
		fmt.Sprintf("One run of each. Healthy app: %d webhooks a second for %v, answered in %v. Times are from a webhook's arrival on WebhookQueue to that at its receiver, "+
			"of all that were sent from one deadline after the flood on; one that never arrived counts with the time until the end. "+
			"Seldom: a webhook a second, each of another app that no environment knows, answered in %v.", time.Second/every, loadLasts, quick, quick),
		fmt.Sprintf("Neighbour: %d webhooks at once after %v; after %v it answers in %v, however it behaved. WEBHOOK_TIMEOUT_SECONDS=%g, all apps internal: one attempt each.",
			floodSize, floodAt, loadLasts, quick, deadline.Seconds()),
		fmt.Sprintf("Queues: in memory, in order of arrival; %d batches at once over WebhookQueue, %d over RetryQueue, each of what is there, up to ten. "+
			"SQS itself takes no time. Environments: %d real deliver processes, started before, without knowledge of any app.", deliverConcurrency, retryConcurrency, deliverConcurrency+retryConcurrency),
		"Lost: neither in the log as an attempt nor queued at the end. SQS requests: SendMessageBatch of deliver, and the receives and deletes on RetryQueue that are not empty, " +
			"for each webhook that went over it. Timers: how late this program's own were, 99th percentile: if that is many milliseconds, the machine was busy and the run is worth repeating.",
	}
}
