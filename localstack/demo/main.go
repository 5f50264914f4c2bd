// Command demo tells the whole story of hookwarden on this machine: it registers
// apps with a local stack, sends them webhooks, and shows from the tables and
// the mailbox what became of them. It checks what it shows.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const (
	root        = "." // of the project, where make runs this
	defaultPort = "4566"
	interrupted = 130
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends us at once; a held stack goes down with us
	p := newPage(os.Stdout)
	err := perform(ctx, p, &stage{port: portOf(os.Getenv("PORT")), keep: os.Getenv("KEEP") == "1"})
	if ctx.Err() != nil {
		return interrupted
	}
	if err != nil {
		p.flush()
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		return 1
	}
	return 0
}

func portOf(setting string) string {
	if setting == "" {
		return defaultPort
	}
	return setting
}

// perform tells the story on a stage, and leaves the stack as it was, or as
// KEEP=1 wants it.
func perform(ctx context.Context, p *page, st *stage) (err error) {
	p.banner()
	if err := st.open(ctx, p); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.close(ctx, p)) }()
	s, err := newStory(p, st)
	if err != nil {
		return err
	}
	defer s.cast.close()
	if err := s.tell(ctx); err != nil {
		return err
	}
	if st.keep {
		s.showByHand()
		return nil
	}
	s.line("make demo KEEP=1 leaves the stack up, and says how to send it a webhook by hand.")
	return nil
}
