package delivery

import (
	"testing"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// ofProvider is an app that the platform itself calls: it has neither a URL nor
// secrets.
func ofProvider(r *Registered) {
	r.App.Kind, r.App.WebhookURL, r.Secrets = platform.Integration, "", nil
}

// No webhook waits for secrets that an app of this kind does not need.
func TestWebhooksOfAnAppWithoutURLAndSecretsAreSkipped(t *testing.T) {
	for name, extra := range map[string]string{"no URL": "", "a URL in the message": `,"url":"https://x.example"`} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, ofProvider)
			equalList(t, "back", deliverAll(t, w.job(nil), webhookMessage("a", "issue", "created", extra)))
			equalList(t, "log", w.outcomes(), "a 0 skipped no_url")
			equal(t, "requests", len(w.sent), 0)
			equal(t, "delayed", len(w.delayed), 0)
			equal(t, "dead letters", len(w.deadLetters), 0)
			equal(t, "counts", w.countsOf("a"), tally.Counts{})
			equal(t, "reads", w.reads, 1)
		})
	}
}

func TestWebhooksOfAnAppWithoutSecretsExpireAsAnyOther(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, ofProvider)
	m := message("a")
	m.SentAt = time.Now().Add(-73 * time.Hour)
	equalList(t, "back", deliverAll(t, w.job(nil), m))
	equalList(t, "log", w.outcomes(), "a 0 expired")
	equal(t, "dead letters", len(w.deadLetters), 0)
}
