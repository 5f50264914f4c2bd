package main

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestLoaderGivesEachItemAKeyOfItsOwn(t *testing.T) {
	l := loader{apps: 100, entries: 10_000, now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	text := func(v types.AttributeValue) string { s, _ := v.(*types.AttributeValueMemberS); return s.Value }
	keys := make(map[string]bool)
	failed, ofFirst := 0, 0
	for i := range l.entries {
		e := l.entry(i)
		keys[text(e["pk"])+" "+text(e["sk"])] = true
		if e["failed_app"] != nil {
			failed++
		}
		if text(e["app_id"]) == appID(0) {
			ofFirst++
		}
	}
	if len(keys) != l.entries || failed == 0 || ofFirst < l.entries/busy {
		t.Errorf("%d keys of %d entries, %d failed, %d of the first app", len(keys), l.entries, failed, ofFirst)
	}
	clear(keys)
	failing := 0
	for i := range l.apps * 7 {
		d := l.day(i)
		keys[text(d["pk"])+" "+text(d["day"])] = true
		if d["failing_day"] != nil {
			failing++
		}
	}
	if len(keys) != l.apps*7 || failing != l.apps*7/10 {
		t.Errorf("%d keys of days, %d failing", len(keys), failing)
	}
}

func TestMedianIsThatInTheMiddle(t *testing.T) {
	if got := median([]int{9, 1, 5}); got != 5 {
		t.Errorf("got %d", got)
	}
}

func TestMeasuringReadsWhatDebugSays(t *testing.T) {
	if got := report.FindStringSubmatch("debug:   16 DynamoDB.Query\ndebug:   21 calls; 84 ms, of which 60 ms waiting for AWS\n"); !slices.Equal(got[1:], []string{"21", "60"}) {
		t.Errorf("got %q", got)
	}
}
