package delivery

import (
	"context"
	"slices"
	"time"

	"hookwarden/shared/platform"
)

// dueTolerance is how early a message may be handled.
const dueTolerance = time.Second

// opener decodes the messages of a batch.
type opener struct {
	phase
	copies copies
}

// open decodes the items, each by its kind. It settles those that are bad, are
// copies, or come early, and returns the rest.
func (o opener) open(ctx context.Context, items []*item) (webhooks []decoded, outcomes []reported, counts []queuedCounts) {
	for _, it := range items {
		o.guard(ctx, it, func() {
			switch it.Kind {
			case KindCounts:
				c, err := decodeCounts([]byte(it.Body))
				it.appID = appOf(c.Key)
				if valid(it, err) {
					counts = append(counts, queuedCounts{it, c})
				}
			case KindTest:
				w, err := platform.DecodeWebhook([]byte(it.Body))
				it.appID, it.webhookID = w.AppID, w.ID
				if valid(it, err) {
					webhooks = append(webhooks, decoded{it, w})
				}
			default:
				w, of, err := platform.DecodeDelivery([]byte(it.Body), it.SentAt)
				it.appID, it.webhookID = w.AppID, w.ID
				if of != nil {
					it.appID = of.AppID
				}
				switch {
				case !valid(it, err):
				case of != nil:
					outcomes = append(outcomes, reported{it, *of})
				default:
					webhooks = append(webhooks, decoded{it, w})
				}
			}
		})
	}
	o.copies.settle(ctx, items)
	for _, it := range items {
		// SQS delays a message by 900 s at most, so what waits longer comes early.
		if early := it.DueAt.Sub(o.now()); !it.settled() && early > dueTolerance && !o.expired(it.Message) {
			it.fate = delayed{reason: delayNotDue, wait: early}
		}
	}
	return slices.DeleteFunc(webhooks, func(w decoded) bool { return w.settled() }),
		slices.DeleteFunc(outcomes, func(r reported) bool { return r.settled() }),
		slices.DeleteFunc(counts, func(c queuedCounts) bool { return c.settled() })
}

// valid settles an item that could not be decoded.
func valid(it *item, err error) bool {
	if err != nil {
		it.fate = deadLettered{reason: platform.ReasonInvalid, detail: err.Error()}
	}
	return err == nil
}
