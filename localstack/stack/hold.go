package stack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Held is a stack that lives as long as this process, however it ends.
type Held struct {
	Env     string // path of its stack.env
	command *exec.Cmd
	input   io.Closer
}

// Hold starts a stack on a port; 0 takes a free one. What the start has to say
// goes to progress. root is the root of the project.
func Hold(root, port string, progress io.Writer) (*Held, error) {
	command := exec.Command("python3", "localstack/stack.py", "hold", "--port", port)
	command.Dir = root
	command.Stderr = progress
	detach(command)
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the stack: %w", err)
	}
	held := &Held{command: command, input: input}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if path, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			held.Env = path
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return held, nil
		}
		_, _ = fmt.Fprintln(progress, lines.Text())
	}
	return nil, errors.Join(errors.New("the stack did not start"), held.Release())
}

// Release takes the stack down and waits for it.
func (h *Held) Release() error {
	_ = h.input.Close() // the stack's process ends with its input
	if err := h.command.Wait(); err != nil {
		return fmt.Errorf("take the stack down: %w", err)
	}
	return nil
}

// Redeploy deploys a held stack again, with other parameters: "Name=value …".
func (h *Held) Redeploy(root, port, overrides string) error {
	command := exec.Command("python3", "localstack/stack.py", "up", "--port", port, "--overrides", overrides)
	command.Dir = root
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}
