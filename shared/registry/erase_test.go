package registry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// What is erased, and a fault at each call, is tested in shared/dynamo.

// counted is the erasures of an organization with a number of apps and audit
// entries.
type counted struct {
	*tables
	apps, entries int
	since         time.Time
	err           error
	fails         string // the step that fails
	steps         []string
}

func (c *counted) step(name string) error {
	c.steps = append(c.steps, name)
	if name == c.fails {
		return c.err
	}
	return nil
}

func (c *counted) EntombOrganization(_ context.Context, e registry.Erasure, now time.Time) (time.Time, error) {
	if c.since.IsZero() {
		c.since = now
	}
	return c.since, c.step("entomb " + e.OrganizationID)
}

func (c *counted) EraseApps(_ context.Context, _ registry.Erasure, after string) (string, error) {
	if c.apps == 0 {
		return "", c.step("no apps after " + after)
	}
	c.apps -= min(c.apps, registry.EraseStep)
	return after + "a", c.step("apps")
}

func (c *counted) EraseAudit(context.Context, registry.Erasure) (int, error) {
	n := min(c.entries, registry.EraseStep)
	c.entries -= n
	return n, c.step("audit")
}

func TestErasureGoesStepByStepAndLooksAgain(t *testing.T) {
	c := &counted{tables: newTables(), apps: 60, entries: 60}
	now := noon
	var log bytes.Buffer
	job := c.job()
	job.Erasures, job.Now, job.Logger = c, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil))
	m := platform.OrganizationDelete{OrganizationID: "42", Version: 4}
	var delayed *registry.DelayedError
	if err := job.Handle(t.Context(), m, registry.Stamp{SentAt: noon}); !errors.As(err, &delayed) || delayed.After != 15*time.Minute {
		t.Errorf("first look: %v", err)
	}
	want := []string{"entomb 42", "apps", "apps", "apps", "no apps after aaa", "audit", "audit", "audit", "audit"}
	if !slices.Equal(c.steps, want) {
		t.Errorf("steps %q", c.steps)
	}
	now = now.Add(14 * time.Minute) // it came again too soon
	if err := job.Handle(t.Context(), m, registry.Stamp{SentAt: noon}); !errors.As(err, &delayed) || delayed.After != time.Minute {
		t.Errorf("too soon: %v", err)
	}
	now, c.apps = now.Add(time.Minute), 1
	if err := job.Handle(t.Context(), m, registry.Stamp{SentAt: noon}); err != nil || c.apps > 0 {
		t.Errorf("second look: %v, %d apps left", err, c.apps)
	}
	if n := strings.Count(log.String(), `msg="organization erased"`); n != 1 {
		t.Errorf("said %d times to be erased", n)
	}
}

func TestErasureStopsAtAFaultAndAtANewerPut(t *testing.T) {
	fault := errors.New("out of reach")
	for _, fails := range []string{"entomb 42", "apps", "audit"} {
		for err, want := range map[error]error{fault: fault, registry.ErrStale: nil, registry.ErrConflict: nil} {
			c := &counted{tables: newTables(), apps: 60, entries: 60, fails: fails, err: err}
			job := c.job()
			job.Erasures, job.Now = c, func() time.Time { return noon }
			if got := job.Handle(t.Context(), platform.OrganizationDelete{OrganizationID: "42", Version: 4}, registry.Stamp{SentAt: noon}); !errors.Is(got, want) {
				t.Errorf("%s, %v: %v", fails, err, got)
			}
			if last := c.steps[len(c.steps)-1]; last != fails {
				t.Errorf("%s, %v: went on to %s", fails, err, last)
			}
		}
	}
}
