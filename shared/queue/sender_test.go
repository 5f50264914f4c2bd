package queue

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
)

// senders is the stores of a registry job. It notes who sent what is audited, and
// keeps the notices and events.
type senders struct {
	fakeRegistry
	app  platform.App
	got  []string
	told []any
}

func (s *senders) ReadApp(context.Context, string) (platform.App, bool, error) {
	return s.app, true, nil
}

func (s *senders) ReadOrganization(context.Context, string) (platform.Organization, bool, error) {
	return platform.Organization{ID: "42", Owners: []platform.Owner{{Email: "bob@acme.example"}}}, true, nil
}

func (s *senders) Apply(_ context.Context, t standing.Transition) error {
	s.app.DisabledAt, s.app.DisabledReason, s.app.EnabledAt = t.At, string(t.Reason), time.Time{}
	if t.Kind == standing.Enabled {
		s.app.DisabledAt, s.app.EnabledAt = time.Time{}, t.At
	}
	s.got = append(s.got, t.Kind.Verb()+" "+t.SenderID)
	return nil
}

func (s *senders) Made(context.Context, standing.Transition) (bool, error) { return false, nil }

func (s *senders) Mark(context.Context, standing.Mark, standing.Transition, time.Time) error {
	return nil
}

func (s *senders) SendEvent(_ context.Context, e platform.Event) error {
	s.told = append(s.told, e)
	return nil
}

func (s *senders) SendNotices(_ context.Context, notices []platform.Notice) error {
	s.told = append(s.told, notices)
	return nil
}

func (s *senders) EntombOrganization(_ context.Context, e registry.Erasure, now time.Time) (time.Time, error) {
	s.got = append(s.got, "erase "+e.SenderID)
	return now.Add(-time.Hour), nil
}

func (s *senders) EraseApps(context.Context, registry.Erasure, string) (string, error) {
	return "", nil
}

func (s *senders) EraseAudit(context.Context, registry.Erasure) (int, error) { return 0, nil }

func (s *senders) OpenBrake(_ context.Context, o registry.Opening) error {
	s.got = append(s.got, "open "+o.SenderID)
	return nil
}

func TestRegistryConsumerHandsTheSenderToTheAuditAndTellsItNobody(t *testing.T) {
	s := &senders{app: platform.App{ID: "17", OrganizationID: "42", Status: platform.Internal}}
	quiet, now := slog.New(slog.DiscardHandler), func() time.Time { return time.UnixMilli(1_000_000_000) }
	chain := standing.New(standing.Config{}, standing.Deps{Apps: s, Organizations: s, Transitions: s, Events: s, Notices: s, Metrics: s, Logger: quiet, Now: now})
	job := registry.New(registry.Config{}, registry.Deps{Apps: s, Organizations: s, Erasures: s, Standing: chain, Steering: s, Brake: s, Metrics: s, Logger: quiet, Now: now})
	q := RegistryConsumer{Job: job, DeadLetters: DeadLetters{API: &fakeSQS{t: t}, URL: "https://sqs/1/dlq", Logger: quiet}, Logger: quiet, Now: now, Flush: func() {}}

	actor := `"actor":{"type":"user","id":7,"name":"Ada","email":"ada@acme.example"}`
	for i, body := range []string{
		`{"type":"app.disable","app_id":"17",` + actor + `}`,
		`{"type":"app.enable","app_id":"17",` + actor + `}`,
		`{"type":"brake.open","brake":"disable","hours":1,"at":"1970-01-12T13:46:00Z",` + actor + `}`,
		`{"type":"organization.delete","organization_id":"42","version":4}`,
	} {
		sent := map[string]string{"SentTimestamp": "99999900" + string(rune('0'+i)), "SenderId": "AROAX:ada"}
		if returned := invoke(t.Context(), t, q, events.SQSMessage{MessageId: "m", Body: body, Attributes: sent}); returned != nil {
			t.Errorf("returned: %s", body)
		}
	}
	if diff := cmp.Diff([]string{"disable AROAX:ada", "enable AROAX:ada", "open AROAX:ada", "erase AROAX:ada"}, s.got); diff != "" {
		t.Errorf("handed on (-want +got):\n%s", diff)
	}
	told, err := json.Marshal(s.told)
	if err != nil || !strings.Contains(string(told), "bob@acme.example") || strings.Contains(string(told), "AROAX") {
		t.Errorf("told %s, %v", told, err)
	}
}
