package delivery

import (
	"context"
	"slices"
	"sync"
	"time"

	"hookwarden/shared/pace"
	"hookwarden/shared/platform"
)

// Reasons for which a webhook is not sent.
const (
	skipDeleted       = "app_deleted"
	skipNotSubscribed = "not_subscribed"
	skipDisabled      = "app_disabled"
	skipNoURL         = "no_url"
	skipCopy          = "copy" // another message of the same webhook is handled
)

// Reasons for which a webhook waits, as the metric webhook.deferred has them.
const (
	deferNotDue     = "not_due"
	deferUnknownApp = "unknown_app"
	deferUnreadable = "unreadable"
	deferSecrets    = "secrets"
	deferLocalError = "local_error"
	deferMoved      = "moved"
	deferSlow       = "slow"
	deferCounts     = "counts" // counts that still cannot be added
)

const (
	maxHops       = 400
	dueTolerance  = time.Second
	unknownWait   = 15 * time.Second
	unknownGrace  = 5 * time.Minute
	unknownHops   = 2 // the third try has two hops behind it
	firstFault    = 30 * time.Second
	longestFault  = 900 * time.Second
	mayBeOursTill = time.Hour // from then on no route and no look-up are failures
)

// skipReason says why a webhook is not to be sent to its app; empty if it is.
func (it *item) skipReason(now time.Time) string {
	w, app := it.webhook, it.known.App
	subscribable := platform.Subscribable(w.Resource)
	switch {
	case it.known.deletedFor(it.SentAt, now):
		return skipDeleted
	case subscribable && !app.Subscribed(w.Resource, w.Action):
		return skipNotSubscribed
	case subscribable && app.Disabled():
		return skipDisabled
	case w.URL == "" && app.WebhookURL == "":
		return skipNoURL
	}
	return ""
}

// decide looks the items' apps up and settles all that are not to be sent.
func (j *Job) decide(ctx context.Context, items []*item, paced *pace.Batch) {
	j.lookUp(ctx, items)
	for _, it := range items {
		j.guard(ctx, it, func() { j.decideOne(it, items[0].ID, paced) })
	}
}

// decideOne takes the batch's name too: what of it is deferred stays together.
func (j *Job) decideOne(it *item, batch string, paced *pace.Batch) {
	if it.found && !it.unread && it.known.deletedFor(it.SentAt, j.Now()) {
		it.skip(skipDeleted) // however old: its secrets are gone for good
		return
	}
	if expired := j.expired(it); expired || it.unread || !it.found {
		j.decideUnsendable(it, expired)
		return
	}
	if reason := it.skipReason(j.Now()); reason != "" {
		it.skip(reason)
		return
	}
	if !it.known.signable(j.Now()) {
		it.later(deferSecrets, j.faultWait(it))
		return
	}
	switch paced.Admit(it.webhook.AppID, j.Now()) {
	case pace.Send:
	case pace.Detour:
		it.later(deferSlow, 0)
	case pace.Defer:
		it.later(deferSlow, pace.Wait(it.Hops, batch))
	}
}

// decideUnsendable settles a message that is too old, or whose app cannot be
// had.
func (j *Job) decideUnsendable(it *item, expired bool) {
	readable := !it.unread && it.found && it.known.signable(j.Now())
	switch {
	case expired && it.Attempts == 0 && !readable:
		it.dead(ReasonExpired, "the app or its secrets could not be read until the message was too old to be sent")
	case expired:
		it.skip("")
		it.outcome = outcomeExpired
	case it.unread:
		it.later(deferUnreadable, j.faultWait(it))
	case it.Hops >= unknownHops && j.Now().Sub(it.SentAt) >= unknownGrace:
		it.dead(ReasonUnknownApp, "app_id names an app that was never registered")
	default:
		it.later(deferUnknownApp, unknownWait)
	}
}

func (j *Job) expired(it *item) bool {
	return it.Hops > maxHops || j.Now().Sub(it.SentAt) > j.MaxAge
}

// faultWait grows with the hops, so that their number outlasts MaxAge.
func (j *Job) faultWait(it *item) time.Duration { return doubled(firstFault, it.Hops) }

// doubled is a wait that doubles with each hop, up to longestFault.
func doubled(first time.Duration, hops int) time.Duration {
	return min(first<<min(hops, 10), longestFault)
}

// lookUp finds each item's app: in the cache if that says yes, else by a
// consistent read. Secrets that do not fit their app are read once more, since
// the two may have been read while they changed.
func (j *Job) lookUp(ctx context.Context, items []*item) {
	j.readApps(ctx, items, func(it *item) bool {
		it.known, it.found = j.apps.remembered(it.webhook.AppID, j.Now())
		return !it.found || it.skipReason(j.Now()) != "" || !it.known.signable(j.Now())
	})
	j.readApps(ctx, items, func(it *item) bool {
		return it.found && !it.unread && !it.known.tooLate(it.SentAt, j.Now()) && !it.known.signable(j.Now())
	})
}

// readApps reads the apps of the items that want it.
func (j *Job) readApps(ctx context.Context, items []*item, wants func(*item) bool) {
	var wanting []*item
	for _, it := range items {
		if wants(it) {
			wanting = append(wanting, it)
		}
	}
	known, unread := j.read(ctx, wanting)
	for _, it := range wanting {
		it.known, it.found = known[it.webhook.AppID]
		it.unread = unread[it.webhook.AppID]
	}
}

// read reads the items' apps, each once. unread are those that may be there.
func (j *Job) read(ctx context.Context, items []*item) (known map[string]Registered, unread map[string]bool) {
	var ids []string
	for _, it := range items {
		if !slices.Contains(ids, it.webhook.AppID) {
			ids = append(ids, it.webhook.AppID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readBudget)
	defer cancel()
	var listening sync.WaitGroup
	if fresh := j.apps.forgotten(ids, j.Now()); len(fresh) > 0 {
		listening.Go(func() { j.listen(ctx, fresh) })
	}
	known, unread, err := j.apps.read(ctx, ids, j.Now())
	listening.Wait()
	if err != nil {
		j.Logger.ErrorContext(ctx, "apps not read", "error", err, "apps", len(unread))
	}
	return known, unread
}
