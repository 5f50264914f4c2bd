package env

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestClockHasNoMonotonicReading(t *testing.T) {
	before := time.Now().Round(0)
	now := Clock()
	if now != now.Round(0) { //nolint:revive,staticcheck // == is meant: it sees the monotonic reading, which Equal does not
		t.Errorf("%v has one", now)
	}
	if now.Before(before) {
		t.Errorf("%v is before %v", now, before)
	}
}

// TestClocksAreHandedIn looks through the code: there is one clock, and all jobs
// get it.
func TestClocksAreHandedIn(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../functions/*/*.go", "../*/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || filepath.Base(name) == "clock.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if from, ok := selector.X.(*ast.Ident); ok && from.Name == "time" && (selector.Sel.Name == "Now" || selector.Sel.Name == "Since") {
				t.Errorf("%s uses time.%s", name, selector.Sel.Name)
			}
			return true
		})
	}
}
