package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// functions is all functions, by the names of their folders.
func functions() []string { return []string{"register", "deliver", "disable", "sweep", "notify"} }

// program is the path of a function's program in a tree. make build makes it.
func program(root, function string) string {
	return filepath.Join(root, "dist", runtime.GOARCH, function, "bootstrap")
}

// bareProgram is the baseline for the functions. make bench makes it, with the
// same flags.
const bareProgram = ".local/bench/bare"

// treeOf checks out a commit, branch or tag into a new folder and builds it.
// remove removes the folder, even after ctx has ended.
func treeOf(ctx context.Context, ref string) (root string, remove func(), err error) {
	if root, err = os.MkdirTemp("", "hookwarden-base-"); err != nil {
		return "", nil, err
	}
	remove = func() {
		_ = os.RemoveAll(root)
		_, _ = run(context.WithoutCancel(ctx), "git", "worktree", "prune") // forgets worktrees whose folder is gone
	}
	if _, err = run(ctx, "git", "worktree", "add", "--quiet", "--detach", root, ref); err == nil {
		// Without the variables of the make that started this program.
		_, err = run(ctx, "env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "make", "-C", root, "TARGET_OS="+runtime.GOOS, "ARCH="+runtime.GOARCH, "build")
	}
	if err != nil {
		remove()
	}
	return root, remove, err
}

// commit is the tree's commit, and whether the tree has uncommitted changes.
// The page that this program writes does not count.
func commit(ctx context.Context) string {
	id, err := run(ctx, "git", "rev-parse", "--short", "HEAD")
	if err != nil {
		return "Not in a git repository"
	}
	if changed, err := run(ctx, "git", "status", "--porcelain", "--", ".", ":!"+page); err == nil && changed != "" {
		id += ", with changes"
	}
	return "Commit " + id
}

// run returns a program's output. When ctx ends, the program ends with everything
// that it has started.
func run(ctx context.Context, program string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, program, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(arguments, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
