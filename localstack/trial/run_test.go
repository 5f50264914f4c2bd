package main

import (
	"strings"
	"testing"
)

const events = `{"Action":"run","Test":"TestA"}
{"Action":"output","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"pass","Test":"TestA","Elapsed":1.5}
building the functions: 3.9 s
{"Action":"output","Test":"TestB","Output":"    b_test.go:12: a stack in an account has no endpoint\n"}
{"Action":"output","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Test":"TestB","Elapsed":0}
{"Action":"fail","Test":"TestC/one_of_it","Elapsed":2}
{"Action":"fail","Test":"TestC","Elapsed":2}
{"Action":"fail","Elapsed":61.2}
`

// Two invocations of 300 ms in all, with three attempts. One is logged as by Lambda, the other as
// by the local engine.
const logs = `{"time":"2026-11-25T16:44:36.345Z","type":"platform.report","record":{"metrics":{"durationMs":99.2,"billedDurationMs":100},"status":"success"}}
REPORT RequestId: x	Duration: 199 ms	Billed Duration: 200 ms	Memory Size: 256 MB
{"_aws":{"Timestamp":1},"outcome":"success","webhook.attempts":2}
{"_aws":{"Timestamp":1},"outcome":"error","webhook.attempts":1}
{"level":"INFO","webhook.attempts":7}
`

func told(t *testing.T) *run {
	t.Helper()
	var r run
	for _, err := range []error{r.readTests([]byte(events)), r.readLogs([]byte(logs)),
		r.readCalls([]byte(`{"AmazonSQS.SendMessageBatch": 40, "AmazonSQS.ReceiveMessage": 2, "DynamoDB_20120810.GetItem": 100, "Lambda.POST": 3}`))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return &r
}

func TestReportSaysWhatRanAndWhatDidNotAndWhy(t *testing.T) {
	got := told(t).report("aws, eu-central-1")
	for _, want := range []string{
		"### End-to-end tests of hookwarden on aws, eu-central-1\n",
		"- Ran: 1 passed, 2 failed, 1 skipped, in 61 s.\n  - failed: TestC\n  - failed: TestC/one_of_it\n",
		"  - TestB: a stack in an account has no endpoint\n",
		"2 invocations of 300ms in all, 3 attempts",
		"sent 42 requests to SQS and 100 to DynamoDB",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
}

func TestReportHasTheCostThatIsWorkedOutByHand(t *testing.T) {
	_, total := told(t).bill()
	// 46 requests × 0.40, 2 × 0.20, 6 × 0.625 and 100 × 0.125 for a million each; 0.075 GB-s; the lines of Lambda at least
	const least = 46*0.40e-6 + 2*0.20e-6 + 6*0.625e-6 + 100*0.125e-6 + 0.075*1.33334e-5
	if total < least || total > least+1000*0.5e-9 {
		t.Errorf("%.8f, want %.8f and a little for the log", total, least)
	}
}

func TestReportSaysWhatItDoesNotKnow(t *testing.T) {
	r := run{missing: []string{"logs.txt"}}
	if got := r.report("aws"); !strings.Contains(got, "logs.txt was not written") || !strings.Contains(got, "nothing was skipped") {
		t.Error(got)
	}
}
