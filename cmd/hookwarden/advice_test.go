package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/session"
)

var (
	quoted    = regexp.MustCompile("`(hookwarden [^`]+)`")
	bare      = regexp.MustCompile(`(?m)^ *(hookwarden [^|,\n]+)`)
	words     = regexp.MustCompile(`'[^']*'|"[^"]*"|[^ ]+`)
	optional  = regexp.MustCompile(`\[[^\]]*\]|\([^)]*\)`)
	flagNames = regexp.MustCompile(`--([a-z-]+)`)
)

// Each command that the program, its help or the log advises can be said as it is written:
// the command is there, with its arguments and the flags that it cannot do without.
func TestAdviceIsACompleteCommand(t *testing.T) {
	advices := advicesIn(t, ".", "../../shared")
	if len(advices) < 20 || !slices.ContainsFunc(advices, func(a string) bool { return strings.Contains(a, "open-brake") }) {
		t.Fatalf("advices are not found: %q", advices)
	}
	for _, advice := range advices {
		s := session.New(session.World{Now: time.Now})
		root := s.Root(groups(s)...)
		if fault := incomplete(root, words.FindAllString(strings.Replace(advice, "resume X", "resume deliveries", 1), -1)[1:]); fault != "" {
			t.Errorf("%q: %s", advice, fault)
		}
	}
}

func TestAdviceThatLacksSomethingIsSeen(t *testing.T) {
	for _, advice := range []string{"open-brake", "open-brake --brake warning", "requests", "close-brake", "status --loud", "redrive webhook"} {
		s := session.New(session.World{Now: time.Now})
		if incomplete(s.Root(groups(s)...), strings.Fields(advice)) == "" {
			t.Errorf("%q passes", advice)
		}
	}
}

// incomplete says what keeps a command from being run; empty if nothing does.
func incomplete(root *cobra.Command, args []string) string {
	if slices.Contains(args, "--help") {
		args = slices.DeleteFunc(args, func(a string) bool { return a == "--help" })
		if _, _, err := root.Find(args); err != nil {
			return err.Error()
		}
		return ""
	}
	c, rest, err := root.Find(args)
	if err == nil && c == root {
		return "it is no command"
	}
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil {
		return err.Error()
	}
	for _, needed := range flagNames.FindAllStringSubmatch(optional.ReplaceAllString(c.Use, ""), -1) {
		if !c.Flags().Changed(needed[1]) {
			return "it lacks " + needed[0]
		}
	}
	if choice := flagNames.FindAllStringSubmatch(strings.Join(optional.FindAllString(c.Use, -1), " "), -1); len(choice) > 0 && strings.Contains(c.Use, "(") &&
		!slices.ContainsFunc(choice, func(f []string) bool { return c.Flags().Changed(f[1]) }) {
		return "it lacks a choice"
	}
	return ""
}

// advicesIn are the commands in the texts of the code, with X for each value.
func advicesIn(t *testing.T, roots ...string) (found []string) {
	t.Helper()
	s := session.New(session.World{Now: time.Now})
	var names []string
	for _, g := range groups(s) {
		for _, c := range g.Commands {
			names = append(names, c.Name())
		}
	}
	collect := func(text string) {
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		for _, m := range bare.FindAllStringSubmatch(text, -1) {
			if slices.Contains(names, strings.Fields(m[1])[1]) {
				found = append(found, m[1])
			}
		}
	}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				e, is := n.(ast.Expr)
				if !is {
					return true
				}
				text, whole := textOf(e)
				collect(text)
				return !whole
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// textOf is a text of the code, or a sum of such; whole says that it is one.
func textOf(e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return regexp.MustCompile(`%[sqd]`).ReplaceAllString(text, "X"), err == nil
	case *ast.BinaryExpr:
		left, isText := textOf(e.X)
		right, alsoText := textOf(e.Y)
		if e.Op != token.ADD || !isText && !alsoText {
			return "", false
		}
		if !isText {
			left = "X"
		}
		if !alsoText {
			right = "X"
		}
		return left + right, true
	}
	return "", false
}
