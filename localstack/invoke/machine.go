package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/sample"
	"hookwarden/localstack/stack"
)

// fromContainer is this machine's name in a container.
const fromContainer = "host.docker.internal"

// machine runs the function: a container on this machine, or the stack.
type machine struct {
	host   string // this machine's name there; empty: programs here have the same address there
	bridge string // the address at which containers reach this machine; empty: its loopback, by that name
}

// machine finds out what can run the function.
func (c call) machine(ctx context.Context) (machine, error) {
	if c.remote {
		return machine{}, nil
	}
	bridge, err := bridgeAddress(ctx)
	if err != nil {
		return machine{}, errors.New("no Docker engine answers, and sam local runs functions only in containers: " +
			"REMOTE=1 calls the function that the stack itself runs")
	}
	return machine{host: fromContainer, bridge: bridge}, nil
}

// receive starts a receiver that the function can reach. there is its URL for
// the function.
func (m machine) receive() (app *receiver.Receiver, there string, stop func(), err error) {
	if app, err = receiver.Start(sample.Secret, sample.Answer); err != nil {
		return nil, "", nil, err
	}
	there, stopReaching, err := m.reach(app.URL)
	if err != nil {
		app.Close()
		return nil, "", nil, err
	}
	return app, there, func() { stopReaching(); app.Close() }, nil
}

// reach lets the function reach a program that listens on loopback, until stop.
// It returns the program's URL for the function, without the path.
func (m machine) reach(here string) (there string, stop func(), err error) {
	u, err := url.Parse(here)
	if err != nil {
		return "", nil, err
	}
	if m.host == "" {
		return "http://" + u.Host, func() {}, nil
	}
	there = "http://" + net.JoinHostPort(m.host, u.Port())
	if m.bridge == "" {
		return there, func() {}, nil
	}
	stop, err = forward(m.bridge, u.Port())
	return there, stop, err
}

// invoke calls the function through the SAM CLI and returns its answer. The
// SAM CLI's own output goes to standard error.
func (m machine) invoke(ctx context.Context, c call, s *stack.Stack, event []byte) (string, error) {
	folder, err := os.MkdirTemp(filepath.Join(".local", c.port, "tmp"), "invoke-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "event.json")
	if err := os.WriteFile(file, event, 0o600); err != nil {
		return "", err
	}
	arguments := []string{"remote", "invoke", c.logicalID(), "--stack-name", "hookwarden", "--event-file", file}
	if !c.remote {
		there, stop, err := m.surroundings(s)
		if err != nil {
			return "", err
		}
		defer stop()
		if arguments, err = c.local(ctx, s, there, folder); err != nil {
			return "", err
		}
		arguments = append(arguments, "--event", file)
	}
	return c.sam(ctx, arguments)
}

// sam runs the SAM CLI as stack.py does, and returns what it prints.
func (c call) sam(ctx context.Context, arguments []string) (string, error) {
	command := exec.CommandContext(ctx, "python3", append([]string{"localstack/stack.py", "sam", "--port", c.port, "--"}, arguments...)...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	var answer bytes.Buffer
	command.Stdout, command.Stderr = &answer, os.Stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("sam invoke failed: %w", err)
	}
	if text := strings.TrimSpace(answer.String()); text != "" {
		return text, nil
	}
	return "", errors.New("the function did not answer")
}

// local is the command line of sam local invoke. Its container gets the
// environment of the stack's own function, with the stack's URLs.
func (c call) local(ctx context.Context, s *stack.Stack, there surroundings, folder string) ([]string, error) {
	name := strings.ToUpper(c.function) + "_FUNCTION"
	deployed, err := deployedAs(ctx, s, name)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "environment.json")
	if err := writeEnvironments(file, map[string]map[string]string{c.logicalID(): there.put(deployed.variables)}); err != nil {
		return nil, err
	}
	arguments := append([]string{"local", "invoke", c.logicalID()}, there.samLocal(c.port, deployed.architecture)...)
	if c.skipPull {
		arguments = append(arguments, "--skip-pull-image")
	}
	return append(arguments, "--env-vars", file), nil
}
