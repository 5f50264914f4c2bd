package delivery

import (
	"context"
	"log/slog"
	"time"

	"hookwarden/shared/pace"
	"hookwarden/shared/platform"
)

// Config of the job. All fields except RetryDelays, RetryInternal and
// CountServerErrors are required.
type Config struct {
	Timeout           time.Duration         // of one request, the same as the Sender's
	RetryDelays       []time.Duration       // wait after the first, second, … attempt
	RetryInternal     bool                  // retry for unpublished and internal apps too
	MaxAge            time.Duration         // since the platform's message was queued
	CountServerErrors bool                  // count 5xx as errors, not as other failures
	Guarded           []platform.Status     // statuses of apps whose outcomes are counted
	Subscribable      platform.Subscribable // resources that need a subscription
	RequestLog        RequestLog
	HeaderPrefix      string // of the answer headers Error and Project, the same as the Sender's
	DefaultActor      []byte // see webhook.Application
}

// Deps is what the job works with; all except Events are required.
type Deps struct {
	Registry Registry
	Warnings Warnings
	Sender   Sender
	Counters Counters
	Outcomes OutcomesRecorder
	Log      Log
	Events   Events // results of tests; nil: the platform wants none
	Outbox   Outbox
	Claims   Claims
	Metrics  Metrics
	Logger   *slog.Logger
	Now      func() time.Time
	NewMark  func() string // unique across all environments
}

// Job delivers batches, one at a time.
type Job struct {
	opener     opener
	lookup     lookup
	pacer      pacer
	decider    decider
	attempter  attempter
	counter    counter
	reporter   reporter
	recorder   recorder
	teller     teller
	dispatcher dispatcher
}

// New makes the job of one execution environment.
func New(c Config, d Deps) *Job {
	p := phase{maxAge: c.MaxAge, now: d.Now, metrics: d.Metrics, logger: d.Logger}
	apps := &cache{phase: p, registry: d.Registry, entries: make(map[string]cached)}
	pacer := pacer{phase: p, pace: pace.New(c.Timeout), warnings: d.Warnings}
	return &Job{
		opener:  opener{p, copies{p, d.Claims}},
		lookup:  lookup{p, apps, pacer, c.Subscribable},
		pacer:   pacer,
		decider: decider{p, c.Subscribable, c.Timeout},
		attempter: attempter{phase: p, sender: d.Sender, defaultActor: c.DefaultActor,
			retryDelays: c.RetryDelays, retryInternal: c.RetryInternal},
		counter: counter{phase: p, counters: d.Counters, outbox: d.Outbox, apps: apps,
			guarded: c.Guarded, serverErrors: c.CountServerErrors},
		reporter:   reporter{p, d.Outcomes, apps, c.Guarded},
		recorder:   recorder{phase: p, log: d.Log, requestLog: c.RequestLog, headerPrefix: c.HeaderPrefix},
		teller:     teller{p, d.Events},
		dispatcher: dispatcher{p, d.Outbox, pacer.pace, d.NewMark},
	}
}

// Deliver handles a batch and returns the ids of the records that go back to
// their queue, to be received again. All others are done or durable elsewhere.
func (j *Job) Deliver(ctx context.Context, batch []Message) (returnedIDs []string) {
	items := make([]*item, len(batch))
	for i, m := range batch {
		items[i] = &item{Message: m}
	}
	webhooks, outcomes, counts := j.opener.open(ctx, items)
	j.counter.addQueued(ctx, counts) // before the requests, which share the time that is left
	j.reporter.add(ctx, outcomes)
	known := j.lookup.find(ctx, webhooks)
	paced := j.pacer.begin(known)
	send, unsent := j.decider.decide(ctx, known, paced)
	for wave := range waves(send, func(w sendable) *attempted { return j.attempter.attempt(ctx, w) }) {
		j.pacer.observe(ctx, paced, wave)
		j.counter.count(ctx, wave)
		j.recorder.record(ctx, unsent, wave)
		j.teller.tell(ctx, unsent, wave)
		unsent = nil
	}
	return j.dispatcher.send(ctx, items)
}
