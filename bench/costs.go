package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"hookwarden/bench/cost"
	"hookwarden/bench/loopback"
	"hookwarden/bench/report"
)

// scenario is a way to send webhooks whose cost the model gives.
type scenario struct {
	name       string
	apps       int        // in each batch
	requestLog string     // RequestLog
	usage      cost.Usage // sum of all runs
}

const (
	slowAnswer  = 200 * time.Millisecond
	costBatches = 10 // for each run and scenario
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
	all := scenarios()
	for range b.runs {
		for _, s := range all {
			if err := use(ctx, &s.usage, loopback.Answers(slowAnswer, http.StatusOK, "ok\n"), s.requestLog, costBatches, s.apps); err != nil {
				return report.Section{}, err
			}
		}
	}
	bills, totals := billsOf(all)
	return report.Section{Title: "Cost", Tables: []report.Table{bills}, Notes: assumptions(), Figures: []report.Figure{
		{Name: "cost of a million webhooks without the log, $", Format: "%.2f", Goal: report.Goal{Value: 0.45}, Measured: totals[:1]},
		{Name: "cost of a million webhooks with the log, $", Format: "%.2f", Goal: report.Goal{Value: 1}, Measured: totals[1:2]},
	}}, nil
}

func assumptions() []string {
	_, tenMilliseconds := cost.Bill(cost.Usage{Webhooks: loopback.BatchSize, Billed: 10 * time.Millisecond})
	return []string{
		"The model's assumptions: list prices of us-east-1 (SQS $0.40 and Lambda $0.20 for a million requests, Lambda $0.0000133334 for a GB-second on arm64, " +
			"DynamoDB $0.625 and $0.125 for a million on-demand write and read units, CloudWatch Logs $0.50 for a GB). Batches of ten, receivers that answer in 200 ms with 200, " +
			"bodies of 1,024 bytes, 256 MB, LogLevel=INFO. No batch finds its apps in the cache: each one reads them.",
		fmt.Sprintf("Counted: deliver's requests, the units of what it writes and reads, and the bytes that it logs. Measured: how long a batch takes, each rounded up to a millisecond. "+
			"Assumed: one receive and one delete for each batch by Lambda's mapping, and %d bytes of Lambda's own two lines about an invocation (START and REPORT, as AWS documents them in JSON).", cost.PlatformLines),
		fmt.Sprintf("Not in it: the extra time that a batch takes on AWS, where tables answer in milliseconds and 256 MB are a seventh of a processor (each 10 ms are $%.4f for a million in batches of ten), "+
			"cold starts, the fixed costs of a month, and AWS's free tier.", tenMilliseconds),
	}
}

// use adds to u what a new process of deliver uses for some batches. Each batch
// is for that many apps that are not in its cache.
func use(ctx context.Context, u *cost.Usage, behave loopback.Behaviour, requestLog string, batches, apps int) error {
	meter := cost.NewMeter(indexed())
	settings := loopback.Settings{RequestLog: requestLog, Charge: meter.Charge}
	_, err := loopback.Run(ctx, program(".", "deliver"), behave, settings, func(d loopback.Driven) error {
		for nth := range batches {
			var names []string
			for i := range apps {
				names = append(names, fmt.Sprintf("app-%d", nth*apps+i))
			}
			took, err := d.Deliver(names...)
			if err != nil {
				return err
			}
			u.Billed += cost.Billable(took)
		}
		requests, err := d.AWS.Counted()
		u.SQSRequests += requests["SendMessageBatch"]
		d.Stop()
		u.LogBytes += d.Said.Len()
		return err
	})
	write, read := meter.Units()
	u.Webhooks += batches * loopback.BatchSize
	u.Invocations += batches
	u.WriteUnits += write
	u.ReadUnits += read
	return err
}

func (b *bench) measureUnits(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "DynamoDB write units", Notes: []string{
		"Worked out from what deliver sends, by DynamoDB's documented sizes. A write is charged for each begun KB, " +
			"and once more for an index whose entry is new; a counter that is updated in place does not change its index.",
		"The figures are of the first batch of an app's day, all ten of one app, whose first failure enters the index of failing days. RequestLog=all, bodies of 1,024 bytes.",
	}}
	for _, c := range []struct {
		name          string
		status, bytes int
		goal          float64
	}{
		{"200", http.StatusOK, 3, 1.1},
		{"400, with 199 bytes", http.StatusBadRequest, 199, 3.2},
		{"400, with 1,024 bytes", http.StatusBadRequest, 1024, 4.2},
	} {
		var used cost.Usage
		if err := use(ctx, &used, loopback.Answers(0, c.status, strings.Repeat("x", c.bytes)), "all", 1, 1); err != nil {
			return s, err
		}
		s.Figures = append(s.Figures, report.Figure{Name: "write units per webhook, answered " + c.name, Format: "%.1f",
			Goal: report.Goal{Value: c.goal}, Measured: []float64{used.WriteUnits / loopback.BatchSize}})
	}
	return s, nil
}

// indexed names, for the tables that deliver writes, the attribute that puts an
// item into its table's index.
func indexed() map[string]string {
	return map[string]string{loopback.RequestsTable: "failed_app", loopback.BufferTable: "failing_day"}
}

// billsOf has a column for each scenario. totals has each scenario's total.
func billsOf(all []*scenario) (t report.Table, totals []float64) {
	t = report.Table{Title: "A million webhooks", Head: []string{"in batches of ten of"}}
	for _, s := range all {
		lines, total := cost.Bill(s.usage)
		t.Head, totals = append(t.Head, s.name), append(totals, total)
		t.Rows = withColumn(t.Rows, append(shown(lines),
			[]string{"**hookwarden**", "**" + cost.Dollars(total) + "**"}, []string{"the platform's own sends, in batches of ten", cost.Dollars(cost.Sends)}))
	}
	return t, totals
}

// shown is lines as rows.
func shown(lines []cost.Line) (rows [][]string) {
	for _, l := range lines {
		rows = append(rows, []string{l.What, cost.Dollars(l.Dollars)})
	}
	return rows
}

// withColumn adds a column to rows with the same first column. If there are no
// rows, it adds both columns.
func withColumn(rows, column [][]string) [][]string {
	if rows == nil {
		return column
	}
	for i, cells := range column {
		rows[i] = append(rows[i], cells[1])
	}
	return rows
}
