// hookwarden is the operator's program: it shows and steers a stack, with the person's
// own AWS credentials.
package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/term"

	"hookwarden/cmd/hookwarden/internal/letters"
	"hookwarden/cmd/hookwarden/internal/pausing"
	"hookwarden/cmd/hookwarden/internal/reading"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/cmd/hookwarden/internal/simulate"
	"hookwarden/cmd/hookwarden/internal/steering"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		width = 80
	}
	s := session.New(session.World{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal: isTerminal(os.Stdin), OutTerminal: isTerminal(os.Stdout), ErrTerminal: isTerminal(os.Stderr),
		Width:  width,
		Getenv: os.Getenv,
		Dir:    dir,
		Zone:   time.Local,
		Now:    time.Now,
	})
	return s.Run(ctx, s.Root(groups(s)...), os.Args[1:])
}

func groups(s *session.Session) []session.Group {
	return []session.Group{
		{ID: "look", Title: "Look:", Commands: slices.Concat(reading.Commands(s), simulate.Commands(s))},
		{ID: "steer", Title: "Steer:", Commands: slices.Concat(steering.Commands(s), pausing.Commands(s))},
		{ID: "letters", Title: "Dead letters:", Commands: letters.Commands(s)},
	}
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }
