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

// reported is a message in which the platform reports how its own calls ended. Open makes
// it.
type reported struct {
	*item
	platform.Outcomes
}

// ErrOtherContent is wrapped by an error of AddOutcomes if another message with the same id
// was added before, with other content. This one was not added.
var ErrOtherContent = errors.New("other outcomes have this id")

// OutcomesRecorder adds a message's counts to the Buffer, atomically and once: if a
// message with the same id and content was added before, it adds nothing. After nil the
// counts are durable. After an error that wraps ErrNotAdded or ErrOtherContent they were
// not added; if it also wraps platform.ErrRefused, they never will be. After any other
// error they may have been added. The call may always be repeated.
type OutcomesRecorder interface {
	AddOutcomes(ctx context.Context, key CounterKey, counts tally.Counts, of platform.Outcomes) error
}

// Reasons for which reported outcomes are not added, as in the metric outcomes.dropped.
const (
	dropDeleted        = "app_deleted"
	dropDisabled       = "app_disabled"
	dropNotCounted     = "not_counted"     // an app that can never be disabled
	dropBeforeEnabling = "before_enabling" // failures only
	dropMoved          = "moved"           // failures only: the app has moved to another organization since, got another URL or kind, or was deleted
	dropOtherContent   = "other_content"   // another report has this id
)

// reporter adds reported outcomes to their apps' days.
type reporter struct {
	phase
	outcomes OutcomesRecorder
	apps     *cache
	guarded  []platform.Status
}

// add reads the apps of the messages and adds what they report to each app's present
// generation. An app's messages are added one after another: they mostly change the same
// item, and two transactions at the same time would refuse each other.
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
		return deadLettered{reason: platform.ReasonRefused, detail: "the table permanently refuses these outcomes" + reportAgain}
	}
	return r.wait(m, delayCounts)
}

// oldFailures says why the failures are not about the app as it is now, and must not
// disable it; empty if they are. An enabling counts even if the app was not disabled: the
// person who sent it has fixed the app.
func (m reported) oldFailures(app platform.App) string {
	switch {
	case app.Kind.CalledByPlatform() && m.OrganizationID != app.OrganizationID, !m.At.After(app.RenewedAt):
		return dropMoved
	case !m.At.After(app.EnabledAt), !m.At.After(app.SteeredAt):
		return dropBeforeEnabling
	}
	return ""
}

// addOnce adds counts once, and repeats the call until it succeeds or the context ends.
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

// reportAgain ends the detail of each dead letter of well-formed outcomes: by the time
// somebody reads it, the outcomes may be out of date.
const reportAgain = "; do not redrive it: report what still matters under a new id"

// wait delays a message. One that is too old becomes a dead letter.
func (r reporter) wait(m reported, reason string) fate {
	if r.expired(m.Message) {
		return deadLettered{reason: platform.ReasonExpired, detail: "the outcomes could not be added before the message became too old" + reportAgain}
	}
	return delayedByFault(reason, m.Hops)
}

// drop gives up counts.
func (r reporter) drop(ctx context.Context, m reported, counts tally.Counts, reason string) fate {
	r.metrics.Count("outcomes.dropped", "reason", reason)
	r.logger.WarnContext(ctx, "outcomes dropped", append(m.fields(counts), "reason", reason)...)
	return done{}
}

// fields is the fields of a log line about the message.
func (m reported) fields(counts tally.Counts) []any {
	return m.names("at", platform.FormatTime(m.At), "counts", fmt.Sprintf("%+v", counts))
}
