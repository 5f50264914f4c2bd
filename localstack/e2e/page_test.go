package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pageLimit is how long all blocks of a page may take.
const pageLimit = 3 * time.Minute

// block is a block fenced as `sh run`, with its expected output: the block right
// after it that is fenced as `text`, in which … matches anything.
type block struct {
	heading, code, prints string
	line                  int
}

// runPage pastes the blocks of a page into one shell, one after another, as a
// reader does, and compares their output. It uses the AWS CLI that the set-up
// installed. In the blocks it replaces each old text by its new one.
func runPage(t *testing.T, page string, oldNew ...string) {
	t.Helper()
	runPageIn(t, shell{name: "sh", command: []string{"sh", "-c"}}, page, oldNew...)
}

// shell is one that blocks are pasted into.
type shell struct {
	name        string
	command     []string
	interactive bool   // it reads the blocks line by line, as if they were typed
	begin       string // what it is told first
}

// shells are the shells that people paste into. zsh need not be there, bash must.
func shells(t *testing.T) []shell {
	t.Helper()
	all := []shell{{name: "bash", command: []string{"bash", "--noprofile", "--norc", "--noediting", "-i"}, interactive: true}}
	if _, err := exec.LookPath("zsh"); err != nil {
		t.Log("there is no zsh here: the blocks are pasted into bash alone")
		return all
	}
	return append(all, shell{name: "zsh", command: []string{"zsh", "-f", "-i"}, interactive: true, begin: "unsetopt zle prompt_cr prompt_sp\n"})
}

// runPageIn is runPage with a shell of one's choice.
func runPageIn(t *testing.T, in shell, page string, oldNew ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	must(t, err)
	blocks := blocksToRun(strings.NewReplacer(oldNew...).Replace(string(text)))
	if len(blocks) == 0 {
		t.Fatalf("%s has no block that is fenced as `sh run`", page)
	}
	printed, err := paste(t, in, blocks)
	for i, out := range printed {
		b := blocks[i]
		where := fmt.Sprintf("the block at %s:%d, under %q,", page, b.line, b.heading)
		switch {
		case err != nil && i == len(printed)-1:
			t.Errorf("%s failed: %v\n%s\nIt printed:\n%s", where, err, b.code, out)
		case b.prints != "" && !matches(b.prints, out):
			t.Errorf("%s printed\n%s\nbut the page says\n%s", where, out, b.prints)
		}
	}
	if err == nil && len(printed) < len(blocks) {
		t.Errorf("%d of %d blocks ran", len(printed), len(blocks))
	}
}

// blocksToRun finds a page's blocks.
func blocksToRun(page string) []block {
	var blocks []block
	fence, heading, after := "", "", false // after: the last block was one to run
	for i, line := range strings.Split(page, "\n") {
		opens, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && fence != "":
			after, fence = fence == "sh run", ""
		case isFence:
			fence = opens
			if fence == "sh run" {
				blocks = append(blocks, block{heading: heading, line: i + 1})
			}
			if fence == "text" && !after {
				fence = "other"
			}
		case fence == "sh run":
			blocks[len(blocks)-1].code += line + "\n"
		case fence == "text":
			blocks[len(blocks)-1].prints += line + "\n"
		case fence == "":
			after = false
			if title, ok := strings.CutPrefix(line, "#"); ok {
				heading = strings.TrimLeft(title, "# ")
			}
		}
	}
	return blocks
}

// begins is printed at the beginning of each block.
const begins = "\x1e\n"

// paste runs the blocks in one shell that ends at the first command that fails.
// It returns the output of each block that began.
func paste(t *testing.T, in shell, blocks []block) ([]string, error) {
	t.Helper()
	env, err := filepath.Abs(running.env)
	must(t, err)
	script := in.begin + "PS1= PS2=\nset -eu; (set -o pipefail) 2>/dev/null && set -o pipefail\nset -a; . '" + env + "'; set +a\n" +
		"hookwarden() { command hookwarden --env '" + env + "' \"$@\"; }\n"
	for _, b := range blocks {
		script += "printf '\\036\\n'\n" + b.code
	}
	output, err := os.Create(filepath.Join(t.TempDir(), "output")) // not a pipe, which a program left running by a block would hold open
	must(t, err)
	defer func() { _ = output.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), pageLimit)
	defer cancel()
	shell := exec.CommandContext(ctx, in.command[0], append(in.command[1:], script)...)
	if in.interactive {
		shell = exec.CommandContext(ctx, in.command[0], in.command[1:]...)
		shell.Stdin = strings.NewReader(script + "\nexit\n")
	}
	shell.Dir, shell.Env = root, append(shellEnvironment(t), "PATH="+filepath.Dir(buildOperator(t).path)+string(os.PathListSeparator)+pathOf(shellEnvironment(t)))
	shell.Stdout, shell.Stderr = output, output
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a group of its own, and no terminal to fight for
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	ran := shell.Run()
	if shell.Process != nil {
		_ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) // ends ends what a block left running
	}
	if ctx.Err() != nil {
		ran = errors.Join(ctx.Err(), ran)
	}
	printed, err := os.ReadFile(output.Name())
	must(t, err)
	before, rest, begun := strings.Cut(string(printed), begins)
	if !begun {
		t.Fatalf("no block was begun: %v\n%s", ran, before)
	}
	return strings.Split(rest, begins), ran
}

// shellEnvironment is our environment without variables that would lead the AWS
// CLI to an account, and with the set-up's AWS CLI first in PATH.
func shellEnvironment(t *testing.T) []string {
	t.Helper()
	cli, err := filepath.Abs(filepath.Join(root, ".local", "venv-cli", "bin"))
	must(t, err)
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") && !strings.HasPrefix(variable, "STACK=") {
			kept = append(kept, variable)
		}
	}
	return append(kept, "PATH="+cli+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true")
}

// pathOf is the PATH of an environment.
func pathOf(environment []string) (path string) {
	for _, variable := range environment {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	return path
}

// matches compares output with what a page shows. The amount of space within a
// line does not matter.
func matches(shown, printed string) bool {
	pattern := regexp.QuoteMeta(narrow(shown))
	return regexp.MustCompile(`(?s)\A` + strings.ReplaceAll(pattern, "…", ".*") + `\z`).MatchString(narrow(printed))
}

func narrow(text string) string {
	return string(bytes.TrimSpace(regexp.MustCompile(`[ \t]+`).ReplaceAll([]byte(text), []byte(" "))))
}
