package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/shared/registry"
)

// lineWith is the line of a JSON log that has the given message.
func lineWith(t *testing.T, log *bytes.Buffer, message string) map[string]any {
	t.Helper()
	for text := range strings.Lines(log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line["msg"] == message {
			return line
		}
	}
	t.Fatalf("no line %q in %s", message, log.String())
	return nil
}

func TestRegistryConsumerNamesAMessageAndItsAppInEveryLine(t *testing.T) {
	for _, c := range []struct {
		body, line string
		registry   *fakeRegistry
		want       map[string]any
	}{
		{strings.Replace(putApp, `"version":1`, `"version":0`, 1), "dead letter", &fakeRegistry{},
			map[string]any{"app_id": "17", "type": "app.put", "reason": "invalid_message"}},
		{putApp, "message not handled", &fakeRegistry{err: errors.New("throttled")},
			map[string]any{"app_id": "17", "type": "app.put", "version": 1.0, "error": "put app 17: throttled"}},
		{putApp, "message panicked", &fakeRegistry{err: errors.New("panic")}, map[string]any{"app_id": "17", "type": "app.put"}},
		{putApp, "older registry message ignored", &fakeRegistry{err: registry.ErrStale}, map[string]any{"app_id": "17", "type": "app.put", "version": 1.0}},
		{`{"type":"app.enable","app_id":"17"}`, "steered without effect", &fakeRegistry{known: true}, map[string]any{"app_id": "17", "type": "app.enable"}},
	} {
		var log bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		now := time.UnixMilli(1_000_000_000)
		q := RegistryConsumer{Job: registrar(c.registry, logger),
			DeadLetters: DeadLetters{API: &fakeSQS{t: t}, URL: "https://sqs/1/dlq", Logger: logger}, Logger: logger, Now: func() time.Time { return now }, Flush: func() {}}
		invoke(t.Context(), t, q, events.SQSMessage{MessageId: "m-1", Body: c.body})
		line := lineWith(t, &log, c.line)
		c.want["message_id"] = "m-1"
		for name, want := range c.want {
			if line[name] != want {
				t.Errorf("%s: %s is %v, want %v", c.line, name, line[name], want)
			}
		}
	}
}
