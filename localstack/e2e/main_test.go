// Package e2e uses a whole stack as a platform does: through messages on its
// queues, receivers on loopback, its tables and its mailbox.
package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

const root = "../.."

// running is the stack under test, for all tests of this package.
var running struct { //nolint:gochecknoglobals // TestMain has no other way to pass it on
	*stack.Stack
	held  *stack.Held
	env   string // path of its stack.env
	heard heard
}

// TestMain holds a stack on a free port while the tests run, and takes it down,
// even if they are interrupted. If HOOKWARDEN_STACK is the path of a stack.env,
// it uses that stack instead.
func TestMain(m *testing.M) { os.Exit(withStack(m)) }

func withStack(m *testing.M) int {
	env := os.Getenv("HOOKWARDEN_STACK")
	if env == "" {
		held, err := stack.Hold(root, "0", os.Stderr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		running.held, env = held, held.Env
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
		go func() {
			<-interrupted
			_ = held.Release()
			os.Exit(130)
		}()
		defer func() {
			if err := held.Release(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
	if !filepath.IsAbs(env) {
		env = filepath.Join(root, env)
	}
	opened, err := stack.Open(context.Background(), env)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	running.Stack, running.env = opened, env
	receiver.Lend(opened.Names)
	code := m.Run()
	if path := os.Getenv("HOOKWARDEN_CALLS"); path != "" { // for the report of make up ENGINE=aws
		calls, err := json.Marshal(opened.Calls())
		if err == nil {
			err = os.WriteFile(path, calls, 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "the calls are not written:", err)
		}
	}
	return code
}

// unique is a name that no other test and no earlier run uses.
func unique(prefix string) string {
	b := make([]byte, 4)
	_, _ = rand.Read(b)
	return prefix + "-" + hex.EncodeToString(b)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func found(item stack.Item, err error) error {
	if err == nil && item == nil {
		return stack.ErrNotYet
	}
	return err
}

// eventually fails the test unless the condition becomes true in time.
func eventually(t *testing.T, what string, condition func(ctx context.Context) error) {
	t.Helper()
	if err := stack.Until(t.Context(), patience(), condition); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
