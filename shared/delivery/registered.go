package delivery

import (
	"time"

	"hookwarden/shared/platform"
)

// Registered is what the registry knows about one app. A deleted app has its URL
// as long as its secrets.
type Registered struct {
	App            platform.App
	Secrets        []platform.Secret // newest first; empty if there are none
	SecretsVersion int64
	SecretsExpire  time.Time // from then on the secrets no longer count, even if they are still stored; zero: never
}

// deletionSlack is how long after its app's deletion a webhook may have been
// queued: the platform sends both at the same time, on two queues.
const deletionSlack = 5 * time.Second

// tooLate reports whether the app is deleted, and either a webhook that was
// queued at sentAt came after that, or the time in which webhooks may still be
// sent is over. A deletion without a time was made by an older version and is
// long past.
func (r Registered) tooLate(sentAt, now time.Time) bool {
	at := r.App.DeletedAt
	return r.App.Deleted && (sentAt.After(at.Add(deletionSlack)) || !now.Before(at.Add(platform.KeptAfterDeletion)))
}

// deletedFor reports whether the app counts as deleted for a webhook that was
// queued at sentAt. No webhook waits for the secrets of a deleted app, since none
// will come.
func (r Registered) deletedFor(sentAt, now time.Time) bool {
	return r.tooLate(sentAt, now) || r.App.Deleted && !r.signable(now)
}

// uncalled reports whether nothing is ever sent to the app: the platform calls it
// itself, and registered no URL.
func (r Registered) uncalled() bool { return r.App.Kind.CalledByPlatform() && r.App.WebhookURL == "" }

// signable reports whether the secrets are there, not older than the app, and not
// expired. An app that is never sent anything needs none.
func (r Registered) signable(now time.Time) bool {
	if r.uncalled() {
		return true
	}
	over := !r.SecretsExpire.IsZero() && !now.Before(r.SecretsExpire)
	return len(r.Secrets) > 0 && !over && r.SecretsVersion >= r.App.Version
}
