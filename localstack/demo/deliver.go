package main

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"hookwarden/localstack/stack"
)

// deliver sends all webhooks, and shows what the receivers and the log have.
func (s *story) deliver(ctx context.Context) error {
	webhooks := s.cast.webhooks()
	s.title("%d webhooks", len(webhooks))
	s.paragraph(`On WebhookQueue, ten at a time. Those of the two broken apps go first, so that the others have to get past them.`)
	if err := s.sendAndWatch(ctx, webhooks); err != nil {
		return err
	}
	var logs map[*app][]stack.Item
	if err := s.await(ctx, "the request log", func(ctx context.Context) (err error) {
		logs, err = s.readLogs(ctx)
		return err
	}); err != nil {
		return err
	}
	var figures []figures
	for _, a := range s.cast.apps() {
		figures = append(figures, s.measure(a, logs[a]))
	}
	s.showDeliveries(figures)
	return nil
}

// sendAndWatch sends at a pace that the eye can follow, until all have arrived.
func (s *story) sendAndWatch(ctx context.Context, webhooks []stack.Message) error {
	ctx, fail := context.WithCancelCause(ctx)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if err := s.sendAll(ctx, webhooks); err != nil {
			fail(err)
		}
	}()
	defer func() { fail(nil); <-sent }()
	bar := s.bar(len(webhooks), "arrived")
	defer bar.end()
	err := stack.Until(ctx, s.stage.patience(), func(ctx context.Context) error {
		n, err := s.arrived(ctx)
		bar.show(n)
		if err == nil && n < len(webhooks) {
			err = fmt.Errorf("%d of %d webhooks", n, len(webhooks))
		}
		return err
	})
	s.checked++
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return fmt.Errorf("the arrival of all webhooks: %w", err)
	}
	return nil
}

func (s *story) sendAll(ctx context.Context, webhooks []stack.Message) error {
	const atOnce, pause = 10, 120 * time.Millisecond
	for chunk := range slices.Chunk(webhooks, atOnce) {
		now := time.Now()
		for _, m := range chunk {
			s.sentAt[m.Body.(object)["id"].(string)] = now
		}
		if err := s.Send(ctx, "WEBHOOK_QUEUE_URL", chunk...); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

// arrived counts the webhooks that are at their receivers, each once. The app
// that answers 400 may be disabled before its last one is sent; that one is only
// in the log.
func (s *story) arrived(ctx context.Context) (int, error) {
	n, still := 0, 0
	for _, a := range s.cast.apps() {
		came := len(a.arrivals())
		n += came
		still += a.webhooks - came
	}
	if still == 0 || still > s.cast.importer.webhooks {
		return n, nil
	}
	entries, err := s.log(ctx, s.cast.importer)
	return n + count(entries)["skipped"], err
}

// arrivals is when each webhook came in first.
func (a *app) arrivals() map[string]time.Time {
	first := make(map[string]time.Time)
	for _, g := range a.Got() {
		id := g.Header.Get("Request-ID")
		if _, ok := first[id]; !ok {
			first[id] = g.At
		}
	}
	return first
}

func (s *story) log(ctx context.Context, a *app) ([]stack.Item, error) {
	return s.Query(ctx, "REQUESTS_TABLE", a.id+"#"+s.today.Format(time.DateOnly))
}

// readLogs reads each app's log, and fails while an entry is missing that must
// be there.
func (s *story) readLogs(ctx context.Context) (map[*app][]stack.Item, error) {
	logs := make(map[*app][]stack.Item)
	for _, a := range s.cast.apps() {
		entries, err := s.log(ctx, a)
		if err != nil {
			return nil, err
		}
		logs[a] = entries
		outcomes := count(entries)
		got, want := len(entries), a.webhooks
		switch a {
		case s.cast.board, s.cast.bot:
			got = outcomes["success"]
		case s.cast.tracker:
			got, want = outcomes["timeout"], s.cast.hanging
		}
		if got < want {
			return nil, fmt.Errorf("%s has %d of %d entries, %v", a.name, got, want, outcomes)
		}
	}
	return logs, nil
}

func count(entries []stack.Item) map[string]int {
	outcomes := make(map[string]int)
	for _, e := range entries {
		outcomes[e.Text("outcome")]++
	}
	return outcomes
}

// figures is one app's row of the table of deliveries.
type figures struct {
	app      *app
	outcomes map[string]int
	request  []time.Duration // of each attempt
	arrival  []time.Duration // from the queue to the receiver, of each webhook
}

// measure makes an app's row, and checks what the receiver got.
func (s *story) measure(a *app, entries []stack.Item) figures {
	f := figures{app: a, outcomes: count(entries)}
	for _, e := range entries {
		if e.Text("outcome") != "skipped" {
			f.request = append(f.request, time.Duration(e.Int("duration_ms"))*time.Millisecond)
		}
	}
	for id, at := range a.arrivals() {
		f.arrival = append(f.arrival, at.Sub(s.sentAt[id]))
	}
	s.expect("signatures that do not verify at "+a.name, len(a.Bad()), 0)
	switch a {
	case s.cast.board, s.cast.bot:
		s.expect("successes of "+a.name, f.outcomes["success"], a.webhooks)
	case s.cast.importer:
		s.expect("errors of "+a.name, f.outcomes["error"], a.webhooks-f.outcomes["skipped"])
	case s.cast.tracker:
		s.expect("time-outs of "+a.name, min(f.outcomes["timeout"], s.cast.hanging), s.cast.hanging)
	}
	return f
}

// outcomeList is "success 160, server_error 4": the most frequent first.
func outcomeList(outcomes map[string]int) string {
	var names []string
	for name := range outcomes {
		names = append(names, name)
	}
	sort.Slice(names, func(i, k int) bool {
		if outcomes[names[i]] != outcomes[names[k]] {
			return outcomes[names[i]] > outcomes[names[k]]
		}
		return names[i] < names[k]
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, outcomes[name])
	}
	return strings.Join(names, ", ")
}

// percentile is the smallest value that is not below p percent of all.
func percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max((len(sorted)*p+99)/100-1, 0)]
}
