package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"hookwarden/bench/cost"
	"hookwarden/bench/report"
	"hookwarden/template"
)

func (b *bench) measureMonth(ctx context.Context) (report.Section, error) {
	expanded, err := template.Expand(ctx, ".", "AlarmEmail=a@b.example")
	if err != nil {
		return report.Section{}, err
	}
	series, err := seriesOf(".")
	return report.Section{Title: "A month", Tables: []report.Table{monthTable(stackOf(expanded, series))}, Notes: assumptionsOfMonth()}, err
}

func assumptionsOfMonth() []string {
	return []string{
		"A month is arithmetic: what the template has, times list prices of us-east-1 (an alarm $0.10 for each metric that it looks at, a dashboard $3 beyond the three small ones " +
			"that an account has free, a custom metric $0.30 if it has a figure in each hour, else its hours' part, DynamoDB $0.25 a GB stored and $0.20 a GB with point-in-time recovery, " +
			"a key of KMS $1 and $0.03 for 10,000 requests). They are in bench/cost, as of 2026-11-25, and make bench does not look them up; AWS has them at aws.amazon.com/cloudwatch/pricing, " +
			"/sqs/pricing, /lambda/pricing, /dynamodb/pricing/on-demand and /kms/pricing.",
		"Assumed of a month: 730 hours. Lambda keeps five pollers at an empty queue, each waits for 20 s, and SQS bills each receive that comes back empty; a busy queue has fewer. " +
			"The same is assumed for mappings with MaximumConcurrency. The hourly sweep takes 2 s and reads the index of eight days. A log entry is 234 bytes, as of a success. " +
			"Webhooks end in every way in each hour, which is the most that their metrics can cost; rare events happen in 20 hours. With a key, SQS and DynamoDB ask for a data key every five minutes, " +
			"for each queue twice and for each table.",
		"Worth their price: webhook.attempts, webhook.skipped and webhook.deferred are what the first look at an incident needs (RetryQueueShareAlarm sends one to them), and webhook.latency shows whether receivers " +
			"or hookwarden are slow. A value that does not occur costs nothing. All others are rare and cost cents. If no alarm looks at something and nobody has to act on it, it has no metric, only a line in the log.",
		"Not in it: provisioned pollers, X-Ray (Tracing), storage of logs, tables other than the log, mails of SES and the reputation dashboard, data that leaves AWS.",
	}
}

func monthTable(s cost.Stack) report.Table {
	t := report.Table{Title: "A month, whatever it sends", Head: []string{"with so many webhooks", "none", "a million", "ten million"}}
	for _, webhooks := range []float64{0, 1e6, 10e6} {
		lines, sum, key := cost.Month(s, webhooks)
		t.Rows = withColumn(t.Rows, append(shown(lines), []string{"**a month**", "**" + cost.Dollars(sum) + "**"}, []string{"with KmsKeyArn, on top", cost.Dollars(key)}))
	}
	return t
}

// stackOf counts the parts of the stack that have a monthly price.
func stackOf(t *template.Template, series map[string]int) cost.Stack {
	queues := t.OfType("AWS::SQS::Queue")
	s := cost.Stack{Queues: len(queues), Tables: len(t.OfType("AWS::DynamoDB::Table")),
		Dashboards: len(t.OfType("AWS::CloudWatch::Dashboard")), RareMetrics: len(t.OfType("AWS::Logs::MetricFilter"))}
	for name, n := range series {
		if strings.HasPrefix(name, "webhook.") {
			s.SteadyMetrics += n
		} else {
			s.RareMetrics += n
		}
	}
	for _, d := range t.OfType("AWS::SES::ConfigurationSetEventDestination") {
		s.RareMetrics += 4 * len(template.List(template.At(d, "EventDestination", "MatchingEventTypes"))) // of mails of four kinds
	}
	for _, a := range t.OfType("AWS::CloudWatch::Alarm") {
		looksAt := 0
		for _, m := range template.List(a["Metrics"]) {
			if template.At(m, "MetricStat") != nil {
				looksAt++
			}
		}
		s.Alarms++
		s.AlarmMetrics += max(1, looksAt)
	}
	for _, m := range t.OfType("AWS::Lambda::EventSourceMapping") {
		if queues[template.Target(m["EventSourceArn"])] != nil {
			s.Pollers++
		}
	}
	return s
}

// valuesOf says where the code has the values of a metric's dimension: the files
// and the constants in them.
func valuesOf(metric string) (files, constants string) {
	switch metric {
	case "webhook.attempts":
		return "webhook/outcome.go", `Outcome = "([a-z_]+)"`
	case "webhook.skipped":
		return "delivery/*.go", `\b(?:skip[A-Z]\w+|outcomeExpired) += "([a-z_]+)"`
	case "webhook.deferred":
		return "delivery/*.go", `\bdelay[A-Z]\w+ += "([a-z_]+)"`
	case "outcomes.dropped":
		return "delivery/outcomes.go", `\bdrop[A-Z]\w+ += "([a-z_]+)"`
	case "app.disabled":
		return "tally/rule.go", `Reason = "([a-z_]+)"`
	case "app.warned": // the levels of days are one here
		return "tally/warn.go", `\bLevel(?: = |\()"([a-z]+)`
	case "notice.deferred":
		return "notice/job.go", `\bDelay[A-Z]\w+ += "([a-z_]+)"`
	case "notice.queued", "notice.sent", "notice.outdated", "notice.refused":
		return "platform/notice.go", `NoticeKind = "([a-z.]+)"`
	}
	return "nowhere", ""
}

// seriesOf is how many metrics CloudWatch makes of each metric that the functions
// write: one for each value of its dimension. It finds them by the calls in the
// code.
func seriesOf(root string) (map[string]int, error) {
	calls, err := find(root, "*/*.go", `[mM]etrics\.(?:Count|Milliseconds)\("([^"]+)", (?:"([^"]*)")?`)
	series := make(map[string]int)
	for _, call := range calls {
		name, dimension := call[1], call[2]
		series[name] = 1
		if dimension == "" {
			continue
		}
		files, constants := valuesOf(name)
		values, err := find(root, files, constants)
		if err != nil {
			return nil, err
		}
		if len(values) == 0 {
			return nil, fmt.Errorf("which values has %s? Say where its constants are", name)
		}
		series[name] = len(values)
	}
	return series, errors.Join(err, addBrakes(series, root))
}

// addBrakes adds the metrics of the brakes, whose names begin with that of their brake.
func addBrakes(series map[string]int, root string) error {
	calls, err := find(root, "disabling/brake.go", `Metrics\.Count\(string\(brake\)\+"([^"]+)", ""`)
	brakes, other := find(root, "platform/brake.go", `Brake = "([a-z]+)"`)
	for _, call := range calls {
		for _, brake := range brakes {
			series[brake[1]+call[1]] = 1
		}
	}
	return errors.Join(err, other)
}

// find is every match in files of shared, except tests.
func find(root, files, pattern string) (all [][]string, err error) {
	names, err := filepath.Glob(filepath.Join(root, "shared", files))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1)...)
	}
	return all, nil
}
