package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// tested is the part of RetryQueue and EventsQueue that tests of apps use.
type tested struct {
	tests  []platform.Webhook
	sentAt []time.Time
	events []platform.Event
	lost   bool // the answer to the next call is lost
}

var errLost = errors.New("the answer was lost")

func (q *tested) SendTest(_ context.Context, test platform.Webhook, sentAt time.Time) error {
	q.tests, q.sentAt = append(q.tests, test), append(q.sentAt, sentAt)
	return q.answer()
}

func (q *tested) SendEvent(_ context.Context, e platform.Event) error {
	q.events = append(q.events, e)
	return q.answer()
}

func (q *tested) answer() error {
	if q.lost {
		q.lost = false
		return errLost
	}
	return nil
}

func (s *tables) testing(q *tested) *registry.Job {
	job := s.job()
	job.Tests, job.Standing.Events, job.Now = q, q, func() time.Time { return noon }
	return job
}

var ping = platform.AppTest{Webhook: platform.Webhook{ID: "tst_1", AppID: "17", InstallationUUID: "test", Resource: "test", Action: "ping",
	Data: json.RawMessage(`{ "n":1e400}`)}}

func TestTestOfAnAppIsQueuedWhetherItIsDisabledOrNot(t *testing.T) {
	want := ping.Webhook
	want.OrganizationID = "42"
	for name, disabledAt := range map[string]time.Time{"enabled": {}, "disabled": noon} {
		t.Run(name, func(t *testing.T) {
			s, q := newTables(), &tested{}
			s.app.DisabledAt = disabledAt
			if err := s.testing(q).Handle(t.Context(), ping, registry.Stamp{SentAt: noon.Add(-time.Minute)}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]platform.Webhook{want}, q.tests); diff != "" || !q.sentAt[0].Equal(noon.Add(-time.Minute)) {
				t.Errorf("as of %v (-want +got):\n%s", q.sentAt, diff)
			}
			if len(s.done)+len(q.events)+len(s.counted) > 0 {
				t.Errorf("did %v, told %v, counted %v", s.done, q.events, s.counted)
			}
		})
	}
}

func TestTestWhoseQueueingHadNoAnswerIsQueuedAgain(t *testing.T) {
	s, q := newTables(), &tested{lost: true}
	job := s.testing(q)
	if err := job.Handle(t.Context(), ping, registry.Stamp{SentAt: noon}); !errors.Is(err, errLost) {
		t.Fatalf("got %v", err)
	}
	if err := job.Handle(t.Context(), ping, registry.Stamp{SentAt: noon}); err != nil {
		t.Fatal(err)
	}
	if len(q.tests) != 2 || !cmp.Equal(q.tests[0], q.tests[1]) {
		t.Errorf("queued %+v", q.tests)
	}
}

func TestTestOfADeletedAppIsNotQueuedAndTheEventSaysSo(t *testing.T) {
	s, q := newTables(), &tested{lost: true}
	s.app.Deleted = true
	job := s.testing(q)
	if err := job.Handle(t.Context(), ping, registry.Stamp{SentAt: noon}); !errors.Is(err, errLost) {
		t.Fatalf("got %v", err)
	}
	if err := job.Handle(t.Context(), ping, registry.Stamp{SentAt: noon}); err != nil {
		t.Fatal(err)
	}
	if len(q.tests) > 0 || len(q.events) != 2 {
		t.Fatalf("queued %+v, told %+v", q.tests, q.events)
	}
	want := platform.NewTested(s.app, noon, platform.TestResult{ID: "tst_1", Outcome: "skipped", ErrorCode: "app_deleted"})
	for _, e := range q.events {
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	}
	job.Standing.Events = nil
	if err := job.Handle(t.Context(), ping, registry.Stamp{SentAt: noon}); err != nil || len(q.events) != 2 {
		t.Errorf("where the platform wants no events: %v", err)
	}
}

func TestTestOfAnAppThatIsNotKnownYetIsToComeAgain(t *testing.T) {
	s, q := newTables(), &tested{}
	s.missing = true
	if err := s.testing(q).Handle(t.Context(), ping, registry.Stamp{SentAt: noon}); !errors.Is(err, registry.ErrUnknownApp) || len(q.tests)+len(q.events) > 0 {
		t.Errorf("got %v, queued %v", err, q.tests)
	}
}
