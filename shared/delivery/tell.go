package delivery

import (
	"cmp"
	"context"
	"time"

	"hookwarden/shared/platform"
)

// Events queues an event for the platform. After nil the event is durable, unless the queue
// permanently refuses it, which SendEvent itself reports. After an error it may be durable.
// The same event may be queued twice.
type Events interface {
	SendEvent(ctx context.Context, e platform.Event) error
}

// teller tells the platform how its tests ended.
type teller struct {
	phase
	events Events // nil: the platform wants no events
}

// tell tells the platform the results of the tests in a wave, and of those that were not
// sent. If that fails, the test is delayed and made again, but not once it is too old: if
// the queue is gone, it would never end.
func (t teller) tell(ctx context.Context, unsent []*known, wave []*attempted) {
	if t.events == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tellBudget)
	defer cancel()
	for _, w := range unsent {
		switch f := w.fate.(type) {
		case skipped:
			t.tellOne(ctx, w, t.now(), platform.TestResult{Outcome: outcomeSkipped, ErrorCode: f.reason})
		case expired:
			t.tellOne(ctx, w, t.now(), platform.TestResult{Outcome: outcomeExpired})
		}
	}
	for _, w := range wave {
		if a := w.result; w.fate == (done{}) {
			t.tellOne(ctx, w.known, a.Started, platform.TestResult{Outcome: string(a.Outcome), ResponseCode: a.Status,
				ErrorCode: string(a.Code), DurationMS: a.Duration.Milliseconds()})
		}
	}
}

func (t teller) tellOne(ctx context.Context, w *known, at time.Time, result platform.TestResult) {
	if !w.isTest() {
		return
	}
	app := w.App // zero if it was never read
	app.ID, app.OrganizationID = w.appID, cmp.Or(app.OrganizationID, w.webhook.OrganizationID)
	result.ID = w.webhookID
	if err := t.events.SendEvent(ctx, platform.NewTested(app, at, result)); err != nil {
		t.logger.ErrorContext(ctx, "end of a test not told", w.ids("error", err)...)
		if !t.expired(w.Message) {
			w.fate = delayedByFault(delayUntold, w.Hops)
		}
	}
}
