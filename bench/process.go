package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// process is a program under measurement.
type process struct {
	pid   int
	alive context.Context // ends with the process; its cause says how
	stop  func()          // kills it and waits for its end
}

// start runs a command that was made with exec.CommandContext, so that it ends
// with this program's own context.
func start(ctx context.Context, command *exec.Cmd) (*process, error) {
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	alive, ended := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = command.Wait() // the state tells more
		ended(fmt.Errorf("%s ended by itself: %s", filepath.Base(command.Path), command.ProcessState))
	}()
	return &process{pid: command.Process.Pid, alive: alive, stop: func() {
		_ = command.Process.Kill()
		<-done
	}}, nil
}

// tail keeps the end of what is written to it: what a program said before it
// failed.
type tail struct{ kept []byte }

const tailSize = 4 << 10

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if surplus := len(t.kept) - tailSize; surplus > 0 {
		t.kept = append(t.kept[:0], t.kept[surplus:]...)
	}
	return len(p), nil
}
