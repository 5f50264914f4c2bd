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

// The functions, as their folders are called.
func functions() []string { return []string{"register", "deliver", "disable", "sweep", "notify"} }

// program is the path of a function's program in a tree; make build makes it.
func program(root, function string) string {
	return filepath.Join(root, "dist", runtime.GOARCH, function, "bootstrap")
}

// bareProgram is what functions are held against; make bench makes it, with the
// same flags.
const bareProgram = ".local/bench/bare"

// treeOf checks out what git knows by a name into a folder of its own, and builds
// it. remove takes the folder away again, also when ctx has ended.
func treeOf(ctx context.Context, ref string) (root string, remove func(), err error) {
	if root, err = os.MkdirTemp("", "hookwarden-base-"); err != nil {
		return "", nil, err
	}
	remove = func() {
		_ = os.RemoveAll(root)
		_, _ = run(context.WithoutCancel(ctx), "git", "worktree", "prune") // forgets those whose folder is gone
	}
	if _, err = run(ctx, "git", "worktree", "add", "--quiet", "--detach", root, ref); err == nil {
		// What the make that started this was told is not meant for that one.
		_, err = run(ctx, "env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "make", "-C", root, "TARGET_OS="+runtime.GOOS, "ARCH="+runtime.GOARCH, "build")
	}
	if err != nil {
		remove()
	}
	return root, remove, err
}

// commit is that of the tree, and whether the tree is as it was committed. This
// program's own page does not count.
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

// run returns what a program prints. It ends with all that it has started when ctx
// ends.
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
