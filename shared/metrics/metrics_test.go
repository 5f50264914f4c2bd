package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// check asserts the rules of the published format for one line.
func check(t *testing.T, line map[string]any) {
	t.Helper()
	aws := line["_aws"].(map[string]any)
	if aws["Timestamp"].(float64) != 1764000000000 {
		t.Errorf("timestamp %v", aws["Timestamp"])
	}
	for _, d := range aws["CloudWatchMetrics"].([]any) {
		directive := d.(map[string]any)
		if directive["Namespace"] != "hookwarden" {
			t.Errorf("namespace %v", directive["Namespace"])
		}
		for _, set := range directive["Dimensions"].([]any) {
			if len(set.([]any)) > 30 {
				t.Errorf("%d dimensions", len(set.([]any)))
			}
			for _, name := range set.([]any) {
				if value, ok := line[name.(string)].(string); !ok || value == "" {
					t.Errorf("dimension %v has the value %v", name, line[name.(string)])
				}
			}
		}
		definitions := directive["Metrics"].([]any)
		if len(definitions) < 1 || len(definitions) > 100 {
			t.Errorf("%d metrics", len(definitions))
		}
		for _, m := range definitions {
			name, unit := m.(map[string]any)["Name"].(string), m.(map[string]any)["Unit"]
			if unit != "Count" && unit != "Milliseconds" {
				t.Errorf("unit %v", unit)
			}
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
}

func TestFiguresBecomeLinesOfTheEmbeddedMetricFormat(t *testing.T) {
	got := lines(t, func(r *Recorder) {
		r.Count("webhook.attempts", "outcome", "success")
		r.Count("webhook.attempts", "outcome", "success")
		r.Count("webhook.attempts", "outcome", "error")
		r.Count("log.dropped", "", "")
		r.Milliseconds("webhook.latency", 1500*time.Microsecond)
	})
	for _, line := range got {
		check(t, line)
	}
	if len(got) != 3 {
		t.Fatalf("%d lines", len(got))
	}
	if got[0]["log.dropped"] != 1.0 || fmt.Sprint(got[0]["webhook.latency"]) != "[1.5]" {
		t.Errorf("without a dimension: %v", got[0])
	}
	if got[1]["outcome"] != "error" || got[1]["webhook.attempts"] != 1.0 || got[2]["outcome"] != "success" || got[2]["webhook.attempts"] != 2.0 {
		t.Errorf("by outcome: %v, %v", got[1], got[2])
	}
}

func TestMoreThanAHundredValuesTakeMoreLines(t *testing.T) {
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

func TestNothingCollectedIsNothingWritten(t *testing.T) {
	if got := lines(t, func(*Recorder) {}); len(got) != 0 {
		t.Errorf("wrote %v", got)
	}
}
