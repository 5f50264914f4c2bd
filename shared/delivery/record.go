package delivery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/retry"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// record keeps what happened: first the counts, so that a success is never
// separated from its errors, then the log.
func (j *Job) record(ctx context.Context, items []*item) {
	j.recordCounts(ctx, items)
	j.recordLog(ctx, items)
	for _, it := range items {
		j.report(ctx, it)
	}
}

// group is the counts of one Buffer item that a batch adds, and where they come
// from.
type group struct {
	key    CounterKey
	counts tally.Counts
	first  time.Time // start of the first of its requests
	items  []*item
}

func (j *Job) recordCounts(ctx context.Context, items []*item) {
	groups := groupCounts(items)
	if len(groups) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, g := range groups[1:] {
		others.Go(func() { j.addGroup(ctx, g) })
	}
	j.addGroup(ctx, groups[0]) // mostly the only one: a goroutine's stack would have to grow for each call
	others.Wait()
}

func groupCounts(items []*item) []*group {
	var groups []*group
	byKey := make(map[CounterKey]*group)
	for _, it := range items {
		if it.back || it.counts.IsZero() {
			continue
		}
		app := it.known.App
		key := CounterKey{tally.Key(app.ID, app.OrganizationID, app.Generation), tally.DateOf(it.result.Started)}
		g := byKey[key]
		if g == nil {
			g = &group{key: key, first: it.result.Started}
			byKey[key] = g
			groups = append(groups, g)
		}
		g.counts = g.counts.Plus(it.counts)
		g.items = append(g.items, it)
		if it.result.Started.Before(g.first) {
			g.first = it.result.Started
		}
	}
	return groups
}

// addGroup adds a group's counts, or queues them as a message of ours. If
// neither works its messages go back: a success that is done is counted. If they
// may be queued only those with a success go back: it may be counted twice, and a
// failure may not.
func (j *Job) addGroup(ctx context.Context, g *group) {
	left, _ := j.add(ctx, g.key, g.counts)
	if left.IsZero() {
		return
	}
	j.Logger.WarnContext(ctx, "counts not added, sent on", "app_id", appOf(g.key.Key), "key", g.key.Key, "day", g.key.Date, "counts", left)
	ctx, cancel := context.WithTimeout(ctx, sendBudget)
	defer cancel()
	message := CountsMessage{Key: g.key.Key, Date: g.key.Date, Counts: left, At: g.first}.later()
	unsent := j.Outbox.SendLater(ctx, []Later{message})
	if len(unsent) == 0 {
		return
	}
	for _, it := range g.items {
		if it.counts.Success > 0 || left.Failed() && !unsent[0].MayBeQueued {
			it.back = true
		}
	}
}

// add adds counts within the budget and returns what is surely not added, and why.
// Of counts whose answer was lost only the successes are added again.
func (j *Job) add(ctx context.Context, key CounterKey, counts tally.Counts) (left tally.Counts, err error) {
	ctx, cancel := context.WithTimeout(ctx, countBudget)
	defer cancel()
	for wait := firstWait; ; wait *= 2 {
		err := j.Counters.AddCounts(ctx, key, counts)
		if err == nil {
			return tally.Counts{}, nil
		}
		j.Logger.WarnContext(ctx, "counts not added", "error", err, "app_id", appOf(key.Key), "key", key.Key, "day", key.Date)
		if !errors.Is(err, ErrNotAdded) {
			counts = counts.OnlySuccess()
		}
		if counts.IsZero() || errors.Is(err, platform.ErrRefused) || !retry.Pause(ctx, wait) {
			return counts, err
		}
	}
}

// firstWait is the first wait before a write is repeated; it doubles.
const firstWait = 25 * time.Millisecond

// recordLog writes the log, as far as its budget goes. What is left goes to the
// function's own log in full: an entry never holds up a delivery.
func (j *Job) recordLog(ctx context.Context, items []*item) {
	entries := make([]Entry, 0, len(items))
	for _, it := range items {
		if e, ok := j.entry(it); ok && j.wanted(e) {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return
	}
	entries = j.writeEntries(ctx, entries)
	for _, e := range entries {
		j.Logger.ErrorContext(ctx, "log entry dropped", "app_id", e.AppID, "webhook_id", e.WebhookID, "entry", e)
		j.Metrics.Count("log.dropped", "", "")
	}
	j.logFailing = len(entries) > 0
}

// writeEntries tries until all are written or the budget is used up, and returns
// those that are not. While the log fails each batch has one short try, so that
// deliveries go on at their rate.
func (j *Job) writeEntries(ctx context.Context, entries []Entry) (unwritten []Entry) {
	budget := logBudget
	if j.logFailing {
		budget = oneTry
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	for wait := firstWait; ; wait *= 2 {
		entries = j.Log.WriteEntries(ctx, entries)
		if len(entries) == 0 || j.logFailing || !retry.Pause(ctx, wait) {
			return entries
		}
	}
}

func (j *Job) wanted(e Entry) bool {
	switch j.RequestLog {
	case LogOff:
		return e.Outcome == outcomeExpired
	case LogFailures:
		return e.Failed()
	}
	return true
}

// report writes the one line about an item and counts it.
func (j *Job) report(ctx context.Context, it *item) {
	switch {
	case it.outcome != "":
		reason := it.skipped
		if reason == "" {
			reason = it.outcome
		}
		level := slog.LevelInfo
		if it.outcome == outcomeExpired {
			level = slog.LevelWarn
		}
		j.Metrics.Count("webhook.skipped", "reason", reason)
		j.Logger.Log(ctx, level, "webhook not sent", "app_id", it.webhook.AppID, "webhook_id", it.webhook.ID,
			"event", it.webhook.EventType(), "outcome", it.outcome, "reason", it.skipped)
	case it.request != nil:
		j.Metrics.Count("webhook.attempts", "outcome", string(it.result.Outcome))
		j.Metrics.Milliseconds("webhook.latency", it.result.Duration)
		j.Metrics.Detail("webhooks", attempted{appLabel(it.known.App), it.webhook.EventType(), it.result.Status})
		level := slog.LevelInfo
		if it.result.Outcome == webhook.Success {
			level = slog.LevelDebug // the log table has it
		}
		if !j.Logger.Enabled(ctx, level) {
			return
		}
		j.Logger.Log(ctx, level, "webhook attempted", "app_id", it.webhook.AppID, "webhook_id", it.webhook.ID,
			"event", it.webhook.EventType(), "outcome", it.result.Outcome, "code", it.result.Code, "status", it.result.Status,
			"attempt", it.Attempts+1, "repeated", it.result.Repeated, "duration_ms", it.result.Duration.Milliseconds(),
			"error", it.result.Err)
	}
}

// attempted is what the metrics' line says of one attempt beside its figures.
type attempted struct {
	App          string `json:"app"`
	Event        string `json:"event"`
	ResponseCode int    `json:"response_code"` // 0 without a complete answer
}

// appLabel names published apps; all others are told apart by their status only.
func appLabel(app platform.App) string {
	if app.Status == platform.Published {
		return app.Slug
	}
	return string(app.Status)
}

// sendOn queues what is to come later and the dead letters. Only a message that
// could not be sent on goes back.
func (j *Job) sendOn(ctx context.Context, items []*item) {
	ctx, cancel := context.WithTimeout(ctx, sendBudget)
	defer cancel()
	var later []Later
	var letters []Letter
	var laterOf, letterOf []*item
	for _, it := range items {
		switch {
		case it.back:
		case it.next != nil:
			if it.next.DueAt.IsZero() {
				it.next.DueAt = j.Now().Add(it.next.Wait)
			}
			if it.mayBeCopy() {
				it.next.Mark = j.NewMark()
			}
			j.reportDeferral(ctx, it)
			later, laterOf = append(later, *it.next), append(laterOf, it)
		case it.letter != nil:
			j.Logger.ErrorContext(ctx, "dead letter", it.names("reason", it.letter.Reason, "detail", it.letter.Detail)...)
			letters, letterOf = append(letters, *it.letter), append(letterOf, it)
		}
	}
	if len(later) > 0 {
		for _, u := range j.Outbox.SendLater(ctx, later) {
			laterOf[u.Index].back = true
		}
	}
	if len(letters) > 0 {
		for _, u := range j.Outbox.SendLetters(ctx, letters) {
			letterOf[u.Index].back = true
		}
	}
}

func (j *Job) reportDeferral(ctx context.Context, it *item) {
	if it.deferred == "" {
		return // a retry
	}
	j.Metrics.Count("webhook.deferred", "reason", it.deferred)
	j.Logger.InfoContext(ctx, "message deferred", "app_id", it.webhook.AppID, "webhook_id", it.webhook.ID, "reason", it.deferred,
		"wait_s", it.next.Wait.Seconds(), "hops", it.Hops)
}
