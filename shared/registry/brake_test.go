package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// openings is a brake that notes how it is opened.
type openings struct {
	got []registry.Opening
	err error
}

func (b *openings) OpenBrake(_ context.Context, o registry.Opening) error {
	b.got = append(b.got, o)
	return b.err
}

func TestBrakeOpenIsAsOfTheMessagesTimeAndForItsHours(t *testing.T) {
	actor := platform.Actor{Raw: json.RawMessage(`{"id":7}`)}
	for name, c := range map[string]struct{ said, at time.Time }{
		"a time before it was queued":     {noon.Add(-time.Hour), noon.Add(-time.Hour)},
		"no time":                         {time.Time{}, noon},
		"a time after it was queued":      {noon.Add(time.Hour), noon},
		"the time at which it was queued": {noon, noon},
	} {
		t.Run(name, func(t *testing.T) {
			b := &openings{}
			job := newTables().job()
			job.Brake = b
			if err := job.Handle(t.Context(), platform.BrakeOpen{Brake: platform.BrakeWarning, At: c.said, Hours: 4, Actor: actor}, registry.Stamp{SentAt: noon}); err != nil {
				t.Fatal(err)
			}
			want := []registry.Opening{{Brake: platform.BrakeWarning, At: c.at, Until: c.at.Add(4 * time.Hour), Actor: actor}}
			if diff := cmp.Diff(want, b.got); diff != "" {
				t.Errorf("opened (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBrakeOpenWithoutEffectIsDoneAndOneThatFailsComesAgain(t *testing.T) {
	fault := errors.New("out of reach")
	for err, want := range map[error]error{registry.ErrStale: nil, fault: fault} {
		job := newTables().job()
		job.Brake = &openings{err: err}
		var log bytes.Buffer
		job.Logger = slog.New(slog.NewTextHandler(&log, nil))
		if got := job.Handle(t.Context(), platform.BrakeOpen{Hours: 1}, registry.Stamp{SentAt: noon}); !errors.Is(got, want) {
			t.Errorf("%v: %v", err, got)
		}
		if said := strings.Contains(log.String(), "level=WARN msg=\"opening of the brake without effect"); said != (want == nil) {
			t.Errorf("%v: the log says %s", err, &log) // the sender believes that it is open
		}
	}
}
