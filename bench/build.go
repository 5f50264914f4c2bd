package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// build is the programs of one state of the source.
type build struct {
	name string
	root string // of the source
}

// kept is where the bench keeps what it makes.
const kept = ".local/bench"

// The functions, as their folders are called.
func functions() []string { return []string{"register", "deliver", "disable", "sweep", "notify"} }

// program is the path of a function's program; make build makes it.
func (b build) program(function string) string {
	return filepath.Join(b.root, "dist", runtime.GOARCH, function, "bootstrap")
}

// make makes something of this source, for this machine unless the arguments say
// otherwise, with its Makefile's own flags.
func (b build) make(ctx context.Context, arguments ...string) error {
	arguments = append([]string{"--no-print-directory", "-C", b.root, "TARGET_OS=" + runtime.GOOS, "ARCH=" + runtime.GOARCH}, arguments...)
	command := exec.CommandContext(ctx, "make", arguments...)
	// It ends with all that it has started when ctx ends.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	// What the make that started this was told is not meant for these.
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MAKEFLAGS=") || strings.HasPrefix(v, "MFLAGS=")
	})
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("make %s of %s: %w", arguments[len(arguments)-1], b.name, err)
	}
	return nil
}

// makePrograms makes what the functions are held against.
func makePrograms(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(kept, "programs"), 0o755); err != nil {
		return err
	}
	return build{name: "the bench", root: "."}.make(ctx, "OUT="+filepath.Join(kept, "programs"),
		"-f", "Makefile", "-f", "bench/programs.mk", "bench-programs")
}

// comparedProgram is the path of one of them: bare or hello.
func comparedProgram(name string) string { return filepath.Join(kept, "programs", name) }

// checkOut puts what git knows by a name into a folder of its own. remove takes
// it away again, also when ctx has ended.
func checkOut(ctx context.Context, ref string) (base build, remove func(), err error) {
	id, err := git(ctx, "rev-parse", "--short", "--verify", ref+"^{commit}")
	if err != nil {
		return build{}, nil, err
	}
	folder, err := os.MkdirTemp("", "hookwarden-base-")
	if err != nil {
		return build{}, nil, err
	}
	remove = func() {
		_ = os.RemoveAll(folder)
		_, _ = git(context.WithoutCancel(ctx), "worktree", "prune") // forgets those whose folder is gone
	}
	if _, err := git(ctx, "worktree", "add", "--quiet", "--detach", folder, id); err != nil {
		remove()
		return build{}, nil, err
	}
	return build{name: ref + " (" + id + ")", root: folder}, remove, nil
}

func git(ctx context.Context, arguments ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", arguments...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", arguments[0], err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
