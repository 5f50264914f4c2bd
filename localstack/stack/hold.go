package stack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Held is a stack that lives as long as this process, however the process ends.
type Held struct {
	Env      string // path of its stack.env
	command  *exec.Cmd
	input    io.Closer
	output   io.Reader
	progress io.Writer
}

// Hold starts a stack on a port; 0 is a free one. The start reports to progress.
// root is the root of the project.
func Hold(root, port string, progress io.Writer) (*Held, error) {
	held, err := Begin(root, port, progress)
	if err != nil {
		return nil, err
	}
	if err := held.Ready(); err != nil {
		return nil, errors.Join(err, held.Release())
	}
	return held, nil
}

// HoldSource is Hold with the template and the functions of another checkout, on a
// free port, with parameters such as "Name=value …".
func HoldSource(root, source, overrides string, progress io.Writer) (*Held, error) {
	held, err := begin(stackPy(root, progress, "hold", "--port", "0", "--source", source, "--overrides", overrides), progress)
	if err != nil {
		return nil, err
	}
	if err := held.Ready(); err != nil {
		return nil, errors.Join(err, held.Release())
	}
	return held, nil
}

// Begin is Hold without waiting for the stack; Ready waits for it. Release may
// end it at any time.
func Begin(root, port string, progress io.Writer) (*Held, error) {
	return begin(stackPy(root, progress, "hold", "--port", port), progress)
}

func begin(command *exec.Cmd, progress io.Writer) (*Held, error) {
	held := &Held{command: command, progress: progress}
	var err error
	if held.input, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	if held.output, err = command.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the stack: %w", err)
	}
	return held, nil
}

// Ready waits until the stack answers and its names are in Env.
func (h *Held) Ready() error {
	for lines := bufio.NewScanner(h.output); lines.Scan(); {
		if path, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			h.Env = path
			go func() { _, _ = io.Copy(io.Discard, h.output) }()
			return nil
		}
		_, _ = fmt.Fprintln(h.progress, lines.Text())
	}
	return errors.New("the stack did not start")
}

// Release takes the stack down and waits until it is gone.
func (h *Held) Release() error {
	_ = h.input.Close() // the stack's process ends with its input
	if err := h.command.Wait(); err != nil {
		return fmt.Errorf("take the stack down: %w", err)
	}
	return nil
}

// Up starts a stack that stays when this process ends, or redeploys what changed
// in a running one. Parameters are written as "Name=value …". If ctx ends, it
// stops what it has started.
func Up(ctx context.Context, root, port, overrides string, progress io.Writer) error {
	command := stackPy(root, progress, "up", "--port", port, "--overrides", overrides)
	if err := command.Start(); err != nil {
		return fmt.Errorf("start the stack: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = command.Process.Signal(os.Interrupt) })()
	if err := command.Wait(); err != nil {
		return fmt.Errorf("start the stack: %w", err)
	}
	return nil
}

// Down takes down a stack that Up started.
func Down(root, port string, progress io.Writer) error {
	if err := stackPy(root, progress, "down", "--port", port).Run(); err != nil {
		return fmt.Errorf("take the stack down: %w", err)
	}
	return nil
}

func stackPy(root string, progress io.Writer, arguments ...string) *exec.Cmd {
	command := exec.Command("python3", append([]string{"localstack/stack.py"}, arguments...)...)
	command.Dir = root
	command.Stderr = progress
	detach(command)
	return command
}
