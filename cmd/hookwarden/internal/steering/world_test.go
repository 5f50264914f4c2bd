package steering

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
)

var update = flag.Bool("update", false, "write the golden files again")

// world is a stack in memory: a registry that handles what is sent to it after a while,
// as the real one would.
type world struct {
	now    func() time.Time
	aws    time.Time // AWS's clock, if it is not this machine's
	apps   map[string]platform.App
	orgs   map[string]platform.Organization
	owned  map[string]int
	brake  dynamo.BrakeState
	log    []delivery.Entry
	sent   []string
	groups []string

	delay    time.Duration // until a message is handled
	due      []handled
	sendErr  error
	unknown  bool // the send's outcome is
	applied  bool // the message is queued, whatever Send says
	readErr  error
	tellNone bool // owners are never told
	outcome  delivery.Entry
	whoErr   error
}

type handled struct {
	at time.Time
	m  platform.RegistryMessage
	do func() // without a message: what else happens
}

var errLost error = &net.OpError{Op: "read", Err: syscall.ECONNRESET}

func newWorld() *world {
	return &world{now: time.Now, delay: time.Second, applied: true,
		apps: map[string]platform.App{"17": {ID: "17", Name: "CI Bot", OrganizationID: "42", Status: platform.Internal, Version: 3}},
		orgs: map[string]platform.Organization{"42": {ID: "42", Version: 4, Slug: "acme", Name: "Acme"}}, owned: map[string]int{"42": 3},
		outcome: delivery.Entry{Outcome: "success", ResponseCode: 200, Sent: true, Duration: 31 * time.Millisecond, URL: "https://ci.example/hook"}}
}

func (w *world) Send(_ context.Context, body []byte, group string) (bool, error) {
	if w.applied {
		w.sent, w.groups = append(w.sent, string(body)), append(w.groups, group)
		m, err := platform.DecodeRegistry(body)
		if err != nil {
			panic(err) // the registry would bury it
		}
		w.due = append(w.due, handled{at: w.now().Add(w.delay), m: m})
	}
	return w.unknown, w.sendErr
}

// settle handles what is due.
func (w *world) settle() {
	for len(w.due) > 0 && !w.due[0].at.After(w.now()) {
		if next := w.due[0]; next.m != nil {
			w.handle(next.m)
		} else {
			next.do()
		}
		w.due = w.due[1:]
	}
}

func (w *world) handle(m platform.RegistryMessage) {
	switch m := m.(type) {
	case platform.AppEnable:
		a := w.apps[m.AppID]
		if m.At.After(lastSteered(a)) {
			if a.Disabled() && a.DisabledAt.Before(m.At) {
				a.DisabledAt, a.DisabledReason, a.EnabledAt = time.Time{}, "", m.At
			}
			a.SteeredAt = m.At
		}
		w.apps[m.AppID] = a
	case platform.AppDisable:
		a := w.apps[m.AppID]
		if m.At.After(lastSteered(a)) {
			a.SteeredAt = m.At
			if !a.Disabled() {
				a.DisabledAt, a.DisabledReason = m.At, platform.Manual
				if !w.tellNone {
					a.NotifiedAt = m.At
				}
			}
		}
		w.apps[m.AppID] = a
	case platform.AppTest:
		e := w.outcome
		e.AppID, e.WebhookID, e.Time = m.AppID, m.ID, w.now()
		w.log = append(w.log, e)
		if e.Outcome == "local_error" {
			w.outcome = delivery.Entry{Outcome: "success", ResponseCode: 200}
			w.due = append(w.due, handled{at: w.now().Add(2 * time.Second), m: m})
		}
	case platform.BrakeOpen:
		w.brake = dynamo.BrakeState{OpenedAt: m.At, OpenUntil: m.At.Add(time.Duration(m.Hours) * time.Hour)}
	case platform.OrganizationDelete:
		w.orgs[m.OrganizationID] = platform.Organization{ID: m.OrganizationID, Version: m.Version, Deleted: true}
		w.owned[m.OrganizationID] = 0
	}
}

func (w *world) ReadApp(_ context.Context, id string) (platform.App, bool, error) {
	w.settle()
	a, ok := w.apps[id]
	return a, ok, w.failing()
}

// failing fails reads once something is sent.
func (w *world) failing() error {
	if len(w.sent) == 0 {
		return nil
	}
	return w.readErr
}

func (w *world) ReadOrganization(_ context.Context, id string) (platform.Organization, bool, error) {
	w.settle()
	o, ok := w.orgs[id]
	return o, ok, w.failing()
}

func (w *world) CountApps(_ context.Context, id string) (int, error) { return w.owned[id], w.failing() }

func (w *world) ReadState(context.Context, platform.Brake) (dynamo.BrakeState, error) {
	w.settle()
	return w.brake, w.failing()
}

func (w *world) FindTest(_ context.Context, _, testID string, _ time.Time) (delivery.Entry, bool, error) {
	w.settle()
	for i := len(w.log) - 1; i >= 0; i-- {
		if w.log[i].WebhookID == testID {
			return w.log[i], true, w.failing()
		}
	}
	return delivery.Entry{}, false, w.failing()
}

func (w *world) Who(context.Context) (string, time.Time, error) {
	return "arn:aws:sts::123456789012:assumed-role/Operators/grace@acme.example", w.aws, w.whoErr
}

// said is what a command said.
type said struct {
	out, notes bytes.Buffer
	err        error
}

// do runs a command's work as a person would, without a terminal.
func (w *world) do(t *testing.T, command func(ctx context.Context, s *session.Session, d *desk) error) *said {
	t.Helper()
	var r said
	s := session.New(session.World{In: strings.NewReader(""), Out: &r.out, Err: &r.notes, Getenv: func(string) string { return "C.UTF-8" },
		Zone: time.UTC, Now: w.now})
	d := &desk{registry: w, apps: w, organizations: w, brakes: w, tests: w, identity: w, now: w.now, note: s.Note}
	r.err = command(t.Context(), s, d)
	return &r
}

// golden compares what was said with a file.
func (r *said) golden(t *testing.T, name string) {
	t.Helper()
	got := r.out.String() + r.notes.String()
	if r.err != nil {
		got += "error: " + r.err.Error() + "\n"
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func yes() options { return options{yes: true, wait: time.Minute} }

func disabledSince(w *world, ago time.Duration, reason string) {
	a := w.apps["17"]
	a.DisabledAt, a.DisabledReason = w.now().Add(-ago).UTC().Truncate(time.Millisecond), reason
	w.apps["17"] = a
}

func (w *world) String() string { return fmt.Sprintf("%+v, sent %v", w.apps, w.sent) }
