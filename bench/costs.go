package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"hookwarden/bench/capacity"
	"hookwarden/bench/cost"
	"hookwarden/bench/report"
)

// scenario is a way to send webhooks, of which the model says what it costs.
type scenario struct {
	name       string
	apps       int    // in each batch
	requestLog string // RequestLog

	usage    cost.Usage     // of all runs
	requests map[string]int // to AWS, by operation, of the same
	billed   []float64      // of a batch, in milliseconds
}

const (
	slowAnswer  = 200 * time.Millisecond
	costBatches = 10 // of each run and scenario
)

func scenarios() []*scenario {
	return []*scenario{
		{name: "one app, no log", apps: 1, requestLog: "off"},
		{name: "one app, log", apps: 1, requestLog: "all"},
		{name: "ten apps, no log", apps: 10, requestLog: "off"},
		{name: "ten apps, log", apps: 10, requestLog: "all"},
	}
}

func (b *bench) measureCost(ctx context.Context) (report.Section, error) {
	tables, err := readTables(ctx)
	if err != nil {
		return report.Section{}, err
	}
	all := scenarios()
	for range b.runs {
		for _, s := range all {
			if err := s.run(ctx, b.now.program("deliver"), tables); err != nil {
				return report.Section{}, err
			}
		}
	}
	bills, totals := billsOf(all)
	without := report.Figure{Name: "cost of a million webhooks without the log, $", Format: "%.2f", Goal: report.Goal{Value: 0.45}}
	without.Add(totals[0], 0)
	with := report.Figure{Name: "cost of a million webhooks with the log, $", Format: "%.2f", Goal: report.Goal{Value: 1}}
	with.Add(totals[1], 0)
	months, err := monthTables(ctx, ".")
	if err != nil {
		return report.Section{}, err
	}
	return report.Section{Title: "Cost", Figures: []report.Figure{without, with},
		Tables: append([]report.Table{bills, requestsOf(all), usageOf(all)}, months...), Notes: append(assumptions(), assumptionsOfMonth()...)}, nil
}

func assumptions() []string {
	return []string{
		"The model's assumptions: list prices of us-east-1 (SQS $0.40 and Lambda $0.20 for a million requests, Lambda $0.0000133334 for a GB-second on arm64, " +
			"DynamoDB $0.625 and $0.125 for a million on-demand write and read units, CloudWatch Logs $0.50 for a GB). Batches of ten, receivers that answer in 200 ms with 200, " +
			"bodies of 1,024 bytes, 256 MB, LogLevel=INFO. No batch finds its apps in the cache: each one reads them.",
		fmt.Sprintf("Counted: deliver's requests, the units of what it writes and reads, and the bytes that it logs. Measured: how long a batch takes, each rounded up to a millisecond. "+
			"Assumed: one receive and one delete for each batch by Lambda's mapping, and %d bytes of Lambda's own two lines about an invocation (START and REPORT, as AWS documents them in JSON).", cost.PlatformLines),
		fmt.Sprintf("Not in it: what a batch takes longer on AWS, whose tables answer in milliseconds and whose 256 MB are a seventh of a processor (each 10 ms are $%.4f for a million in batches of ten), "+
			"cold starts, what a month costs anyway, and AWS's free tier.", tenMilliseconds()),
	}
}

// tenMilliseconds are what a million webhooks cost more if each batch of ten
// takes so much longer.
func tenMilliseconds() float64 {
	_, total := cost.Bill(cost.Usage{Webhooks: batchSize, Billed: 10 * time.Millisecond})
	return total
}

// run adds a run: a fresh process, which each batch finds without its apps.
func (s *scenario) run(ctx context.Context, program string, tables map[string]capacity.Table) error {
	l, err := openLoopback(func(w http.ResponseWriter, r *http.Request, _ int) { answerAfter(slowAnswer, w, r) }, nil)
	if err != nil {
		return err
	}
	defer l.close()
	meter := capacity.NewMeter(tables)
	l.aws.charge = meter.Charge
	var logged atomic.Int64
	d, err := startDeliver(ctx, program, settings{endpoint: l.aws.url, requestLog: s.requestLog,
		read: func(line []byte) { logged.Add(int64(len(line)) + 1) }})
	if err != nil {
		return err
	}
	defer d.stop()
	for i := range costBatches {
		took, err := s.hand(d, i)
		if err != nil {
			return err
		}
		s.usage.Billed += cost.Billable(took)
		s.billed = append(s.billed, milliseconds(cost.Billable(took)))
	}
	d.stop() // by then all that it has logged is read
	s.count(l.aws.counted(), meter.Units(), int(logged.Load()))
	return nil
}

// hand hands over a batch of apps of which the process has not heard.
func (s *scenario) hand(d *deliver, nth int) (time.Duration, error) {
	var apps []string
	for i := range s.apps {
		apps = append(apps, fmt.Sprintf("app-%d", nth*s.apps+i))
	}
	batch, err := d.batch(apps...)
	if err != nil {
		return 0, err
	}
	return d.hand(batch)
}

// count takes in what a run has used.
func (s *scenario) count(requests map[string]int, units capacity.Units, logged int) {
	if s.requests == nil {
		s.requests = make(map[string]int)
	}
	for operation, n := range requests {
		s.requests[operation] += n
	}
	s.usage.Webhooks += costBatches * batchSize
	s.usage.Invocations += costBatches
	s.usage.WriteUnits += units.Write
	s.usage.ReadUnits += units.Read
	s.usage.LogBytes += logged
	s.usage.SQSRequests = s.requests["SendMessageBatch"] + s.requests["SendMessage"]
}

func billsOf(all []*scenario) (table report.Table, totals []float64) {
	table = report.Table{Title: "A million webhooks", Head: []string{"in batches of ten of"}}
	total := []string{"**hookwarden**"}
	for i, s := range all {
		lines, sum := cost.Bill(s.usage)
		table.Head = append(table.Head, s.name)
		for n, line := range lines {
			if i == 0 {
				table.Rows = append(table.Rows, []string{line.What})
			}
			table.Rows[n] = append(table.Rows[n], cost.Dollars(line.Dollars))
		}
		totals = append(totals, sum)
		total = append(total, "**"+cost.Dollars(sum)+"**")
	}
	sends := []string{"the platform's own sends, in batches of ten"}
	for range all {
		sends = append(sends, cost.Dollars(cost.Sends))
	}
	table.Rows = append(table.Rows, total, sends)
	return table, totals
}

func requestsOf(all []*scenario) report.Table {
	table := report.Table{Title: "AWS requests of deliver per 1,000 webhooks", Head: []string{"operation"}}
	operations := make(map[string]bool)
	for _, s := range all {
		table.Head = append(table.Head, s.name)
		for name := range s.requests {
			operations[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(operations)) {
		row := []string{name}
		for _, s := range all {
			row = append(row, fmt.Sprintf("%.0f", 1000*float64(s.requests[name])/float64(s.usage.Webhooks)))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func usageOf(all []*scenario) report.Table {
	table := report.Table{Title: "What else the model is fed with", Head: []string{""}, Rows: [][]string{
		{"write units per webhook"}, {"read units per webhook"}, {"bytes logged per batch"}, {"a batch's billed time, ms"}}}
	for _, s := range all {
		table.Head = append(table.Head, s.name)
		webhooks, batches := float64(s.usage.Webhooks), float64(s.usage.Invocations)
		for i, cell := range []string{
			fmt.Sprintf("%.2f", s.usage.WriteUnits/webhooks), fmt.Sprintf("%.2f", s.usage.ReadUnits/webhooks),
			fmt.Sprintf("%.0f", float64(s.usage.LogBytes)/batches), report.Spread(s.billed, "%.0f"),
		} {
			table.Rows[i] = append(table.Rows[i], cell)
		}
	}
	return table
}
