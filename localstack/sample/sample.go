// Package sample adapts the events in events/ to a running stack.
//
// The files are valid as they are, but they are from queues of account
// 123456789012, with a receiver at http://host.docker.internal:8080, on
// 2026-11-24 at ten. That matters to the functions: deliver believes a retry's
// attributes only on a record of its own RetryQueue, and gives up a webhook that
// is too old. So this package replaces the queues, the receiver and the times by
// those of the running stack.
package sample

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

const (
	receiverThere = "http://host.docker.internal:8080"
	queuesThere   = "123456789012:hookwarden-" // followed by the logical id
	ownerThere    = "ada@acme.example"
)

// ownerInAccount is an address of SES's own simulator, so that no person gets a
// mail from an account.
const ownerInAccount = "success+ada@simulator.amazonses.com"

// Here is where and when an event happens.
type Here struct {
	Names    map[string]string // the names in stack.env
	Receiver string            // URL, without a path, at which the function reaches a receiver that answers as Answer
	Now      time.Time
}

// Event reads a file of events/.
func (h Here) Event(file string) ([]byte, error) {
	event, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	moved := []string{receiverThere, h.Receiver}
	for id, name := range map[string]string{
		"WebhookQueue": "WEBHOOK_QUEUE_URL", "RetryQueue": "RETRY_QUEUE_URL",
		"RegistryQueue": "REGISTRY_QUEUE_URL", "NotificationQueue": "NOTIFICATION_QUEUE_URL",
	} {
		path := strings.Split(h.Names[name], "/") // it ends with the account and the queue's name
		if len(path) < 2 {
			return nil, fmt.Errorf("the stack's names have no %s", name)
		}
		moved = append(moved, queuesThere+id, path[len(path)-2]+":"+path[len(path)-1])
	}
	if h.Names["MAILBOX_URL"] == "" {
		moved = append(moved, ownerThere, ownerInAccount)
	}
	return h.onTime(strings.NewReplacer(moved...).Replace(string(event))), nil
}

// onTime moves all times by the difference between the file's present time and
// ours, and days by as many days.
func (h Here) onTime(event string) []byte {
	nowThere := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	later := h.Now.Sub(nowThere)
	days := h.Now.UTC().Truncate(24*time.Hour).Sub(nowThere.Truncate(24*time.Hour)) / (24 * time.Hour)
	// A moment, a day, or unix seconds or milliseconds of 2023 to 2033.
	times := regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z|\b\d{4}-\d\d-\d\d\b|\b1[789]\d{8}(\d{3})?\b`)
	return []byte(times.ReplaceAllStringFunc(event, func(s string) string {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t.Add(later).Format("2006-01-02T15:04:05.000Z")
		}
		if t, err := time.Parse(time.DateOnly, s); err == nil {
			return t.AddDate(0, 0, int(days)).Format(time.DateOnly)
		}
		n, _ := strconv.ParseInt(s, 10, 64) // cannot fail: ten or thirteen digits
		if len(s) == len("1700000000") {
			return strconv.FormatInt(n+int64(later.Seconds()), 10)
		}
		return strconv.FormatInt(n+later.Milliseconds(), 10)
	}))
}

// Answer is how the events' receiver answers, by the path.
func Answer(w http.ResponseWriter, r *http.Request, n int) {
	if r.URL.Path == "/timeout" {
		receiver.Hang(w, r, n)
		return
	}
	status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		status = http.StatusNotFound
	}
	w.WriteHeader(status)
}

// Secret is the newest secret of the registered sample apps.
const Secret = "newest"

// TrueNotices makes the notices of an event true of a running stack: they speak
// of the disabling or the warning that lasts, if there is one. notify mails nothing else.
func TrueNotices(ctx context.Context, s *stack.Stack, event []byte) ([]byte, error) {
	var queue struct{ Records []struct{ Body string } }
	if err := json.Unmarshal(event, &queue); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	for _, r := range queue.Records {
		var notice struct {
			App        struct{ ID string }
			Kind       string
			DisabledAt string `json:"disabled_at"`
			WarnedAt   string `json:"warned_at"`
		}
		if json.Unmarshal([]byte(r.Body), &notice) != nil {
			continue
		}
		identity, said := "", ""
		switch notice.Kind {
		case "app.disabled":
			identity, said = "disabled_at", notice.DisabledAt
		case "app.warning":
			identity, said = "warned_at", notice.WarnedAt
		}
		if said == "" {
			continue
		}
		app, err := s.Get(ctx, "APPS_TABLE", "id", notice.App.ID)
		if err != nil {
			return nil, fmt.Errorf("look at the notice's app: %w", err)
		}
		if at := app.Text(identity); at != "" {
			event = bytes.ReplaceAll(event, []byte(said), []byte(at))
		}
	}
	return event, nil
}

// PutImages writes the images in an event's stream records into the Buffer. A
// record never comes without its item, and only the item can disable an app.
func PutImages(ctx context.Context, s *stack.Stack, event []byte) error {
	var stream struct {
		Records []struct {
			DynamoDB struct {
				NewImage map[string]struct{ S, N string }
			} `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal(event, &stream); err != nil {
		return fmt.Errorf("read the event: %w", err)
	}
	for _, r := range stream.Records {
		if len(r.DynamoDB.NewImage) == 0 {
			continue
		}
		item := make(stack.Item)
		for name, value := range r.DynamoDB.NewImage {
			if n, err := strconv.ParseInt(value.N, 10, 64); err == nil {
				item[name] = n
				continue
			}
			item[name] = value.S
		}
		if err := s.Put(ctx, "BUFFER_TABLE", item); err != nil {
			return fmt.Errorf("put the record's item: %w", err)
		}
	}
	return nil
}
