package platform

import (
	"encoding/json"
	"fmt"
	"time"

	"hookwarden/shared/tally"
)

// Outcomes is one message of WebhookQueue in which the platform reports how its own
// calls ended, such as those to a code host's API. It sums them up.
type Outcomes struct {
	ID             string // the same whenever the message is sent again
	AppID          string
	OrganizationID string
	At             time.Time    // when the earliest of the calls was made, which determines the day
	Counts         tally.Counts // Success, Error, Timeout and Fatal
}

const (
	typeOutcomes   = "outcomes"
	maxOutcomes    = 1_000_000
	outcomesOldest = 30 * 24 * time.Hour
	outcomesAhead  = time.Minute
)

// DecodeDelivery reads the body of a message of WebhookQueue, or of one that was sent
// on to RetryQueue. It is a Webhook, or Outcomes if its type says so. sent is when
// the platform queued it. The error is an *InvalidError; the message then has the
// fields that could be read, for log lines.
func DecodeDelivery(body []byte, sent time.Time) (Webhook, *Outcomes, error) {
	o := openBody(body)
	if !o.has("type") {
		w := o.webhook()
		return w, nil, o.err()
	}
	if kind := o.optionalText("type"); kind != typeOutcomes {
		o.wrong("type", "must be outcomes, or absent from a webhook")
	}
	outcomes := o.outcomes(sent)
	return Webhook{}, &outcomes, o.err()
}

// Encode is a body that DecodeDelivery reads as these outcomes.
func (o Outcomes) Encode() string {
	body, _ := json.Marshal(map[string]any{"type": typeOutcomes, "id": o.ID, "app_id": o.AppID, "organization_id": o.OrganizationID, // cannot fail
		"at": o.At.UTC().Format(time.RFC3339Nano), "counts": o.Counts})
	return string(body)
}

func (o object) outcomes(sent time.Time) Outcomes {
	out := Outcomes{
		ID:             o.id("id", 128, "_:-"),
		AppID:          o.platformID("app_id"),
		OrganizationID: o.platformID("organization_id"),
	}
	if !o.has("at") {
		o.wrong("at", "is required")
	}
	out.At = o.time("at")
	switch {
	case out.At.Before(sent.Add(-outcomesOldest)):
		o.wrong("at", "must not be more than 30 days before the message was queued")
	case out.At.After(sent.Add(outcomesAhead)):
		o.wrong("at", "must not be more than a minute after the message was queued")
	}
	counts := o.object("counts")
	out.Counts = tally.Counts{Success: counts.count("success"), Error: counts.count("error"),
		Timeout: counts.count("timeout"), Fatal: counts.count("fatal")}
	if out.Counts.IsZero() {
		o.wrong("counts", "must have at least one count above zero")
	}
	return out
}

// count reads a whole number from 0 to maxOutcomes; 0 if absent or null.
func (o object) count(field string) int64 {
	if !o.has(field) {
		return 0
	}
	n, err := wholeNumber(o.fields.get(field))
	if err != nil || n < 0 || n > maxOutcomes {
		o.wrong(field, fmt.Sprintf("must be a whole number from 0 to %d", maxOutcomes))
		return 0
	}
	return n
}
