package pausing

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
)

var update = flag.Bool("update", false, "write the golden files again")

// board is a switchboard in memory, which takes its time.
type board struct {
	parts   []Part
	due     map[string]time.Time // when a part has the state that it is on its way to
	faults  map[string]error     // of Set, by name
	applied bool                 // what failed is done all the same
	failing int                  // so many calls of Set fail; 0: all
	calls   int
	stuck   bool
	readErr error
	until   time.Time // from then on nothing can be read; zero: never
}

var errLost = errors.New("connection reset")

func newBoard() *board {
	return &board{due: make(map[string]time.Time), faults: make(map[string]error), parts: []Part{
		{Name: "hw-WebhookQueue", ID: "u1", State: "Enabled", On: true}, {Name: "hw-RetryQueue", ID: "u2", State: "Enabled", On: true}}}
}

func (b *board) Parts(context.Context, string) ([]Part, error) {
	if b.readErr != nil {
		return nil, b.readErr
	}
	if !b.until.IsZero() && time.Now().After(b.until) {
		return nil, errLost
	}
	parts := append([]Part(nil), b.parts...)
	for i, p := range parts {
		if time.Now().Before(b.due[p.ID]) || b.stuck && !b.due[p.ID].IsZero() {
			parts[i].busy, parts[i].State = true, map[bool]string{true: "Enabling", false: "Disabling"}[p.On]
		}
	}
	return parts, nil
}

func (b *board) Set(_ context.Context, p Part, on bool) error {
	b.calls++
	err := b.faults[p.Name]
	if b.failing > 0 && b.calls > b.failing {
		err = nil
	}
	if err != nil && !b.applied {
		return err
	}
	for i := range b.parts {
		if b.parts[i].ID == p.ID {
			b.parts[i].On, b.parts[i].State = on, map[bool]string{true: "Enabled", false: "Disabled"}[on]
			b.due[p.ID] = time.Now().Add(20 * time.Second)
		}
	}
	return err
}

func in(t *testing.T, f func(t *testing.T, b *board)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newBoard()) })
}

func states(r Result) string {
	var list []string
	for _, p := range r.Parts {
		list = append(list, p.State)
	}
	return strings.Join(list, " ")
}

func TestPauseWaitsUntilAllIsOffAndResumeUntilAllIsOn(t *testing.T) {
	in(t, func(t *testing.T, b *board) {
		n := 0
		r, err := turn(t.Context(), b, Deliveries, false, func() { n++ })
		if err != nil || r.On || states(r) != "Disabled Disabled" || n != 2 || b.calls != 2 {
			t.Errorf("%+v, %v, progress %d, %d calls", r, err, n, b.calls)
		}
		r, err = turn(t.Context(), b, Deliveries, true, func() {})
		if err != nil || !r.On || states(r) != "Enabled Enabled" {
			t.Errorf("%+v, %v", r, err)
		}
		b.calls = 0
		if _, err = turn(t.Context(), b, Deliveries, true, func() {}); err != nil || b.calls != 0 {
			t.Errorf("again: %v, %d calls", err, b.calls)
		}
	})
}

func TestPauseGoesOnWithTheOthersWhenOneFails(t *testing.T) {
	t.Run("and was not done", func(t *testing.T) {
		in(t, func(t *testing.T, b *board) {
			b.faults["hw-WebhookQueue"] = errLost
			r, err := turn(t.Context(), b, Deliveries, false, func() {})
			if !errors.Is(err, errLost) || states(r) != "Enabled Disabled" || b.calls != 2 {
				t.Errorf("%+v, %v, %d calls", r, err, b.calls)
			}
		})
	})
	t.Run("and was done all the same", func(t *testing.T) {
		in(t, func(t *testing.T, b *board) {
			b.faults["hw-WebhookQueue"], b.applied = errLost, true
			r, err := turn(t.Context(), b, Deliveries, false, func() {})
			if err != nil || states(r) != "Disabled Disabled" {
				t.Errorf("%+v, %v", r, err)
			}
		})
	})
	t.Run("since it is being changed right now", func(t *testing.T) {
		in(t, func(t *testing.T, b *board) {
			b.faults["hw-WebhookQueue"], b.failing = errBusy, 4
			r, err := turn(t.Context(), b, Deliveries, false, func() {})
			if err != nil || states(r) != "Disabled Disabled" {
				t.Errorf("%+v, %v", r, err)
			}
		})
	})
	t.Run("for ever", func(t *testing.T) {
		in(t, func(t *testing.T, b *board) {
			b.stuck = true
			begun := time.Now()
			r, err := turn(t.Context(), b, Deliveries, false, func() {})
			if err == nil || !strings.Contains(err.Error(), "hw-RetryQueue is still Disabling") || time.Since(begun) > atMost {
				t.Errorf("%+v, %v after %s", r, err, time.Since(begun))
			}
		})
	})
	t.Run("until it is interrupted", func(t *testing.T) {
		in(t, func(t *testing.T, b *board) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if r, err := turn(ctx, b, Deliveries, false, func() {}); err == nil || len(r.Parts) != 2 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	})
	t.Run("and cannot be read any more", func(t *testing.T) {
		in(t, func(t *testing.T, b *board) {
			b.until = time.Now().Add(5 * time.Second)
			if r, err := turn(t.Context(), b, Deliveries, false, func() {}); !errors.Is(err, errLost) || len(r.Parts) != 2 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	})
	t.Run("to be read", func(t *testing.T) {
		in(t, func(t *testing.T, b *board) {
			b.readErr = errLost
			if _, err := turn(t.Context(), b, Deliveries, false, func() {}); !errors.Is(err, errLost) || b.calls != 0 {
				t.Errorf("%v, %d calls", err, b.calls)
			}
		})
	})
}

func TestPauseSaysHowThingsStand(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*board)
		what   string
		on     bool
	}{
		"pause":        {func(*board) {}, Deliveries, false},
		"pause_failed": {func(b *board) { b.faults["hw-RetryQueue"] = errLost }, Deliveries, false},
		"pause_denied": {func(b *board) {
			b.faults["hw-RetryQueue"] = &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized"}
		}, Deliveries, false},
		"resume": {func(*board) {}, Deliveries, true},
		"pause_disablings": {func(b *board) {
			b.parts = []Part{{Name: "stream of Buffer", ID: "u3", State: "Enabled", On: true}, {Name: Sweep, ID: "hw-Hourly", State: "ENABLED", On: true}}
		}, Disablings, false},
	} {
		in(t, func(t *testing.T, b *board) {
			c.change(b)
			var out bytes.Buffer
			s := session.New(session.World{Out: &out, Err: &out, Getenv: func(string) string { return "C.UTF-8" }, Zone: time.UTC, Now: time.Now})
			if err := change(t.Context(), s, b, c.what, c.on); err != nil {
				out.WriteString("error: " + err.Error() + "\n" + fault.HintOf(err) + "\n")
			}
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, out.Bytes(), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

func TestPauseWantsToKnowWhat(t *testing.T) {
	for _, args := range [][]string{nil, {"mails"}, {"deliveries", "disablings"}} {
		c := Commands(session.New(session.World{Now: time.Now}))[0]
		if err := c.Args(c, args); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%v: %v", args, err)
		}
	}
}
