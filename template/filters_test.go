package template

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// matches reports whether a record passes one of the filters, as Lambda decides
// for patterns that only ask for existence.
func matches(t *testing.T, filters []any, record any) bool {
	t.Helper()
	for _, f := range filters {
		var pattern any
		if err := json.Unmarshal([]byte(At(f, "Pattern").(string)), &pattern); err != nil {
			t.Fatal(err)
		}
		if fits(t, pattern, record) {
			return true
		}
	}
	return false
}

func fits(t *testing.T, pattern, value any) bool {
	t.Helper()
	if rules, ok := pattern.([]any); ok {
		if !cmp.Equal(rules, []any{Object{"exists": true}}) {
			t.Fatalf("a rule that is not portable between engines: %v", rules)
		}
		_, inner := value.(Object)
		return value != nil && !inner
	}
	for name, inner := range pattern.(Object) {
		if !fits(t, inner, At(value, name)) {
			return false
		}
	}
	return true
}

func TestStreamFilterPassesOnlyDaysWithFailures(t *testing.T) {
	t.Parallel()
	filters := List(At(expand(t).Resources["DisableFunctionCounts"].Properties, "FilterCriteria", "Filters"))
	image := func(counts ...string) Object {
		o := Object{"pk": Object{"S": "17#42#1"}, "day": Object{"S": "2026-11-24"}}
		for _, c := range counts {
			o[c] = Object{"N": "1"}
		}
		return Object{"dynamodb": Object{"NewImage": o}}
	}
	for _, test := range []struct {
		counts []string
		want   bool
	}{
		{nil, false},
		{[]string{"success_count"}, false},
		{[]string{"error_count"}, true},
		{[]string{"success_count", "timeout_count"}, true},
		{[]string{"fatal_count"}, true},
		{[]string{"error_count", "gone_count"}, true},
	} {
		if got := matches(t, filters, image(test.counts...)); got != test.want {
			t.Errorf("%v: %v", test.counts, got)
		}
	}

	files, err := filepath.Glob(filepath.Join(root, "events", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var passed []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var event any
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatal(err)
		}
		for _, record := range List(At(event, "Records")) {
			if matches(t, filters, record) {
				passed = append(passed, filepath.Base(file))
			}
		}
	}
	passed = slices.Compact(passed) // disable-broken has a record of each day
	if diff := cmp.Diff([]string{"disable-broken.json", "disable-healthy.json"}, passed); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
