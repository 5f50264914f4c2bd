package delivery

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"hookwarden/shared/pace"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// RequestLog says which log entries are written. Those of webhooks that expired
// always are.
type RequestLog string

// What is logged.
const (
	LogAll      RequestLog = "all"
	LogFailures RequestLog = "failures" // attempts that did not succeed: Entry.Failed
	LogOff      RequestLog = "off"
)

// Config of the job. All fields are required but RetryDelays, RetryInternal and
// CountServerErrors.
type Config struct {
	Timeout           time.Duration     // of one request, as the Sender has it
	RetryDelays       []time.Duration   // wait after the first, second, … attempt
	RetryInternal     bool              // retries for unpublished and internal apps too
	MaxAge            time.Duration     // since the platform's message was queued
	CountServerErrors bool              // among the errors, not among the other failures
	Guarded           []platform.Status // of apps whose outcomes are counted
	RequestLog        RequestLog
	HeaderPrefix      string // of the answer headers Error and Project, as the Sender has it
	DefaultActor      []byte // see webhook.Application
}

// Needs are what the job works with; all are required.
type Needs struct {
	Registry Registry
	Warnings Warnings
	Sender   Sender
	Counters Counters
	Log      Log
	Outbox   Outbox
	Claims   Claims
	Metrics  Metrics
	Logger   *slog.Logger
	Now      func() time.Time
	NewMark  func() string // unlike all before, of any environment
}

// Job delivers batches, one at a time.
type Job struct {
	Config
	Needs
	apps       cache
	pace       *pace.Pace
	logFailing bool // the last batch's entries could not all be written
}

// New makes the job of one execution environment.
func New(c Config, n Needs) *Job {
	return &Job{Config: c, Needs: n, apps: cache{registry: n.Registry, entries: make(map[string]cached)},
		pace: pace.New(c.Timeout)}
}

// How long each step may take when AWS does not answer, so that the invocation
// comes to its end: an invocation that is cut off repeats its requests.
const (
	readBudget  = 4 * time.Second // of one read of the registry
	claimBudget = 1500 * time.Millisecond
	warnBudget  = 500 * time.Millisecond // of each call about slow apps
	countBudget = 1500 * time.Millisecond
	logBudget   = 1500 * time.Millisecond
	oneTry      = 250 * time.Millisecond // of the log, while it fails
	sendBudget  = 8 * time.Second        // RetryQueue and the dead-letter queue, with repeats

	// afterwards is what may follow the last answer.
	afterwards = warnBudget + readBudget + countBudget + sendBudget + logBudget + countBudget + sendBudget
)

// Deliver handles a batch and returns the ids of the records that go back to
// their queue, to be received again. All others are done or durable elsewhere.
func (j *Job) Deliver(ctx context.Context, batch []Message) (back []string) {
	items := make([]*item, len(batch))
	var webhooks, counts []*item
	for i, m := range batch {
		it := &item{Message: m}
		items[i] = it
		j.guard(ctx, it, func() { j.open(it) })
	}
	j.dropCopies(ctx, items)
	for _, it := range items {
		switch {
		case it.settled():
		case it.Counts:
			counts = append(counts, it)
		default:
			webhooks = append(webhooks, it)
		}
	}
	paced := j.begin(webhooks)
	j.decide(ctx, webhooks, paced)
	for wave := range j.waves(ctx, webhooks) {
		j.keepPace(ctx, wave, paced)
		j.confirmGone(ctx, wave)
		j.record(ctx, wave)
	}
	j.hasten(webhooks)
	j.addCounts(ctx, counts)
	j.sendOn(ctx, items)
	for _, it := range items {
		if it.back {
			j.Logger.WarnContext(ctx, "message comes again", it.names()...)
			back = append(back, it.ID)
		}
	}
	return back
}

// item is one message on its way through an invocation.
type item struct {
	Message
	webhook platform.Webhook
	counted CountsMessage // of a message of ours

	known  Registered
	found  bool // known is valid
	unread bool // the registry could not be asked

	request *webhook.Request // what was sent; nil if nothing was
	result  webhook.Result
	counts  tally.Counts // what the result adds to the app's Buffer

	// What becomes of it: at most one of the following; none of them is "done".
	outcome  string // of a webhook that was not sent: skipped or expired
	skipped  string // reason, with outcome skipped
	next     *Later
	deferred string // why next waits, unless it is a retry
	letter   *Letter
	dropped  bool // another message does it
	back     bool
}

func (it *item) settled() bool {
	return it.outcome != "" || it.next != nil || it.letter != nil || it.dropped || it.back
}

const (
	outcomeSkipped = "skipped"
	outcomeExpired = "expired"
)

func (it *item) skip(reason string) { it.outcome, it.skipped = outcomeSkipped, reason }

func (it *item) dead(reason, detail string) {
	it.letter = &Letter{Message: it.Message, Reason: reason, Detail: detail}
}

// later sends the message on with its attempts as they are.
func (it *item) later(reason string, wait time.Duration) {
	it.deferred = reason
	it.again(it.Attempts, wait)
}

// again sends the message on after attempts requests.
func (it *item) again(attempts int, wait time.Duration) {
	next := &Later{Message: it.Message, GroupID: it.webhook.AppID, Wait: wait}
	next.Attempts = attempts
	next.Hops++
	next.DueAt = time.Time{} // a wait of its own, whatever this record waited for
	it.next = next
}

// guard runs a step for one item. A panic sends that item back and leaves the
// others alone.
func (j *Job) guard(ctx context.Context, it *item, step func()) {
	defer func() {
		if p := recover(); p != nil {
			*it = item{Message: it.Message, webhook: it.webhook, back: true}
			j.Logger.ErrorContext(ctx, "message panicked", it.names("panic", p, "stack", string(debug.Stack()))...)
		}
	}()
	step()
}

// open decodes a message and settles what is bad or early.
func (j *Job) open(it *item) {
	var err error
	if it.Counts {
		it.counted, err = decodeCounts([]byte(it.Body))
		it.webhook.AppID = it.counted.appID()
	} else {
		it.webhook, err = platform.DecodeWebhook([]byte(it.Body))
	}
	if err != nil {
		it.dead(ReasonInvalid, err.Error())
		return
	}
	if early := it.DueAt.Sub(j.Now()); early > dueTolerance && !j.expired(it) {
		it.later(deferNotDue, early)
		it.next.DueAt = it.DueAt
	}
}

func (j *Job) hasTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return !ok || deadline.Sub(j.Now()) > j.Timeout+afterwards
}

func (j *Job) attempt(ctx context.Context, it *item) {
	url := it.webhook.URL
	if url == "" {
		url = it.known.App.WebhookURL
	}
	it.request = &webhook.Request{
		ID:       it.webhook.ID,
		Resource: it.webhook.Resource,
		URL:      url,
		Body:     webhook.Body(it.webhook, j.DefaultActor),
		Secrets:  it.known.Secrets,
	}
	it.result = j.Sender.Send(ctx, *it.request)
	if it.result.Code.MayBeOurs() && j.Now().Sub(it.SentAt) >= mayBeOursTill {
		it.result.Outcome = webhook.ConnectionError
	}
	if it.result.Outcome == webhook.LocalError {
		it.later(deferLocalError, j.faultWait(it))
		return
	}
	it.counts = j.counted(it)
	if it.known.App.Deleted { // its receiver may be torn down already, and the app may be installed again
		it.counts = it.counts.OnlySuccess()
	}
	j.schedule(it)
}
