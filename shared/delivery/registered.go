package delivery

import (
	"time"

	"hookwarden/shared/platform"
)

// Registered is what the registry knows of one app. One that is deleted has its
// URL for as long as its secrets.
type Registered struct {
	App            platform.App
	Secrets        []platform.Secret // newest first; empty if there are none
	SecretsVersion int64
	SecretsExpire  time.Time // from then on they are no more, even if they are here; zero: never
}

// deletionSlack is how much later than its app's deletion a webhook may have been
// queued: the platform sends both at once, on two queues.
const deletionSlack = 5 * time.Second

// tooLate reports whether the app is deleted, and a webhook that was queued at
// sentAt comes after that, or now is so long after it that nothing may be sent
// any more. A deletion without a time, which older versions made, is long past.
func (r Registered) tooLate(sentAt, now time.Time) bool {
	at := r.App.DeletedAt
	return r.App.Deleted && (sentAt.After(at.Add(deletionSlack)) || !now.Before(at.Add(platform.KeptAfterDeletion)))
}

// deletedFor reports whether the app is deleted as far as a webhook that was
// queued at sentAt goes. The secrets of a deleted app are not waited for: none
// will come.
func (r Registered) deletedFor(sentAt, now time.Time) bool {
	return r.tooLate(sentAt, now) || r.App.Deleted && !r.signable(now)
}

// uncalled reports whether nothing is ever sent to the app: the platform calls it by
// itself, and registered no URL.
func (r Registered) uncalled() bool { return r.App.Kind.CalledByPlatform() && r.App.WebhookURL == "" }

// signable reports whether the secrets are there, not older than the app, and not
// over. Those of an app that is never sent anything are not missing.
func (r Registered) signable(now time.Time) bool {
	if r.uncalled() {
		return true
	}
	over := !r.SecretsExpire.IsZero() && !now.Before(r.SecretsExpire)
	return len(r.Secrets) > 0 && !over && r.SecretsVersion >= r.App.Version
}
