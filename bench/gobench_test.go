package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const printed = `goos: linux
pkg: hookwarden/shared/webhook
cpu: Intel(R) Xeon(R) Processor
BenchmarkSign-2        	  300000	      4000 ns/op	     512 B/op	       7 allocs/op
BenchmarkSign-2        	  300000	      4100 ns/op	     512 B/op	       7 allocs/op
BenchmarkPost/over-tls 	     100	    200000.5 ns/op	   1.000 webhooks/op	 9000 B/op	      90 allocs/op
PASS
ok  	hookwarden/shared/webhook	2.1s
pkg: hookwarden/shared/delivery
BenchmarkBatch-2       	    1000	     90000 ns/op
`

func TestWhatGoTestPrintsIsRead(t *testing.T) {
	want := benchmarked{
		"webhook.Sign":          {"ns/op": {4000, 4100}, "B/op": {512, 512}, "allocs/op": {7, 7}},
		"webhook.Post/over-tls": {"ns/op": {200000.5}, "webhooks/op": {1}, "B/op": {9000}, "allocs/op": {90}},
		"delivery.Batch":        {"ns/op": {90000}},
	}
	if diff := cmp.Diff(want, parseBenchmarks(printed)); diff != "" {
		t.Error(diff)
	}
}

func TestBenchmarksThatOnlyOneSideHasAreShown(t *testing.T) {
	now := benchmarked{"a.Same": {"ns/op": {50}}, "a.New": {"ns/op": {1}}}
	was := benchmarked{"a.Same": {"ns/op": {100, 120, 80}}, "a.Old": {"ns/op": {2}}}
	var got [][]string
	for _, row := range differences(now, was).Rows {
		if row[1] == "ns/op" {
			got = append(got, row)
		}
	}
	want := [][]string{
		{"a.New", "ns/op", "–", "1", "–"},
		{"a.Old", "ns/op", "2", "–", "–"},
		{"a.Same", "ns/op", "100 (80–120)", "50", "0.50"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
