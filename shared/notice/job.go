package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"hookwarden/shared/platform"
)

// Claims remembers which notices are being sent, were sent, or are not to be.
// Every change is a conditional write. After nil it is durable; after
// ErrSettled or a *HeldError it was surely not made; after any other error
// nobody knows.
type Claims interface {
	// Claim takes the notice as a lease whose identity is now. An older claim is
	// taken over once it is as old as the lease, and one that is outdated at once:
	// who hands it out again has it looked at again. ErrSettled if the notice is
	// sent or refused, *HeldError if its claim is younger.
	Claim(ctx context.Context, id string, now time.Time, lease time.Duration) error
	// MarkSent says that SES took the mail. That is true whoever holds the claim
	// by now, so only a notice that is marked as sent already is left as it is,
	// with its first message id; that is nil too.
	MarkSent(ctx context.Context, id, messageID string, now time.Time) error
	// MarkUnsent says that the mail is not to be sent, and why, if claimedAt still
	// is the claim. nil if the notice is settled already, *HeldError if someone
	// else has claimed it.
	MarkUnsent(ctx context.Context, id string, why Unsent, claimedAt, now time.Time) error
}

// Unsent is why a mail is not sent and nobody tries again.
type Unsent string

// The values of Unsent.
const (
	Refused  Unsent = "refused"  // SES says so of the recipient
	Outdated Unsent = "outdated" // it would not be true any more
)

// Mailer sends one mail and returns the id it was given. It does not repeat a
// call by itself. An error is ErrRefused, ErrOurs or ErrThrottled, which all say
// that the mail surely was not sent, or any other, after which nobody knows.
type Mailer interface {
	Send(ctx context.Context, m Mail) (messageID string, err error)
}

// Metrics counts events; it never fails.
type Metrics interface {
	Count(name, dimension, value string)
}

// What a Claims or a Mailer may answer.
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

// HeldError says that someone else has claimed the notice.
type HeldError struct{ ClaimedAt time.Time }

func (e *HeldError) Error() string { return "claimed at " + platform.FormatTime(e.ClaimedAt) }

// DelayedError says that a notice is to be handled again, when, and why. errors.As
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
	DelayClaimed    = "claimed"    // someone else is sending it
	DelayNoTime     = "no_time"    // the invocation ends too soon
	DelayOurs       = "ours"       // ErrOurs
	DelayThrottled  = "throttled"  // ErrThrottled
	DelayUnreadable = "unreadable" // whether it is true is not known
	DelayUnknown    = "unknown"    // anything else
)

// Config of the job; all fields are required.
type Config struct {
	FunctionTimeout time.Duration // no invocation lives longer
}

// Deps are what the job works with; all are required.
type Deps struct {
	Composer *Composer
	Claims   Claims
	Apps     Apps
	Mailer   Mailer
	Metrics  Metrics
	Logger   *slog.Logger
	Now      func() time.Time
	Random   func() float64 // from 0 up to 1
}

// Job mails notices.
type Job struct {
	Config
	Deps
}

// New makes the job.
func New(c Config, d Deps) *Job { return &Job{c, d} }

// markTries is how often the mark of a mail that was sent is tried in place.
const markTries = 4

// Batch is the notices of one event, handled one after another. It ends with the
// event.
type Batch struct {
	job        *Job
	unanswered error // the first answer that nobody knows; nil: all are known
}

// NewBatch begins a batch.
func (j *Job) NewBatch() *Batch { return &Batch{job: j} }

// Handle mails one notice, whose message has been received so often, 1 the first
// time. It may be called again with the same notice, at any time and at the same
// time: claim, look, send, mark, and whoever dies between two of these leaves a
// claim that runs out. A notice that is not true any more is settled without a
// mail; what changes between the look and the mail is not seen. A death between
// SES's answer, which may be lost, and the mark repeats the mail; nothing else
// does.
//
// Once an answer of SES or of the table is unknown, the rest of the batch is put
// off untried: what hangs would use up the time of all.
//
// The error is a *DelayedError where it is known when to try again.
func (b *Batch) Handle(ctx context.Context, n platform.Notice, receives int) error {
	if b.unanswered != nil {
		return b.job.delayed(errors.New("not tried, since another of the batch had no answer: "+b.unanswered.Error()), receives)
	}
	err := b.job.handle(ctx, n)
	if err == nil || errors.Is(err, errNoMail) {
		return err
	}
	delayed := b.job.delayed(err, receives)
	if delayed.Reason == DelayUnknown && !errors.Is(err, platform.ErrRefused) { // that is of this notice alone
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

// lease is how long a claim is left alone. Its owner is dead by then.
func (j *Job) lease() time.Duration { return 2 * j.FunctionTimeout }

// timeNeeded is what a mail may take from claim to mark, a third of the
// function's time for SES. With less left a mail is not begun: the end of the
// invocation would come between SES's answer and the mark. A claim and a look
// that took long put it off too.
func (j *Job) timeNeeded() time.Duration { return j.FunctionTimeout / 2 }

// sendTime is what SES may take for a mail.
func (j *Job) sendTime() time.Duration { return j.FunctionTimeout / 3 }

// shortTime is what the look at the app may take, and what must be left for the
// mark when the mail is sent.
func (j *Job) shortTime() time.Duration { return j.FunctionTimeout / 15 }

// inTime reports whether so much is left of the invocation.
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
