package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

type object = map[string]any

// app is one app of the story, with the receiver behind it.
type app struct {
	*receiver.Receiver
	id, slug, name, status string
	secret                 string
	answers                string // in words
	webhooks               int    // that it is sent
}

// webhookURL is a URL that no other run has.
func (a *app) webhookURL() string { return a.URL + "/" + a.id }

type owner struct{ name, email string }

// cast is who plays in the story. Ids differ from run to run, since a stack that
// stays up remembers.
type cast struct {
	run    string
	org    string // id
	owners []owner

	hanging int // requests that must really hang

	board, bot, importer, tracker *app
}

// newCast starts the apps' receivers. hanging is how many requests must really
// hang; some more are sent, for those that this machine is too busy to time
// exactly.
func newCast(hanging int) (*cast, error) {
	b := make([]byte, 2)
	_, _ = rand.Read(b)
	c := &cast{run: hex.EncodeToString(b), hanging: hanging}
	c.org = "acme-" + c.run
	c.owners = []owner{{"Ada Lovelace", "ada@acme.example"}, {"Grace Hopper", "grace@acme.example"}}
	c.board = &app{slug: "status-board", name: "Status Board", status: "published", webhooks: 160,
		answers: "200, but now and then a 503"}
	c.bot = &app{slug: "ci-bot", name: "CI Bot", status: "internal", webhooks: 120, answers: "200"}
	// Ten go in one batch, so that they are counted before they disable the app.
	c.importer = &app{slug: "legacy-importer", name: "Legacy Importer", status: "internal", webhooks: 10,
		answers: "400, and has done so for six days"}
	c.tracker = &app{slug: "sleepy-tracker", name: "Sleepy Tracker", status: "internal", webhooks: hanging + hanging/4,
		answers: "nothing: it takes each request and hangs"}
	for a, answer := range map[*app]receiver.Answer{
		c.board:    stumbling,
		c.bot:      receiver.Status(http.StatusOK),
		c.importer: receiver.Status(http.StatusBadRequest),
		c.tracker:  receiver.Hang,
	} {
		a.id, a.secret = a.slug+"-"+c.run, "secret of "+a.slug
		var err error
		if a.Receiver, err = receiver.Start(a.secret, answer); err != nil {
			c.close()
			return nil, fmt.Errorf("start the receiver of %s: %w", a.name, err)
		}
	}
	return c, nil
}

// stumbling answers four of the first hundred requests with a 503.
func stumbling(w http.ResponseWriter, _ *http.Request, n int) {
	if n%25 == 0 && n <= 100 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (c *cast) apps() []*app { return []*app{c.board, c.bot, c.importer, c.tracker} }

func (c *cast) close() {
	for _, a := range c.apps() {
		if a.Receiver != nil {
			a.Close()
		}
	}
}

// registration is what the platform puts on RegistryQueue.
func (c *cast) registration() []any {
	var owners []object
	for _, o := range c.owners {
		owners = append(owners, object{"email": o.email, "name": o.name})
	}
	messages := []any{object{"type": "organization.put", "version": 1,
		"organization": object{"id": c.org, "slug": "acme", "name": "Acme", "owners": owners}}}
	for _, a := range c.apps() {
		messages = append(messages, object{"type": "app.put", "version": 1, "app": object{
			"id": a.id, "uuid": "uuid-of-" + a.id, "slug": a.slug, "name": a.name, "status": a.status,
			"organization_id": c.org, "webhook_url": a.webhookURL(), "secrets": []string{a.secret}, "events": []string{"issue"}}})
	}
	return messages
}

// webhook is the nth webhook of an app.
func (c *cast) webhook(a *app, n int) object {
	return object{
		"id": fmt.Sprintf("evt_%s_%d", a.id, n), "app_id": a.id, "organization_id": c.org,
		"installation": object{"uuid": "7a485448-a9e2-4c85-8a3c-4f44175783c9"},
		"resource":     "issue", "action": "created",
		"data":  object{"issue": object{"id": fmt.Sprint(n), "title": "TypeError: undefined is not a function"}},
		"actor": object{"type": "user", "id": 7, "name": "Ada Lovelace"},
	}
}

// webhooks are all of the story, in the order in which they are sent: those that
// fail first, so that the others have to get past them.
func (c *cast) webhooks() []stack.Message {
	var list []stack.Message
	add := func(a *app, n int) {
		list = append(list, stack.Message{GroupID: a.id, Body: c.webhook(a, n)})
	}
	for _, a := range []*app{c.importer, c.tracker} {
		for n := range a.webhooks {
			add(a, n)
		}
	}
	for n := range max(c.board.webhooks, c.bot.webhooks) {
		for _, a := range []*app{c.board, c.bot} {
			if n < a.webhooks {
				add(a, n)
			}
		}
	}
	return list
}

// windowDays is the rule's window.
const windowDays = 7

// history is what is put into the Buffer table: the past, which nobody can wait
// for. The app that hangs gets all but the last of today's time-outs.
func (c *cast) history(now time.Time, timeoutThreshold int) []stack.Item {
	var items []stack.Item
	for i, errors := range [windowDays - 1]int64{1, 2, 1, 1, 2, 1} { // ten in all would be dead
		items = append(items, bufferItem(c.importer.id+"#"+c.org+"#1", now.AddDate(0, 0, i+1-windowDays), "error_count", errors))
	}
	if before := c.timeoutsBefore(timeoutThreshold); before > 0 {
		items = append(items, bufferItem(c.tracker.id+"#"+c.org+"#1", now, "timeout_count", int64(before)))
	}
	return items
}

func (c *cast) timeoutsBefore(timeoutThreshold int) int { return max(timeoutThreshold-c.hanging, 0) }

func bufferItem(key string, day time.Time, name string, n int64) stack.Item {
	const keptFor = 40 // days
	return stack.Item{"pk": key, "day": day.Format(time.DateOnly), name: n, "expires_at": day.AddDate(0, 0, keptFor).Unix()}
}

// putHistory writes it.
func (s *story) putHistory(ctx context.Context) error {
	for _, item := range s.cast.history(s.today, s.stage.settings.timeoutThreshold()) {
		if err := s.Put(ctx, "BUFFER_TABLE", item); err != nil {
			return err
		}
	}
	return nil
}
