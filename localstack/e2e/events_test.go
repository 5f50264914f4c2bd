package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// TestEverySampleEventIsTaken calls each function with each of its events, as
// `make invoke` does.
func TestEverySampleEventIsTaken(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "events", "*.json"))
	must(t, err)
	sort.SliceStable(files, func(i, j int) bool { return isPut(files[i]) && !isPut(files[j]) }) // registered before enabled
	called := make(map[string]bool)
	for _, file := range files {
		name := filepath.Base(file)
		function, _, _ := strings.Cut(name, "-")
		called[function] = true
		t.Run(name, func(t *testing.T) {
			event, err := os.ReadFile(file)
			must(t, err)
			want := `{"batchItemFailures":[]}`
			if function == "sweep" {
				want = `{}`
			}
			answer, err := running.Invoke(t.Context(), strings.ToUpper(function)+"_FUNCTION", json.RawMessage(event))
			must(t, err)
			var compact bytes.Buffer
			must(t, json.Compact(&compact, []byte(answer)))
			if compact.String() != want {
				t.Errorf("answer %s, want %s", &compact, want)
			}
		})
	}
	if len(called) != 5 {
		t.Errorf("events of %d functions", len(called))
	}
}

func isPut(file string) bool { return strings.HasSuffix(file, "-put.json") }
