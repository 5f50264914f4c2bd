package queue

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/platform"
)

func eventsTo(f *fakeSQS) (Events, metricCounts, *bytes.Buffer) {
	var log bytes.Buffer
	figures := metricCounts{}
	return Events{API: f, URL: "https://sqs/1/events", Logger: slog.New(slog.NewTextHandler(&log, nil)), Metrics: figures}, figures, &log
}

func eventOf(name, actor string) platform.Event {
	e := platform.NewEvent("app.enabled", platform.App{ID: "17", Slug: "bot", OrganizationID: "42"}, platform.Organization{Slug: "acme"}, time.Time{})
	e.App.Name, e.Organization.Name, e.Actor = name, name, json.RawMessage(actor)
	return e
}

func TestEventsAreQueuedWhateverWasStored(t *testing.T) {
	for label, c := range map[string]struct{ name, actor, wantName, wantActor string }{
		"as they come":     {"Bär <bot> & Söhne", `{"id":12345678901234567890,"n":1e400}`, "Bär <bot> & Söhne", `{"id":12345678901234567890,"n":1e400}`},
		"noncharacters":    {"Bot \ufffe", "{\"name\":\"\uffff\"}", "Bot \ufffd", "{\"name\":\"\ufffd\"}"},
		"a very long name": {strings.Repeat("<", 300_000), `{"id":7}`, strings.Repeat("<", 512), `{"id":7}`},
	} {
		t.Run(label, func(t *testing.T) {
			f := &fakeSQS{t: t}
			q, figures, _ := eventsTo(f)
			if err := q.SendEvent(t.Context(), eventOf(c.name, c.actor)); err != nil || len(f.sent) != 1 || len(figures) > 0 {
				t.Fatalf("%d sent, error %v, counted %v", len(f.sent), err, figures)
			}
			var got platform.Event
			if err := json.Unmarshal([]byte(*f.sent[0].MessageBody), &got); err != nil {
				t.Fatal(err)
			}
			if got.App.Name != c.wantName || got.Organization.Name != c.wantName || string(got.Actor) != c.wantActor {
				t.Errorf("queued as %.300q, %s", got.App.Name, got.Actor)
			}
		})
	}
}

func TestEventsThatSQSRefusesForGoodAreGivenUp(t *testing.T) {
	f := &fakeSQS{t: t, down: refused(), fault: func(string) bool { return true }}
	q, figures, log := eventsTo(f)
	if err := q.SendEvent(t.Context(), eventOf("Bot", `{}`)); err != nil || figures["notice.given_up"] != 1 {
		t.Errorf("error %v, counted %v", err, figures)
	}
	for _, want := range []string{"event given up", "app_id=17", "organization_id=42", "type=app.enabled", "event_id="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
}

func TestEventsThatAreNotKnownToBeQueuedAreAnError(t *testing.T) {
	f := &fakeSQS{t: t, down: noConnection, fault: func(string) bool { return true }}
	q, figures, _ := eventsTo(f)
	if err := q.SendEvent(t.Context(), eventOf("Bot", `{}`)); err == nil || len(figures) > 0 {
		t.Errorf("error %v, counted %v", err, figures)
	}
}
