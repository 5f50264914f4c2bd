// Command invoke calls one function with a sample event and shows what happened.
// `sam local invoke` runs the function in a container, against the running local
// stack.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/sample"
	"hookwarden/localstack/stack"
)

// call is what to call, and how.
type call struct {
	port     string // the stack's
	function string // the name of its folder
	event    string // a file
	remote   bool   // call the function that the stack itself runs
	skipPull bool   // use the container's image as it is on this machine
	serve    bool   // do not call: let sam local invoke reach the stack
}

// logicalID is the function's name in the template.
func (c call) logicalID() string {
	return strings.ToUpper(c.function[:1]) + c.function[1:] + "Function"
}

func main() {
	var c call
	flag.StringVar(&c.port, "port", "4566", "the port of the running stack")
	flag.BoolVar(&c.remote, "remote", false, "call the function that the stack itself runs, which needs no Docker")
	flag.BoolVar(&c.skipPull, "skip-pull-image", false, "use the container's image as it is on this machine")
	flag.BoolVar(&c.serve, "serve", false, "let the sam local invoke that you run reach the stack, until Ctrl-C")
	flag.Parse()
	if flag.NArg() != 2 && !c.serve {
		fmt.Fprintln(os.Stderr, "Name both, for example: make invoke FUNCTION=deliver EVENT=events/deliver-success.json")
		os.Exit(2)
	}
	c.function = strings.ToLower(strings.TrimSuffix(flag.Arg(0), "Function"))
	c.event = flag.Arg(1)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c); err != nil {
		fmt.Fprintf(os.Stderr, "invoke: %v.\n", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, c call) error {
	running, err := stack.Open(ctx, filepath.Join(".local", c.port, "stack.env"))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("no stack runs on port %s: start one with make up", c.port)
	}
	if err != nil {
		return err
	}
	if !c.serve && running.Names[strings.ToUpper(c.function)+"_FUNCTION"] == "" {
		return fmt.Errorf("there is no function %s", c.function)
	}
	machine, err := c.machine(ctx)
	if err != nil {
		return err
	}
	if c.serve {
		return serve(ctx, c.port, running, machine, os.Stdout)
	}
	if c.remote {
		receiver.Lend(running.Names)
	}
	app, receiverURL, stop, err := machine.receive()
	if err != nil {
		return err
	}
	defer stop()
	event, err := sample.Here{Names: running.Names, Receiver: receiverURL, Now: time.Now()}.Event(c.event)
	if err != nil {
		return err
	}
	if event, err = sample.TrueNotices(ctx, running, event); err != nil {
		return err
	}
	if err := sample.PutImages(ctx, running, event); err != nil {
		return err
	}
	before, err := look(ctx, running)
	if err != nil {
		return err
	}
	answer, err := machine.invoke(ctx, c, running, event)
	if err != nil {
		return err
	}
	after, err := look(ctx, running)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s answered %s with %s\n", c.function, c.event, answer)
	for _, line := range append(arrived(app), before.changes(after)...) {
		fmt.Println("  " + line)
	}
	return nil
}

// arrived says what the receiver got, a line each.
func arrived(app *receiver.Receiver) []string {
	var lines []string
	for _, g := range app.Got() {
		lines = append(lines, fmt.Sprintf("POST of %s arrived: %s", g.Header.Get("Request-ID"), g.Body))
	}
	for _, err := range app.Bad() {
		lines = append(lines, fmt.Sprintf("its signature is bad: %v", err))
	}
	return lines
}
