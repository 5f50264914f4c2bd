package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hookwarden/cmd/hookwarden/internal/words"
)

// constants are the values of the string constants of a package that are of a type, or
// whose names have a prefix.
func constants(t *testing.T, dir, typeName, prefix string) (values []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			kind, _ := spec.Type.(*ast.Ident)
			name := spec.Names[0].Name
			if typeName != "" && (kind == nil || kind.Name != typeName) || typeName == "" && !strings.HasPrefix(name, prefix) {
				return true
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
			return true
		})
	}
	return values
}

func TestCodeExplainsEachCodeAndEachSkip(t *testing.T) {
	codes := constants(t, "../../../../shared/webhook", "Code", "")
	skips := constants(t, "../../../../shared/delivery", "", "skip")
	if len(codes) < 14 || len(skips) < 5 {
		t.Fatalf("found only the codes %q and the skips %q", codes, skips)
	}
	for _, code := range append(codes, skips...) {
		if words.Code(code) == "" {
			t.Errorf("%s has no words", code)
		}
		if got := words.Attempt("skipped", code, 0); got != words.Code(code) {
			t.Errorf("an attempt with the code %s is %q", code, got)
		}
	}
}

func TestOutcomeExplainsEachOutcome(t *testing.T) {
	outcomes := constants(t, "../../../../shared/webhook", "Outcome", "")
	outcomes = append(outcomes, constants(t, "../../../../shared/delivery", "", "outcome")...)
	if len(outcomes) < 12 {
		t.Fatalf("found only %q", outcomes)
	}
	for _, outcome := range outcomes {
		if words.Outcome(outcome) == "" {
			t.Errorf("%s has no words", outcome)
		}
		if words.Attempt(outcome, "", 418) == "" {
			t.Errorf("an attempt that ended as %s has no words", outcome)
		}
	}
}

func TestReasonExplainsEachReason(t *testing.T) {
	reasons := constants(t, "../../../../shared/tally", "Reason", "")
	if len(reasons) < 5 {
		t.Fatalf("found only %q", reasons)
	}
	for _, reason := range append(reasons, "manual") {
		if got := words.Reason(reason); got == reason {
			t.Errorf("%s has no words", reason)
		}
	}
}

func TestAttemptNamesTheStatus(t *testing.T) {
	for status, want := range map[int]string{401: "another secret", 404: "404 Not Found", 422: "422 Unprocessable Entity"} {
		if got := words.Attempt("error", "", status); !strings.Contains(got, want) {
			t.Errorf("%d: %q lacks %q", status, got, want)
		}
	}
	if got := words.Attempt("server_error", "", 503); !strings.Contains(got, "503 Service Unavailable") {
		t.Errorf("503: %q", got)
	}
}
