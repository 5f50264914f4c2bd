package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"hookwarden/shared/platform"
)

// Claims remembers which notices are being sent, were sent, or must not be sent.
// Every change is a conditional write. After nil it is durable. After ErrSettled
// or a *HeldError it was not made. After any other error it may have been.
type Claims interface {
	// Claim claims the notice for a lease. The claim's identity is now. It takes
	// over a claim that is as old as the lease, and an outdated notice at once,
	// since that was queued again to be looked at again. It returns ErrSettled if
	// the notice is sent or refused, or a *HeldError if its claim is younger.
	Claim(ctx context.Context, id string, now time.Time, lease time.Duration) error
	// MarkSent notes that SES took the mail. That is true no matter who holds
	// the claim by now. If the notice is already marked as sent, it keeps its
	// first message id, and the error is nil.
	MarkSent(ctx context.Context, id, messageID string, now time.Time) error
	// MarkUnsent notes that the mail must not be sent, and why, if claimedAt is
	// still the claim. It returns nil if the notice is already settled, or a
	// *HeldError if somebody else has claimed it.
	MarkUnsent(ctx context.Context, id string, why Unsent, claimedAt, now time.Time) error
}

// Unsent is why a mail is not sent and not tried again.
type Unsent string

// The values of Unsent.
const (
	Refused  Unsent = "refused"  // SES refuses the recipient
	Outdated Unsent = "outdated" // it is no longer true
)

// Mailer sends one mail and returns its message id. It does not repeat a call by
// itself. After ErrRefused, ErrOurs or ErrThrottled the mail was not sent. After
// any other error it may have been.
type Mailer interface {
	Send(ctx context.Context, m Mail) (messageID string, err error)
}

// Metrics counts events. It never fails.
type Metrics interface {
	Count(name, dimension, value string)
}

// Errors of a Claims or a Mailer.
var (
	ErrSettled   = errors.New("settled before")
	ErrRefused   = errors.New("the recipient cannot be mailed")
	ErrOurs      = errors.New("the sender may not send")
	ErrThrottled = errors.New("too many mails")
)

var (
	errNoMail = errors.New("no mail of this notice")
	errNoTime = errors.New("the invocation ends too soon")
)

// HeldError says that somebody else has claimed the notice.
type HeldError struct{ ClaimedAt time.Time }

func (e *HeldError) Error() string { return "claimed at " + platform.FormatTime(e.ClaimedAt) }

// DelayedError says that a notice must be handled again, when, and why. errors.As
// finds it as a *DelayedError.
type DelayedError struct {
	After  time.Duration
	Reason string // stable: claimed, no_time, ours, throttled, unreadable, unknown
	Err    error
}

func (d *DelayedError) Error() string {
	return fmt.Sprintf("%s, again in %s: %v", d.Reason, d.After.Round(time.Second), d.Err)
}

func (d *DelayedError) Unwrap() error { return d.Err }

// Reasons of DelayedError.
const (
	DelayClaimed    = "claimed"    // somebody else is sending it
	DelayNoTime     = "no_time"    // the invocation ends too soon
	DelayOurs       = "ours"       // ErrOurs
	DelayThrottled  = "throttled"  // ErrThrottled
	DelayUnreadable = "unreadable" // it is unknown whether the notice is still true
	DelayUnknown    = "unknown"    // anything else
)

// Config of the job; all fields are required.
type Config struct {
	FunctionTimeout time.Duration // the longest time of an invocation
}

// Deps is what the job works with; all are required.
type Deps struct {
	Composer *Composer
	Claims   Claims
	Apps     Apps
	Mailer   Mailer
	Metrics  Metrics
	Logger   *slog.Logger
	Now      func() time.Time
	Random   func() float64 // from 0 to below 1
}

// Job mails notices.
type Job struct {
	Config
	Deps
}

// New makes the job.
func New(c Config, d Deps) *Job { return &Job{c, d} }

// markTries is how often the mark of a sent mail is tried in place.
const markTries = 4

// Batch is the notices of one event, handled one after another. It ends with the
// event.
type Batch struct {
	job        *Job
	unanswered error // the first unknown answer; nil: all answers are known
}

// NewBatch begins a batch.
func (j *Job) NewBatch() *Batch { return &Batch{job: j} }

// Handle mails one notice; receives is how often its message has been received,
// 1 the first time. It may be called again with the same notice at any time,
// even at the same time. Its steps are claim, look, send, mark. If it dies
// between two of these, it leaves a claim that runs out. A notice that is no
// longer true is settled without a mail, but a change between the look and the
// mail goes unnoticed. Only a death between SES's answer, which may be lost, and
// the mark repeats the mail.
//
// Once an answer of SES or of the table is unknown, the rest of the batch is
// delayed without a try: what hangs would use up everybody's time.
//
// The error is a *DelayedError if it is known when to try again.
func (b *Batch) Handle(ctx context.Context, n platform.Notice, receives int) error {
	if b.unanswered != nil {
		return b.job.delayed(errors.New("not tried, since another of the batch had no answer: "+b.unanswered.Error()), receives)
	}
	err := b.job.handle(ctx, n)
	if err == nil || errors.Is(err, errNoMail) {
		return err
	}
	delayed := b.job.delayed(err, receives)
	if delayed.Reason == DelayUnknown && !errors.Is(err, platform.ErrRefused) { // a refusal is about this notice only
		b.unanswered = err
	}
	return delayed
}

func (j *Job) handle(ctx context.Context, n platform.Notice) error {
	m, err := j.Composer.Compose(n)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoMail, err)
	}
	now := j.Now().UTC().Truncate(time.Millisecond)
	if !j.inTime(ctx, j.timeNeeded()) {
		return errNoTime
	}
	err = j.Claims.Claim(ctx, n.ID, now, j.lease())
	if errors.Is(err, ErrSettled) {
		j.Logger.DebugContext(ctx, "notice settled before", describe(n)...)
		return nil
	}
	if err != nil {
		return fmt.Errorf("claim notice %s: %w", n.ID, err)
	}
	why, err := j.outdated(ctx, n)
	if err != nil {
		return fmt.Errorf("notice %s: %w", n.ID, err)
	}
	if why != "" {
		return j.drop(ctx, n, now, why)
	}
	if !j.inTime(ctx, j.sendTime()+j.shortTime()) {
		return errNoTime
	}
	messageID, err := j.send(ctx, m)
	if errors.Is(err, ErrRefused) {
		return j.refuse(ctx, n, now, err)
	}
	if err != nil {
		return fmt.Errorf("send notice %s: %w", n.ID, err)
	}
	return j.mark(ctx, n, messageID)
}

// lease is how long a claim is respected. By then its owner has ended.
func (j *Job) lease() time.Duration { return 2 * j.FunctionTimeout }

// timeNeeded is how long a mail may take from claim to mark, including a third
// of the function's time for SES. With less time left a mail is not begun, since
// the invocation might end between SES's answer and the mark. A mail is also
// delayed if its claim and its look took too long.
func (j *Job) timeNeeded() time.Duration { return j.FunctionTimeout / 2 }

// sendTime is how long SES may take for a mail.
func (j *Job) sendTime() time.Duration { return j.FunctionTimeout / 3 }

// shortTime is how long the look at the app may take, and how much time must be
// left for the mark when the mail is sent.
func (j *Job) shortTime() time.Duration { return j.FunctionTimeout / 15 }

// inTime reports whether this much time is left of the invocation.
func (j *Job) inTime(ctx context.Context, needed time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || deadline.Sub(j.Now()) >= needed
}

func (j *Job) send(ctx context.Context, m Mail) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, j.sendTime())
	defer cancel()
	return j.Mailer.Send(ctx, m)
}

func (j *Job) mark(ctx context.Context, n platform.Notice, messageID string) error {
	var err error
	for range markTries {
		if err = j.Claims.MarkSent(ctx, n.ID, messageID, j.Now()); err == nil {
			j.Metrics.Count("notice.sent", "kind", string(n.Kind))
			j.Logger.InfoContext(ctx, "notice sent", describe(n, "message_id", messageID)...)
			return nil
		}
	}
	return fmt.Errorf("mark notice %s as sent, message %s: %w", n.ID, messageID, err)
}

func (j *Job) refuse(ctx context.Context, n platform.Notice, claimedAt time.Time, refusal error) error {
	if err := j.Claims.MarkUnsent(ctx, n.ID, Refused, claimedAt, j.Now()); err != nil {
		return fmt.Errorf("mark notice %s as refused: %w", n.ID, err)
	}
	j.Metrics.Count("notice.refused", "kind", string(n.Kind))
	j.Logger.WarnContext(ctx, "notice refused", describe(n, "error", refusal)...)
	return nil
}

func (j *Job) drop(ctx context.Context, n platform.Notice, claimedAt time.Time, why string) error {
	if err := j.Claims.MarkUnsent(ctx, n.ID, Outdated, claimedAt, j.Now()); err != nil {
		return fmt.Errorf("mark notice %s as outdated: %w", n.ID, err)
	}
	j.Metrics.Count("notice.outdated", "kind", string(n.Kind))
	j.Logger.InfoContext(ctx, "notice outdated", describe(n, "why", why)...)
	return nil
}

func describe(n platform.Notice, more ...any) []any {
	return append([]any{"notice_id", n.ID, "kind", n.Kind, "app_id", n.App.ID, "organization_id", n.Organization.ID}, more...)
}
