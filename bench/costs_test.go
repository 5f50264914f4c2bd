package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/bench/cost"
	"hookwarden/bench/loopback"
	"hookwarden/template"
)

// A hundred webhooks in ten batches. Each batch took 203 ms, logged 1,087
// bytes, wrote 11 units and read 2.
func TestCostTableIsAsWorkedOutByHand(t *testing.T) {
	s := &scenario{name: "one app, log"}
	s.usage = cost.Usage{Webhooks: 100, Invocations: 10, Billed: 10 * 203 * time.Millisecond,
		WriteUnits: 110, ReadUnits: 20, SQSRequests: 1, LogBytes: 10870}
	table, totals := billsOf([]*scenario{s})
	want := [][]string{
		{"SQS: a receive and a delete for each batch, and deliver's own", "$0.08"}, // 210,000 × 0.40 / M
		{"Lambda: invocations", "$0.02"},                                           // 100,000 × 0.20 / M
		{"Lambda: 256 MB for as long as they take", "$0.07"},                       // 5,075 GB-s × 0.0000133334
		{"DynamoDB: write units", "$0.69"},                                         // 1,100,000 × 0.625 / M
		{"DynamoDB: read units", "$0.03"},                                          // 200,000 × 0.125 / M = 0.025
		{"CloudWatch Logs", "$0.07"},                                               // 100,000 × 1,465 bytes × 0.50 / GB
		{"**hookwarden**", "**$0.96**"},                                            // 0.084 + 0.02 + 0.0677 + 0.6875 + 0.025 + 0.0733
		{"the platform's own sends, in batches of ten", "$0.04"},
	}
	if diff := cmp.Diff(want, table.Rows); diff != "" {
		t.Error(diff)
	}
	if totals[0] < 0.9573 || totals[0] > 0.9576 {
		t.Errorf("total: %v", totals[0])
	}
}

func TestIndexesAreThoseOfTheTemplate(t *testing.T) {
	expanded, err := template.Expand(t.Context(), "..")
	if err != nil {
		t.Fatal(err)
	}
	for id, name := range map[string]string{"RequestsTable": loopback.RequestsTable, "BufferTable": loopback.BufferTable, "SlowAppsTable": loopback.SlowAppsTable} {
		var keys []string
		for _, index := range template.List(expanded.Resources[id].Properties["GlobalSecondaryIndexes"]) {
			keys = append(keys, template.At(template.List(template.At(index, "KeySchema"))[0], "AttributeName").(string))
		}
		if got := strings.Join(keys, ", "); got != indexed()[name] {
			t.Errorf("%s has the indexes %q", id, got)
		}
	}
}
