package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hookwarden/localstack/sample"
	"hookwarden/localstack/stack"
)

// functions is all functions, by the names of their folders.
func functions() []string { return []string{"register", "deliver", "disable", "sweep", "notify"} }

// serve lets a `sam local invoke` that somebody runs reach the running stack
// until ctx ends. It writes the environments for --env-vars and the sample events
// as of now, and prints the command.
func serve(ctx context.Context, port string, s *stack.Stack, m machine, out io.Writer) (err error) {
	there, stop, err := m.surroundings(s)
	if err != nil {
		return err
	}
	defer stop()
	app, receiverURL, stopReceiver, err := m.receive()
	if err != nil {
		return err
	}
	defer stopReceiver()
	folder := filepath.Join(".local", port)
	file, events := filepath.Join(folder, "sam-local.json"), filepath.Join(folder, "events")
	defer func() { err = errors.Join(err, os.RemoveAll(file), os.RemoveAll(events)) }()
	environments, architecture := make(map[string]map[string]string), ""
	for _, name := range functions() {
		deployed, err := deployedAs(ctx, s, strings.ToUpper(name)+"_FUNCTION")
		if err != nil {
			return err
		}
		environments[call{function: name}.logicalID()], architecture = there.put(deployed.variables), deployed.architecture
	}
	if err := writeEnvironments(file, environments); err != nil {
		return err
	}
	if err := writeEvents(events, sample.Here{Names: s.Names, Receiver: receiverURL, Now: time.Now()}); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "Functions in containers reach the stack on port %s, and a receiver, until Ctrl-C. In another shell:\n\n"+
		"  set -a; . %s; set +a\n"+
		"  .local/venv-sam/bin/sam local invoke DeliverFunction -e %s \\\n    --env-vars %s %s\n\n"+
		"The events have the present time, so start this again after an hour.\n",
		port, filepath.Join(folder, "stack.env"), filepath.Join(events, "deliver-success.json"), file, strings.Join(there.samLocal(port, architecture), " "))
	<-ctx.Done()
	for _, line := range arrived(app) {
		_, _ = fmt.Fprintln(out, "  "+line)
	}
	return nil
}

// writeEvents writes all sample events, adapted to this stack and the present
// time.
func writeEvents(folder string, here sample.Here) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join("events", "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		event, err := here.Event(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), event, 0o600); err != nil {
			return err
		}
	}
	return nil
}
