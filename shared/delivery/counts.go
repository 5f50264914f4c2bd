package delivery

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/retry"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// CounterKey is one item of the Buffer.
type CounterKey struct {
	Key  string // tally.Key
	Date tally.Date
}

// ErrNotAdded is wrapped by an error of AddCounts if the counts were not added.
var ErrNotAdded = errors.New("not added")

// Counters adds counts to the Buffer, atomically, and with them sets the clues that are not
// zero. After nil they are durable. After an error that wraps ErrNotAdded they were not
// added; if it also wraps platform.ErrRefused, they never will be. After any other error they
// may have been. It tries once. The caller repeats what may be repeated, which clues always
// may be.
//
// Counts with a success, or alive, clear the day's count of permanent failures, whatever the
// clues say. A LastSuccess without a FailingSince clears that of the day; a FailingSince
// without a LastSuccess is the day's only if it has none yet.
type Counters interface {
	AddCounts(ctx context.Context, key CounterKey, counts tally.Counts, clues tally.Clues) error
}

// counter counts how webhooks end.
type counter struct {
	phase
	counters     Counters
	outbox       Outbox // for counts that cannot be added
	apps         *cache
	guarded      []platform.Status
	serverErrors bool // count among the errors
}

// count adds a wave's results to its apps' days, with one update for each day.
func (c counter) count(ctx context.Context, wave []*attempted) {
	for _, w := range wave {
		w.counts = c.countsOf(w)
	}
	c.confirmGone(ctx, wave)
	updates := updatesOf(wave)
	if len(updates) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, u := range updates[1:] {
		others.Go(func() { c.addOrQueue(ctx, u) })
	}
	c.addOrQueue(ctx, updates[0]) // usually the only one; in a goroutine, the stack would have to grow for each call
	others.Wait()
}

// countsOf is what an attempt adds to the app's day. It is nothing for a test, or if the app
// cannot be disabled for it. An erased app has no organization, and so no key.
func (c counter) countsOf(w *attempted) tally.Counts {
	if w.isTest() || !w.App.Counted(c.guarded) || w.App.Disabled() || w.App.OrganizationID == "" || !w.result.OfReceiver() {
		return tally.Counts{}
	}
	counts := c.countsOfOutcome(w.result.Outcome)
	switch {
	case w.webhook.AlertRule(): // its failures say nothing about the app, but an answer shows that it is alive
		return tally.Counts{Alive: counts.Success}
	case w.App.Deleted: // its receiver may be gone already, and the app may be installed again
		return counts.OnlySuccess()
	}
	return counts
}

func (c counter) countsOfOutcome(outcome webhook.Outcome) tally.Counts {
	switch outcome {
	case webhook.Success:
		return tally.Counts{Success: 1}
	case webhook.Error, webhook.Gone: // confirmGone adds the 410
		return tally.Counts{Error: 1}
	case webhook.ServerError:
		if c.serverErrors {
			return tally.Counts{Error: 1}
		}
		return tally.Counts{Other: 1}
	case webhook.Redirect, webhook.Blocked:
		return tally.Counts{Other: 1}
	case webhook.Timeout, webhook.ConnectionError:
		return tally.Counts{Timeout: 1}
	}
	return tally.Counts{}
}

// confirmGone reads the apps whose own URL answered 410. If an app still has that URL, it is
// gone. If it has a new one by now, the webhook goes there and nothing is counted.
func (c counter) confirmGone(ctx context.Context, wave []*attempted) {
	var ids []string
	var gone []*attempted
	for _, w := range wave {
		if w.result.Outcome == webhook.Gone && w.webhook.URL == "" {
			ids, gone = append(ids, w.appID), append(gone, w)
		}
	}
	registered, _ := c.apps.read(ctx, ids)
	for _, w := range gone {
		switch current, ok := registered[w.appID]; {
		case !ok: // not confirmed
		case current.App.WebhookURL == w.url && current.App.Deleted: // expected of a deleted app
			w.counts = w.counts.OnlySuccess()
		case current.App.WebhookURL == w.url:
			w.counts.Gone = w.counts.Error
		case current.App.WebhookURL != "":
			w.counts = tally.Counts{}
			w.fate = delayed{reason: delayMoved, wait: time.Second}
		}
	}
}

// update is counts for one item of the Buffer, and the attempts that they come from.
type update struct {
	key    CounterKey
	counts tally.Counts
	first  time.Time // start of the first of the attempts
	of     []*attempted
}

func updatesOf(wave []*attempted) (updates []*update) {
	for _, w := range wave {
		if w.counts.IsZero() {
			continue
		}
		key := CounterKey{tally.Key(w.App.ID, w.App.OrganizationID, w.App.Generation), tally.DateOf(w.result.Started)}
		i := slices.IndexFunc(updates, func(u *update) bool { return u.key == key })
		if i < 0 {
			i = len(updates)
			updates = append(updates, &update{key: key, first: w.result.Started})
		}
		u := updates[i]
		u.counts = u.counts.Plus(w.counts)
		u.of = append(u.of, w)
		if w.result.Started.Before(u.first) {
			u.first = w.result.Started
		}
	}
	return updates
}

// addOrQueue adds counts, or queues them as a message of ours. If neither works, their
// webhooks are returned, since a success that is done must be counted. If the message may
// have been queued, only webhooks with a success are returned: a success may be counted
// twice, a failure may not.
func (c counter) addOrQueue(ctx context.Context, u *update) {
	left, _ := c.add(ctx, u.key, u.counts, cluesOf(u.of))
	if left.IsZero() {
		return
	}
	message := countsMessage{u.key.Key, u.key.Date, left, u.first.UnixMilli()}.delayed()
	c.logger.WarnContext(ctx, "counts not added, sent on", "app_id", message.GroupID, "key", u.key.Key, "day", u.key.Date, "counts", left)
	ctx, cancel := context.WithTimeout(ctx, sendBudget)
	defer cancel()
	unsent := c.outbox.SendDelayed(ctx, []Delayed{message})
	if len(unsent) == 0 {
		return
	}
	for _, w := range u.of {
		if w.counts.Success > 0 || left.Failed() && !unsent[0].MayBeQueued {
			w.fate = returned{}
		}
	}
}

// addQueued adds the counts of our own messages to the key that they carry. The key has the
// generation in which the attempts were made, whatever has happened to the app since.
func (c counter) addQueued(ctx context.Context, messages []queuedCounts) {
	var all sync.WaitGroup
	for _, m := range messages {
		all.Go(func() { c.guard(ctx, m.item, func() { m.fate = c.addMessage(ctx, m) }) })
	}
	all.Wait()
}

// addMessage returns the fate of a message. If it is not done, it goes on with only the
// counts that were not added.
func (c counter) addMessage(ctx context.Context, m queuedCounts) fate {
	if _, _, generation, _ := tally.SplitKey(m.Key); generation == 0 { // of an older version: they would not be judged
		c.metrics.Count("counts.dropped", "", "")
		c.logger.WarnContext(ctx, "counts of no generation dropped", m.names(m.fields()...)...)
		return done{}
	}
	if m.Receives > 1 { // it may have been added before
		m.Counts = m.Counts.OnlySuccess()
	}
	if m.Counts.IsZero() {
		return done{}
	}
	left, err := c.add(ctx, CounterKey{m.Key, m.Date}, m.Counts, tally.Clues{})
	if left.IsZero() {
		return done{}
	}
	m.Counts = left
	m.Body = m.body()
	switch {
	case errors.Is(err, platform.ErrRefused):
		return deadLettered{reason: platform.ReasonRefused, detail: "the table permanently refuses these counts"}
	case c.expired(m.Message): // the line has everything that is needed to add them by hand
		c.logger.ErrorContext(ctx, "counts lost", m.names(append(m.fields(), "at", platform.FormatTime(time.UnixMilli(m.At)))...)...)
		return done{}
	}
	return delayedByFault(delayCounts, m.Hops)
}

// add adds counts within the budget. It returns the counts that were not added, and why. If
// an answer was lost, only the successes are added again.
func (c counter) add(ctx context.Context, key CounterKey, counts tally.Counts, clues tally.Clues) (left tally.Counts, err error) {
	ctx, cancel := context.WithTimeout(ctx, countBudget)
	defer cancel()
	for pause := firstPause; ; pause *= 2 {
		err := c.counters.AddCounts(ctx, key, counts, clues)
		if err == nil {
			return tally.Counts{}, nil
		}
		c.logger.WarnContext(ctx, "counts not added", "error", err, "app_id", appOf(key.Key), "key", key.Key, "day", key.Date)
		if !errors.Is(err, ErrNotAdded) {
			counts = counts.OnlySuccess()
		}
		if counts.IsZero() || errors.Is(err, platform.ErrRefused) || !retry.Pause(ctx, pause) {
			return counts, err
		}
	}
}
