package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hookwarden/bench/cost"
	"hookwarden/template"
)

func TestMonthTableIsAsWorkedOutByHand(t *testing.T) {
	got := monthTable(cost.Stack{Alarms: 3, AlarmMetrics: 5, Dashboards: 1, Pollers: 4, Queues: 8, Tables: 8, SteadyMetrics: 3, RareMetrics: 1})
	for _, want := range [][]string{
		{"CloudWatch: 3 alarms over 5 metrics", "$0.50", "$0.50", "$0.50"},
		{"CloudWatch: metrics of webhooks (3), in every hour", "$0.00", "$0.90", "$0.90"},
		{"CloudWatch: rare metrics (1), in 20 hours each", "$0.00", "$0.01", "$0.01"}, // 0.30 × 20 / 730
		{"SQS: empty receives of 4 queues", "$1.05", "$1.05", "$1.05"},                // 4 × 5 × 3 × 60 × 730 = 2,628,000
		{"DynamoDB: the log of 30 days", "$0.00", "$0.06", "$0.58"},                   // 0.231 GB × 0.25 for a million
		{"DynamoDB: its point-in-time recovery", "$0.00", "$0.05", "$0.46"},           // × 0.20
		{"with KmsKeyArn, on top", "$1.00", "$1.63", "$1.63"},                         // 24 × 8,760 data keys × 0.03 / 10,000
		{"**a month**", "**$4.56**", "**$5.58**", "**$6.51**"},                        // the sweep is 730 × $0.000017
	} {
		if !slices.ContainsFunc(got.Rows, func(row []string) bool { return slices.Equal(row, want) }) {
			t.Errorf("no row %v in %v", want, got.Rows)
		}
	}
}

func TestSeriesAreThoseOfTheCode(t *testing.T) {
	series, err := seriesOf("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"webhook.attempts": 10, "webhook.latency": 1, "app.disabled": 5, "app.warned": 3, "notice.sent": 4, "disable.held": 1, "warning.latched": 1} {
		if series[name] != want {
			t.Errorf("%s is %d metrics, want %d", name, series[name], want)
		}
	}
}

func TestSeriesWhoseValuesNobodyKnowsAreRefused(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "shared", "thing")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "thing.go"), []byte(`j.Metrics.Count("thing.done", "kind", k)`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seriesOf(root); err == nil || !strings.Contains(err.Error(), "thing.done") {
		t.Errorf("got %v", err)
	}
}

func TestStackIsReadFromTheTemplate(t *testing.T) {
	expanded, err := template.Expand(t.Context(), "..", "AlarmEmail=a@b.example")
	if err != nil {
		t.Fatal(err)
	}
	got := stackOf(expanded, map[string]int{"webhook.attempts": 10, "disable.held": 1})
	alarms := len(expanded.OfType("AWS::CloudWatch::Alarm"))
	want := cost.Stack{Alarms: alarms, Dashboards: 1, Pollers: 4, Queues: len(expanded.OfType("AWS::SQS::Queue")), Tables: len(expanded.OfType("AWS::DynamoDB::Table")),
		AlarmMetrics:  alarms + 1 + 3 + 7,           // RetryQueueShareAlarm looks at two, MailsRejectedAlarm at four, MailsRefusedAlarm at eight
		SteadyMetrics: 10, RareMetrics: 1 + 1 + 4*3} // the log's filter, and three of what becomes of mails of four kinds
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
