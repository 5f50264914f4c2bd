package sample

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEventsHappenHereAndNow(t *testing.T) {
	here := Here{
		Names: map[string]string{"MAILBOX_URL": "http://127.0.0.1:1/mails",
			"WEBHOOK_QUEUE_URL": "http://127.0.0.1:1/000000000000/webhooks", "RETRY_QUEUE_URL": "http://127.0.0.1:1/000000000000/retries",
			"REGISTRY_QUEUE_URL": "http://127.0.0.1:1/000000000000/registry", "NOTIFICATION_QUEUE_URL": "http://127.0.0.1:1/000000000000/notices"},
		Receiver: "http://127.0.0.1:2",
		Now:      time.Date(2027, time.March, 1, 23, 30, 0, 0, time.UTC),
	}
	files, err := filepath.Glob("../../events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no events: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			event, err := here.Event(file)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(event) {
				t.Error("not JSON any more")
			}
			for _, there := range []string{"host.docker.internal", "123456789012:hookwarden-", "2026-11-24T10:00:00", `"2026-11-`, "17955144"} {
				if strings.Contains(string(event), there) {
					t.Errorf("still has %s:\n%s", there, event)
				}
			}
		})
	}
}

func TestEventsKeepTheirTimesDistanceFromNow(t *testing.T) {
	here := Here{Now: time.Date(2027, time.March, 1, 23, 30, 0, 0, time.UTC)}
	for there, want := range map[string]string{
		"2026-11-24T10:00:00Z":     "2027-03-01T23:30:00.000Z",
		"2026-11-24T09:59:59.500Z": "2027-03-01T23:29:59.500Z",
		`"2026-11-24#3"`:           `"2027-03-01#3"`,
		"2026-11-18":               "2027-02-23",
		"1795514400000":            "1803943800000",
		"1795514399":               "1803943799",
		"7a485448-a9e2-4c85-8a3c":  "7a485448-a9e2-4c85-8a3c",
	} {
		if got := string(here.onTime(there)); got != want {
			t.Errorf("%s became %s, want %s", there, got, want)
		}
	}
}
