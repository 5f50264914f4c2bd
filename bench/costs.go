package main

import (
	"context"
	"fmt"
	"time"

	"hookwarden/bench/capacity"
	"hookwarden/bench/cost"
	"hookwarden/bench/loopback"
	"hookwarden/bench/report"
)

// scenario is a way to send webhooks, of which the model says what it costs.
type scenario struct {
	name       string
	apps       int        // in each batch
	requestLog string     // RequestLog
	usage      cost.Usage // of all runs
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
			used, err := usage(ctx, b.now.program("deliver"), tables, loopback.AnswersAfter(slowAnswer), s.requestLog, s.batches())
			if err != nil {
				return report.Section{}, err
			}
			s.usage = s.usage.Plus(used)
		}
	}
	bills, totals := billsOf(all)
	without := report.Figure{Name: "cost of a million webhooks without the log, $", Format: "%.2f", Goal: report.Goal{Value: 0.45}}
	without.Add(totals[0], 0)
	with := report.Figure{Name: "cost of a million webhooks with the log, $", Format: "%.2f", Goal: report.Goal{Value: 1}}
	with.Add(totals[1], 0)
	return report.Section{Title: "Cost", Figures: []report.Figure{without, with}, Tables: []report.Table{bills, usageOf(all)}, Notes: assumptions()}, nil
}

func assumptions() []string {
	_, tenMilliseconds := cost.Bill(cost.Usage{Webhooks: loopback.BatchSize, Billed: 10 * time.Millisecond})
	return []string{
		"The model's assumptions: list prices of us-east-1 (SQS $0.40 and Lambda $0.20 for a million requests, Lambda $0.0000133334 for a GB-second on arm64, " +
			"DynamoDB $0.625 and $0.125 for a million on-demand write and read units, CloudWatch Logs $0.50 for a GB). Batches of ten, receivers that answer in 200 ms with 200, " +
			"bodies of 1,024 bytes, 256 MB, LogLevel=INFO. No batch finds its apps in the cache: each one reads them.",
		fmt.Sprintf("Counted: deliver's requests, the units of what it writes and reads, and the bytes that it logs. Measured: how long a batch takes, each rounded up to a millisecond. "+
			"Assumed: one receive and one delete for each batch by Lambda's mapping, and %d bytes of Lambda's own two lines about an invocation (START and REPORT, as AWS documents them in JSON).", cost.PlatformLines),
		fmt.Sprintf("Not in it: what a batch takes longer on AWS, whose tables answer in milliseconds and whose 256 MB are a seventh of a processor (each 10 ms are $%.4f for a million in batches of ten), "+
			"cold starts, what a month costs anyway, and AWS's free tier.", tenMilliseconds),
	}
}

// batches are the apps of each: apps of which the process has not heard.
func (s *scenario) batches() (all [][]string) {
	for nth := range costBatches {
		var apps []string
		for i := range s.apps {
			apps = append(apps, fmt.Sprintf("app-%d", nth*s.apps+i))
		}
		all = append(all, apps)
	}
	return all
}

// usage is what a fresh process of deliver uses for some batches.
func usage(ctx context.Context, program string, tables map[string]capacity.Table, behave loopback.Behaviour, requestLog string, batches [][]string) (u cost.Usage, err error) {
	meter, logged := capacity.NewMeter(tables), new(counter)
	settings := loopback.Settings{RequestLog: requestLog, Log: logged, Charge: meter.Charge}
	_, err = loopback.Run(ctx, program, behave, settings, func(d loopback.Driven) error {
		for _, apps := range batches {
			took, err := d.Deliver(apps...)
			if err != nil {
				return err
			}
			u.Billed += cost.Billable(took)
		}
		requests, err := d.AWS.Counted()
		u.SQSRequests = requests["SendMessageBatch"]
		return err
	})
	units := meter.Units()
	u.Webhooks, u.Invocations = len(batches)*loopback.BatchSize, len(batches)
	u.WriteUnits, u.ReadUnits, u.LogBytes = units.Write, units.Read, int(*logged)
	return u, err
}

// counter counts the bytes that are written to it.
type counter int

// Write never fails.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// billsOf has a column for each scenario. The totals are theirs.
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

func usageOf(all []*scenario) report.Table {
	t := report.Table{Title: "What the model is fed with", Head: []string{""}}
	for _, s := range all {
		t.Head = append(t.Head, s.name)
		webhooks, batches := float64(s.usage.Webhooks), float64(s.usage.Invocations)
		t.Rows = withColumn(t.Rows, [][]string{
			{"write units per webhook", fmt.Sprintf("%.2f", s.usage.WriteUnits/webhooks)},
			{"read units per webhook", fmt.Sprintf("%.2f", s.usage.ReadUnits/webhooks)},
			{"bytes logged per batch", fmt.Sprintf("%.0f", float64(s.usage.LogBytes)/batches)},
			{"a batch's billed time, ms", fmt.Sprintf("%.0f", milliseconds(s.usage.Billed)/batches)},
		})
	}
	return t
}

// shown are lines as rows.
func shown(lines []cost.Line) (rows [][]string) {
	for _, l := range lines {
		rows = append(rows, []string{l.What, cost.Dollars(l.Dollars)})
	}
	return rows
}

// withColumn adds a column to rows that begin alike. To none it adds both.
func withColumn(rows, column [][]string) [][]string {
	if rows == nil {
		return column
	}
	for i, cells := range column {
		rows[i] = append(rows[i], cells[1])
	}
	return rows
}
