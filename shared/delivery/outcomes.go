package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"hookwarden/shared/platform"
	"hookwarden/shared/retry"
	"hookwarden/shared/tally"
)

// reported is a message with which the platform reports how its own calls ended. Open
// makes it.
type reported struct {
	*item
	platform.Outcomes
}

// ErrOtherContent is wrapped by an error of AddOutcomes after which the outcomes of another
// message with the same id are there, and these are not.
var ErrOtherContent = errors.New("other outcomes have this id")

// OutcomesRecorder adds counts of a message to the Buffer, atomically and once: if the id
// of the message was there before, with the same content, it adds nothing. After nil the
// counts are durable; after an error that wraps ErrNotAdded or ErrOtherContent they are
// not there, and if it wraps platform.ErrRefused too they never will be; after any other
// nobody knows. Whatever it answers, the call may be repeated at any time.
type OutcomesRecorder interface {
	AddOutcomes(ctx context.Context, key CounterKey, counts tally.Counts, of platform.Outcomes) error
}

// Reasons for which reported outcomes are not added, as the metric outcomes.dropped has
// them.
const (
	dropDeleted        = "app_deleted"
	dropDisabled       = "app_disabled"
	dropNotCounted     = "not_counted"     // an app that can never be disabled
	dropBeforeEnabling = "before_enabling" // of the failures alone
	dropMoved          = "moved"           // of the failures alone: they are of another organization, or of before another URL, kind or deletion
	dropOtherContent   = "other_content"   // other outcomes have this id
)

// reporter adds reported outcomes to their apps' days.
type reporter struct {
	phase
	outcomes OutcomesRecorder
	apps     *cache
	guarded  []platform.Status
}

// add reads the apps of the messages, and adds what they report to the generations that
// these are in now: for each app one message after another, since they mostly change one
// item, and two transactions at once would refuse each other.
func (r reporter) add(ctx context.Context, messages []reported) {
	if len(messages) == 0 {
		return
	}
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.appID
	}
	known, unread := r.apps.read(ctx, ids)
	ctx, cancel := context.WithTimeout(ctx, countBudget)
	defer cancel()
	ofApps := make(map[string][]reported)
	for _, m := range messages {
		ofApps[m.appID] = append(ofApps[m.appID], m)
	}
	var all sync.WaitGroup
	for id, messages := range ofApps {
		app, found := known[id]
		all.Go(func() {
			for _, m := range messages {
				r.guard(ctx, m.item, func() {
					switch {
					case slices.Contains(unread, id):
						m.fate = r.wait(m, delayUnreadable)
					case !found:
						m.fate = r.unknownApp(m.Message)
					default:
						m.fate = r.addTo(ctx, m, app.App)
					}
				})
			}
		})
	}
	all.Wait()
}

// addTo returns the fate of a message whose app is known.
func (r reporter) addTo(ctx context.Context, m reported, app platform.App) fate {
	counts := m.Counts
	switch {
	case app.Deleted:
		return r.drop(ctx, m, counts, dropDeleted)
	case app.Disabled():
		return r.drop(ctx, m, counts, dropDisabled)
	case !app.Counted(r.guarded):
		return r.drop(ctx, m, counts, dropNotCounted)
	}
	if reason := m.oldFailures(app); reason != "" && counts.Failed() {
		failures := tally.Counts{Error: counts.Error, Timeout: counts.Timeout, Fatal: counts.Fatal}
		if r.drop(ctx, m, failures, reason); counts.Success == 0 {
			return done{}
		}
		counts = counts.OnlySuccess()
	}
	key := CounterKey{tally.Key(app.ID, app.OrganizationID, app.Generation), tally.DateOf(m.At)}
	switch err := r.addOnce(ctx, key, counts, m.Outcomes); {
	case err == nil:
		r.logger.InfoContext(ctx, "outcomes added", m.fields(counts)...)
		return done{}
	case errors.Is(err, ErrOtherContent):
		return r.drop(ctx, m, counts, dropOtherContent)
	case errors.Is(err, platform.ErrRefused):
		return deadLettered{reason: platform.ReasonRefused, detail: "the table refuses these outcomes for good" + reportAnew}
	}
	return r.wait(m, delayCounts)
}

// oldFailures says why failures say nothing of the app as it is now, and must not disable
// it; empty if they do. A person who enabled an app that was not disabled yet has fixed it
// all the same.
func (m reported) oldFailures(app platform.App) string {
	switch {
	case app.Kind.CalledByPlatform() && m.OrganizationID != app.OrganizationID, !m.At.After(app.RenewedAt):
		return dropMoved
	case !m.At.After(app.EnabledAt), !m.At.After(app.SteeredAt):
		return dropBeforeEnabling
	}
	return ""
}

// addOnce adds counts, again and again until the context ends.
func (r reporter) addOnce(ctx context.Context, key CounterKey, counts tally.Counts, of platform.Outcomes) error {
	for pause := firstPause; ; pause *= 2 {
		err := r.outcomes.AddOutcomes(ctx, key, counts, of)
		if err == nil || errors.Is(err, ErrOtherContent) || errors.Is(err, platform.ErrRefused) {
			return err
		}
		r.logger.WarnContext(ctx, "outcomes not added", "error", err, "app_id", of.AppID, "id", of.ID, "key", key.Key, "day", key.Date)
		if !retry.Pause(ctx, pause) {
			return err
		}
	}
}

// reportAnew ends the detail of each dead letter of outcomes that are well formed: by the
// time that somebody reads it, what they say may be long past.
const reportAnew = "; do not redrive it: report what still matters under a new id"

// wait delays a message, or gives it up once it is too old.
func (r reporter) wait(m reported, reason string) fate {
	if r.expired(m.Message) {
		return deadLettered{reason: platform.ReasonExpired, detail: "the outcomes could not be added until the message was too old" + reportAnew}
	}
	return delayedByFault(reason, m.Hops)
}

// drop gives counts up.
func (r reporter) drop(ctx context.Context, m reported, counts tally.Counts, reason string) fate {
	r.metrics.Count("outcomes.dropped", "reason", reason)
	r.logger.WarnContext(ctx, "outcomes dropped", append(m.fields(counts), "reason", reason)...)
	return done{}
}

// fields name the message in a log line.
func (m reported) fields(counts tally.Counts) []any {
	return m.names("at", platform.FormatTime(m.At), "counts", fmt.Sprintf("%+v", counts))
}
