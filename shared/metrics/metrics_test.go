package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func lines(t *testing.T, record func(r *Recorder)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	r := &Recorder{Out: &out, Now: func() time.Time { return time.UnixMilli(1764000000000) }}
	record(r)
	r.Flush()
	first := out.String()
	if r.Flush(); out.String() != first {
		t.Error("a second flush wrote something")
	}
	var list []map[string]any
	for text := range strings.Lines(first) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		list = append(list, line)
	}
	return list
}

// units are those of the published schema.
var units = []any{"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits",
	"Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second",
	"Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None"}

// check asserts the rules of the published format for one line.
func check(t *testing.T, line map[string]any) {
	t.Helper()
	aws := line["_aws"].(map[string]any)
	if aws["Timestamp"].(float64) != 1764000000000 {
		t.Errorf("timestamp %v", aws["Timestamp"])
	}
	if text, _ := json.Marshal(line); len(text) > 256*1024 {
		t.Errorf("a line of %d bytes", len(text))
	}
	defined := make(map[string]bool)
	total := 0
	for _, d := range aws["CloudWatchMetrics"].([]any) {
		directive := d.(map[string]any)
		if namespace := directive["Namespace"]; namespace != "hookwarden" {
			t.Errorf("namespace %v", namespace)
		}
		if len(directive["Dimensions"].([]any)) < 1 {
			t.Error("no set of dimensions")
		}
		for _, set := range directive["Dimensions"].([]any) {
			if len(set.([]any)) > 30 {
				t.Errorf("%d dimensions", len(set.([]any)))
			}
			for _, name := range set.([]any) {
				if value, ok := line[name.(string)].(string); !ok || value == "" || len(value) > 1024 {
					t.Errorf("dimension %v has the value %v", name, line[name.(string)])
				}
			}
		}
		definitions := directive["Metrics"].([]any)
		total += len(definitions)
		for _, m := range definitions {
			name, unit := m.(map[string]any)["Name"].(string), m.(map[string]any)["Unit"]
			if !slices.Contains(units, unit) {
				t.Errorf("unit %v", unit)
			}
			if name == "" || len(name) > 1024 || defined[name] {
				t.Errorf("metric %q, again or without a name", name)
			}
			defined[name] = true
			switch value := line[name].(type) {
			case float64:
			case []any:
				if len(value) < 1 || len(value) > 100 {
					t.Errorf("%s has %d values", name, len(value))
				}
			default:
				t.Errorf("%s is %v", name, value)
			}
		}
	}
	if total < 1 || total > 100 {
		t.Errorf("%d metrics", total)
	}
}

// found is what CloudWatch would find in all lines: sums by metric and
// dimension.
func found(t *testing.T, lines []map[string]any) map[string]float64 {
	t.Helper()
	sums := make(map[string]float64)
	for _, line := range lines {
		check(t, line)
		for _, d := range line["_aws"].(map[string]any)["CloudWatchMetrics"].([]any) {
			suffix := ""
			for _, name := range d.(map[string]any)["Dimensions"].([]any)[0].([]any) {
				suffix = fmt.Sprintf(" %v=%v", name, line[name.(string)])
			}
			for _, m := range d.(map[string]any)["Metrics"].([]any) {
				name := m.(map[string]any)["Name"].(string)
				switch value := line[name].(type) {
				case float64:
					sums[name+suffix] += value
				case []any:
					for _, v := range value {
						sums[name+suffix] += v.(float64)
					}
				}
			}
		}
	}
	return sums
}

func TestFlushWritesOneLineForWebhooksThatEndAlike(t *testing.T) {
	got := lines(t, func(r *Recorder) {
		for range 10 {
			r.Count("webhook.attempts", "outcome", "success")
			r.Milliseconds("webhook.latency", 1500*time.Microsecond)
		}
		r.Count("webhook.deferred", "reason", "slow")
		r.Count("log.dropped", "", "")
	})
	want := map[string]float64{"webhook.attempts outcome=success": 10, "webhook.deferred reason=slow": 1, "log.dropped": 1, "webhook.latency": 15}
	if sums := found(t, got); len(got) != 1 || !maps.Equal(sums, want) {
		t.Errorf("%d lines: %v", len(got), sums)
	}
}

func TestFlushWritesALineForEachFurtherValueOfADimension(t *testing.T) {
	got := lines(t, func(r *Recorder) {
		r.Count("webhook.attempts", "outcome", "success")
		r.Count("webhook.attempts", "outcome", "success")
		r.Count("webhook.attempts", "outcome", "error")
		r.Count("webhook.attempts", "outcome", "timeout")
		r.Count("webhook.skipped", "reason", "app_disabled")
		r.Count("webhook.deferred", "reason", "slow")
		r.Count("app.disabled", "reason", "slow")
		r.Count("disable.held", "", "")
	})
	want := map[string]float64{"webhook.attempts outcome=success": 2, "webhook.attempts outcome=error": 1, "webhook.attempts outcome=timeout": 1,
		"webhook.skipped reason=app_disabled": 1, "webhook.deferred reason=slow": 1, "app.disabled reason=slow": 1, "disable.held": 1}
	if sums := found(t, got); len(got) != 3 || !maps.Equal(sums, want) {
		t.Errorf("%d lines: %v", len(got), sums)
	}
}

func TestDetailsArePropertiesAndNoMetrics(t *testing.T) {
	got := lines(t, func(r *Recorder) {
		r.Count("webhook.attempts", "outcome", "error")
		r.Count("webhook.attempts", "outcome", "success")
		for _, code := range []int{400, 200} {
			r.Detail("webhooks", map[string]any{"app": "ci-bot", "event": "issue.created", "response_code": code})
		}
	})
	if sums := found(t, got); len(got) != 2 || len(sums) != 2 {
		t.Fatalf("%d lines: %v", len(got), sums)
	}
	if list, _ := got[0]["webhooks"].([]any); len(list) != 2 || list[1].(map[string]any)["response_code"] != 200. || got[1]["webhooks"] != nil {
		t.Errorf("the details are %v and %v", got[0]["webhooks"], got[1]["webhooks"])
	}
	alone := lines(t, func(r *Recorder) { r.Detail("webhooks", 1) })
	if len(alone) != 1 || fmt.Sprint(alone[0]["webhooks"]) != "[1]" {
		t.Errorf("details alone: %v", alone)
	}
}

func TestFlushWritesMoreLinesForMoreThanAHundredValues(t *testing.T) {
	got := lines(t, func(r *Recorder) {
		for range 250 {
			r.Milliseconds("webhook.latency", time.Second)
		}
	})
	values := 0
	for _, line := range got {
		check(t, line)
		values += len(line["webhook.latency"].([]any))
	}
	if values != 250 {
		t.Errorf("%d values", values)
	}
}

func TestFlushWritesNothingIfNothingWasCollected(t *testing.T) {
	if got := lines(t, func(*Recorder) {}); len(got) != 0 {
		t.Errorf("wrote %v", got)
	}
}
