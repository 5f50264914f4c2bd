package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"hookwarden/bench/cost"
	"hookwarden/bench/report"
	"hookwarden/template"
)

func (b *bench) measureMonth(ctx context.Context) (report.Section, error) {
	expanded, err := expand(ctx)
	if err != nil {
		return report.Section{}, err
	}
	metrics, err := metricsOf(b.now.root)
	metrics = append(metrics, metricsOfTemplate(expanded)...)
	return report.Section{Title: "A month", Tables: []report.Table{monthTable(stackOf(expanded), metrics)}, Notes: assumptionsOfMonth()}, err
}

func assumptionsOfMonth() []string {
	return []string{
		"A month is arithmetic: what the template has, times list prices of us-east-1 (an alarm $0.10 for each metric that it looks at, a dashboard $3 beyond the three small ones " +
			"that an account has free, a custom metric $0.30 if it has a figure in each hour, else its hours' part, DynamoDB $0.25 a GB stored and $0.20 a GB with point-in-time recovery, " +
			"a key of KMS $1 and $0.03 for 10,000 requests). They stand in bench/cost since 2026-11-25 and are not looked up by make bench; AWS has them at aws.amazon.com/cloudwatch/pricing, " +
			"/sqs/pricing, /lambda/pricing, /dynamodb/pricing/on-demand and /kms/pricing.",
		"Assumed of a month: 730 hours. Lambda keeps five pollers at an empty queue, each waits for 20 s, and SQS bills each receive that comes back empty; a busy queue has fewer. " +
			"The same is taken for mappings with MaximumConcurrency. The hourly sweep takes 2 s and reads the index of eight days. A log entry is 234 bytes, as of a success. " +
			"Webhooks end in every way in each hour, which is the most that their metrics can cost; what is rare happens in 20 hours. With a key, SQS and DynamoDB ask for a data key every five minutes, " +
			"for each queue twice and for each table.",
		"Worth their price: webhook.attempts, webhook.skipped and webhook.deferred are what the first look at an incident needs (RetryQueueShareAlarm sends one to them), and webhook.latency shows whether receivers " +
			"or hookwarden are slow. A value that does not occur costs nothing. All others are rare and cost cents; what no alarm looks at and nobody has to act on has no metric, only a line in the log.",
		"Not in it: provisioned pollers, X-Ray (Tracing), storage of logs, tables other than the log, mails of SES and the reputation dashboard, data that leaves AWS.",
	}
}

func monthTable(s cost.Stack, metrics []cost.Metric) report.Table {
	t := report.Table{Title: "A month, whatever it sends", Head: []string{"with so many webhooks"}}
	for _, sent := range []struct {
		name     string
		webhooks float64
	}{{"none", 0}, {"a million", 1e6}, {"ten million", 10e6}} {
		lines, sum, key := cost.Month(s, metrics, sent.webhooks)
		t.Head = append(t.Head, sent.name)
		t.Rows = withColumn(t.Rows, append(shown(lines), []string{"**a month**", "**" + cost.Dollars(sum) + "**"}, []string{"with KmsKeyArn, on top", cost.Dollars(key)}))
	}
	return t
}

// stackOf counts what is paid for by the month.
func stackOf(t *template.Template) cost.Stack {
	s := cost.Stack{Backed: true, Queues: len(t.OfType("AWS::SQS::Queue")), Tables: len(t.OfType("AWS::DynamoDB::Table")),
		Dashboards: len(t.OfType("AWS::CloudWatch::Dashboard"))}
	for _, a := range t.OfType("AWS::CloudWatch::Alarm") {
		s.Alarms++
		looksAt := 0
		for _, m := range template.List(a["Metrics"]) {
			if template.At(m, "MetricStat") != nil {
				looksAt++
			}
		}
		s.AlarmMetrics += max(1, looksAt)
	}
	queues := t.OfType("AWS::SQS::Queue")
	for _, m := range t.OfType("AWS::Lambda::EventSourceMapping") {
		if queues[template.Target(m["EventSourceArn"])] != nil {
			s.Pollers++
		}
	}
	for _, table := range t.OfType("AWS::DynamoDB::Table") {
		s.Backed = s.Backed && template.At(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") == true
	}
	return s
}

// metricsOfTemplate are those that filters make of lines of the log, and SES of
// what becomes of mails.
func metricsOfTemplate(t *template.Template) (all []cost.Metric) {
	for _, filter := range t.OfType("AWS::Logs::MetricFilter") {
		for _, m := range template.List(filter["MetricTransformations"]) {
			all = append(all, cost.Metric{Name: template.At(m, "MetricName").(string)})
		}
	}
	for _, d := range t.OfType("AWS::SES::ConfigurationSetEventDestination") {
		for _, event := range template.List(template.At(d, "EventDestination", "MatchingEventTypes")) {
			all = append(all, cost.Metric{Name: strings.ToUpper(event.(string)[:1]) + event.(string)[1:], Dimension: "kind", Values: []string{"app_disabled", "app_enabled"}})
		}
	}
	return all
}

// values are where the code has the values of a metric's dimension: a file and the
// constants in it.
type values struct{ file, constants string }

func valuesOf() map[string]values {
	kinds := values{"platform/notice.go", `NoticeKind = "([a-z.]+)"`}
	return map[string]values{
		"webhook.attempts": {"webhook/outcome.go", `Outcome = "([a-z_]+)"`},
		"webhook.skipped":  {"delivery/*.go", `\b(?:skip[A-Z]\w+|outcomeExpired) += "([a-z_]+)"`},
		"webhook.deferred": {"delivery/*.go", `\bdelay[A-Z]\w+ += "([a-z_]+)"`},
		"outcomes.dropped": {"delivery/outcomes.go", `\bdrop[A-Z]\w+ += "([a-z_]+)"`},
		"app.disabled":     {"tally/rule.go", `Reason = "([a-z_]+)"`},
		"notice.queued":    kinds,
		"notice.sent":      kinds,
		"notice.outdated":  kinds,
		"notice.refused":   kinds,
		"notice.deferred":  {"notice/job.go", `\bDelay[A-Z]\w+ += "([a-z_]+)"`},
	}
}

var call = regexp.MustCompile(`[mM]etrics\.(?:Count|Milliseconds)\("([^"]+)", (?:"([^"]*)")?`) //nolint:gochecknoglobals // a constant

// metricsOf are the metrics that the functions write, by the calls in their code.
func metricsOf(root string) ([]cost.Metric, error) {
	found := make(map[string]cost.Metric)
	err := eachMatch(filepath.Join(root, "shared", "*", "*.go"), call, func(m []string) error {
		metric := cost.Metric{Name: m[1], Dimension: m[2], Steady: strings.HasPrefix(m[1], "webhook.")}
		if metric.Dimension != "" {
			from, known := valuesOf()[metric.Name]
			if !known {
				return fmt.Errorf("which values has %s? Say where its constants are", metric.Name)
			}
			var err error
			if metric.Values, err = constants(filepath.Join(root, "shared", from.file), from.constants); err != nil {
				return err
			}
			if len(metric.Values) == 0 {
				return fmt.Errorf("%s has no values in %s", metric.Name, from.file)
			}
		}
		found[metric.Name] = metric
		return nil
	})
	var all []cost.Metric
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[name])
	}
	return all, err
}

func constants(files, pattern string) (all []string, err error) {
	err = eachMatch(files, regexp.MustCompile(pattern), func(m []string) error {
		all = append(all, m[1])
		return nil
	})
	return all, err
}

// eachMatch hands on every match in the files, but for those in tests.
func eachMatch(files string, pattern *regexp.Regexp, take func(match []string) error) error {
	names, err := filepath.Glob(files)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
			if err := take(m); err != nil {
				return err
			}
		}
	}
	return nil
}
