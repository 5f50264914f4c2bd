package delivery

import (
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// maxClue is how many bytes of an event's type and of a webhook's id a clue has, so that a
// day's item stays small.
const maxClue = 64

// cluesOf is what the counts of one day's attempts leave out. Attempts that only count as
// alive are not a clue.
func cluesOf(of []*attempted) (c tally.Clues) {
	var newest *attempted // the newest that failed
	for _, w := range of {
		at := w.result.Started
		switch {
		case w.counts.Success > 0:
			if at.After(c.LastSuccess) {
				c.LastSuccess = at
			}
		case w.counts.Failed():
			if newest == nil || at.After(newest.result.Started) {
				newest = w
			}
			if w.permanent() {
				c.Permanent++
			}
		}
	}
	if newest == nil {
		return c
	}
	c.LastFailure = failureOf(newest)
	for _, w := range of {
		if at := w.result.Started; w.counts.Failed() && at.After(c.LastSuccess) && (c.FailingSince.IsZero() || at.Before(c.FailingSince)) {
			c.FailingSince = at
		}
	}
	return c
}

// permanent reports a failure of the app's own URL that will not pass by itself. A 410 is one
// if it was confirmed.
func (w *attempted) permanent() bool {
	if w.result.Outcome == webhook.Gone {
		return w.counts.Gone > 0
	}
	return w.result.Permanent() && w.webhook.URL == ""
}

func failureOf(w *attempted) tally.Failure {
	return tally.Failure{At: w.result.Started, Outcome: string(w.result.Outcome), Code: string(w.result.Code), Status: w.result.Status,
		EventType: platform.Cut(w.webhook.EventType(), maxClue), WebhookID: platform.Cut(w.webhookID, maxClue)}
}
