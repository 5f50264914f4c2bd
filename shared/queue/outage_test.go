package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
)

// As template.yaml has them.
const (
	notifyTimeout    = 30 * time.Second
	notifyVisibility = 190 * time.Second
	notifyRetention  = 14 * 24 * time.Hour
	notifyReceives   = 300
)

// post is NotificationQueue, Notices and SES, in a bubble's time. SES answers
// as answer says.
type post struct {
	*fakeSQS
	t        *testing.T
	answer   func(ctx context.Context) error
	unread   error // of the app
	messages []*queued
	claims   map[string]time.Time
	mails    map[string]int // by address
	lost     int            // letters that SQS moved, or forgot
}

type queued struct {
	body     string
	sent     time.Time
	visible  time.Time
	received time.Time
	receives int
	done     bool
	handle   string
}

const enabledAt = "2026-11-24T10:00:00.000Z"

func newPost(t *testing.T, mails int) *post {
	p := &post{fakeSQS: &fakeSQS{t: t}, t: t, claims: make(map[string]time.Time), mails: make(map[string]int)}
	for i := range mails {
		n := platform.Notice{ID: fmt.Sprint("notice", i), Kind: platform.AppEnabled, To: platform.Owner{Email: fmt.Sprintf("owner%d@acme.example", i)},
			Organization: platform.NoticeOrganization{ID: "42", Slug: "acme", Name: "Acme"},
			App:          platform.NoticeApp{ID: "17", Slug: "ci", Name: "CI"}, EnabledAt: enabledAt}
		body, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		p.messages = append(p.messages, &queued{body: string(body), sent: time.Now(), visible: time.Now(), handle: strconv.Itoa(i)})
	}
	return p
}

func (p *post) Claim(_ context.Context, id string, now time.Time, lease time.Duration) error {
	at, taken := p.claims[id]
	switch {
	case taken && at.IsZero():
		return notice.ErrSettled
	case taken && at.After(now.Add(-lease)):
		return &notice.HeldError{ClaimedAt: at}
	}
	p.claims[id] = now
	return nil
}

func (p *post) MarkSent(_ context.Context, id, _ string, _ time.Time) error {
	p.claims[id] = time.Time{}
	return nil
}

func (p *post) MarkUnsent(context.Context, string, notice.Unsent, time.Time, time.Time) error {
	return errors.New("all mails are to be sent here")
}

func (p *post) ReadApp(context.Context, string) (platform.App, bool, error) {
	at, err := platform.ParseTime(enabledAt)
	return platform.App{EnabledAt: at}, true, cmp.Or(p.unread, err)
}

func (p *post) Send(ctx context.Context, m notice.Mail) (string, error) {
	if err := p.answer(ctx); err != nil {
		return "", err
	}
	p.mails[m.To.Email]++
	return "message", nil
}

func (p *post) Count(string, string, string) {}

func (p *post) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	for _, m := range p.messages {
		if m.handle != *in.ReceiptHandle {
			continue
		}
		visible := time.Now().Add(time.Duration(in.VisibilityTimeout) * time.Second)
		if visible.Sub(m.received) >= 12*time.Hour {
			return nil, errors.New("InvalidParameterValue: 12 hours after the receive")
		}
		m.visible = visible
	}
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

// consumer is notify as its main wires it.
func (p *post) consumer(random func() float64) NotificationConsumer {
	job := notice.New(notice.Config{FunctionTimeout: notifyTimeout}, notice.Deps{
		Composer: notice.NewComposer(notice.MailConfig{PlatformName: "Sentry", PlatformURL: "https://platform.example"}),
		Claims:   p, Apps: p, Mailer: p, Metrics: p, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Random: random})
	return NotificationConsumer{Job: job, API: p, URL: "https://sqs/1/notices",
		DeadLetters: DeadLetters{API: p, URL: "https://sqs/1/dlq", Logger: slog.New(slog.DiscardHandler)}, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Flush: func() {}}
}

// run hands out messages as SQS and Lambda would, ten at a time, until none
// is left.
func (p *post) run(q NotificationConsumer) {
	for {
		p.messages = slices.DeleteFunc(p.messages, p.gone)
		if len(p.messages) == 0 {
			return
		}
		next := slices.MinFunc(p.messages, func(a, b *queued) int { return a.visible.Compare(b.visible) })
		time.Sleep(max(time.Until(next.visible), time.Millisecond))
		var batch []*queued
		for _, m := range p.messages {
			if len(batch) < 10 && !m.visible.After(time.Now()) && !p.gone(m) {
				batch = append(batch, m)
			}
		}
		p.invoke(q, batch)
	}
}

// gone reports whether a message has left the queue, and counts it if SQS
// moved or deleted it.
func (p *post) gone(m *queued) bool {
	switch {
	case m.done:
		return true
	case m.receives >= notifyReceives && !m.visible.After(time.Now()), time.Since(m.sent) >= notifyRetention:
		p.lost++
		m.done = true
		return true
	}
	return false
}

func (p *post) invoke(q NotificationConsumer, batch []*queued) {
	var records []events.SQSMessage
	for _, m := range batch {
		m.receives++
		m.received, m.visible = time.Now(), time.Now().Add(notifyVisibility)
		records = append(records, events.SQSMessage{MessageId: m.handle, ReceiptHandle: m.handle, Body: m.body, Attributes: map[string]string{
			"SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10), "ApproximateReceiveCount": strconv.Itoa(m.receives)}})
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), notifyTimeout)
	defer cancel()
	returned := invoke(ctx, p.t, q, records...)
	if ctx.Err() != nil {
		p.t.Errorf("the invocation ended with %v", ctx.Err())
	}
	for _, m := range batch {
		m.done = !slices.Contains(returned, m.handle)
	}
}

func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestMailsOutlastThreeDaysInWhichTheyCannotBeSent(t *testing.T) {
	const outage = 3 * 24 * time.Hour
	for name, row := range map[string]struct {
		answer func(context.Context) error // nil: it is the app that cannot be read
		most   int                         // receives of one mail until SES takes it
		late   time.Duration               // how long after the end of the outage the last mail is sent
	}{
		"SES hangs":               {hang, 100, time.Hour},
		"SES breaks off":          {func(context.Context) error { return errors.New("broken off") }, 100, time.Hour},
		"the sender is refused":   {func(context.Context) error { return notice.ErrOurs }, 298, 15 * time.Minute},
		"the quota is used up":    {func(context.Context) error { return notice.ErrThrottled }, 298, time.Hour},
		"the app cannot be read":  {nil, 100, time.Hour},
		"an account that is slow": {func(context.Context) error { time.Sleep(9 * time.Second); return notice.ErrThrottled }, 298, time.Hour},
	} {
		for _, random := range []float64{0, 0.5, 0.999} {
			t.Run(fmt.Sprintf("%s, random %v", name, random), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newPost(t, 10)
					all, begun := slices.Clone(p.messages), time.Now()
					p.answer = func(ctx context.Context) error {
						if time.Since(begun) < outage && row.answer != nil {
							return row.answer(ctx)
						}
						return nil
					}
					if row.answer == nil {
						p.unread = errors.New("throttled")
						time.AfterFunc(outage, func() { p.unread = nil })
					}
					p.run(p.consumer(func() float64 { return random }))
					if p.lost > 0 || len(p.sent) > 0 || len(p.mails) != 10 {
						t.Errorf("%d mails, %d dead letters, %d lost", len(p.mails), len(p.sent), p.lost)
					}
					for _, m := range all {
						if m.receives > row.most {
							t.Errorf("a mail took %d receives", m.receives)
						}
					}
					if took := time.Since(begun); took > outage+row.late+2*time.Minute {
						t.Errorf("the last mail was sent %s after the outage", took-outage)
					}
				})
			})
		}
	}
}

func TestMailsAfterAnAnswerThatNobodyKnowsArePutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 10)
		calls := 0
		p.answer = func(ctx context.Context) error { calls++; return hang(ctx) }
		p.invoke(p.consumer(func() float64 { return 0 }), p.messages)
		if calls != 1 || len(p.claims) != 1 {
			t.Errorf("%d calls, %d claims", calls, len(p.claims))
		}
		for _, m := range p.messages {
			if wait := time.Until(m.visible).Round(10 * time.Second); m.done || wait != time.Minute {
				t.Errorf("message %s comes again in %s", m.handle, wait)
			}
		}
	})
}

// If SES takes nine seconds for a mail, there is time for two.
func TestMailsForWhichThereIsNoTimeWaitAsOthersDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 10)
		p.answer = func(context.Context) error { time.Sleep(9 * time.Second); return nil }
		p.invoke(p.consumer(func() float64 { return 0 }), p.messages)
		for _, m := range p.messages {
			if wait := time.Until(m.visible).Round(10 * time.Second); !m.done && wait != time.Minute {
				t.Errorf("message %s comes again in %s", m.handle, wait)
			}
		}
		if len(p.mails) != 2 {
			t.Errorf("%d mails", len(p.mails))
		}
		if p.run(p.consumer(func() float64 { return 0 })); len(p.mails) != 10 || len(p.sent)+p.lost > 0 {
			t.Errorf("%d mails, %d dead letters, %d lost", len(p.mails), len(p.sent), p.lost)
		}
	})
}

// Any copy may be the one that holds the claim while SES hangs.
func TestMailsOfWhichThereAreCopiesOutlastTheOutageToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const outage = 3 * 24 * time.Hour
		p := newPost(t, 10)
		begun := time.Now()
		for i, m := range p.messages {
			m.body = p.messages[0].body
			m.visible = begun.Add(time.Duration(i) * 7 * time.Second)
		}
		all := slices.Clone(p.messages)
		p.answer = func(ctx context.Context) error {
			if time.Since(begun) < outage {
				return hang(ctx)
			}
			return nil
		}
		p.run(p.consumer(func() float64 { return 0.5 }))
		for _, m := range all {
			if m.receives > 150 {
				t.Errorf("a copy took %d receives", m.receives)
			}
		}
		if len(p.sent)+p.lost > 0 || p.mails["owner0@acme.example"] != 1 {
			t.Errorf("mails %v, %d dead letters, %d lost", p.mails, len(p.sent), p.lost)
		}
	})
}

func TestMailsThatSESNeverTakesAreDeadLettersWithTheirReason(t *testing.T) {
	for reason, answer := range map[string]error{"mail_ours": notice.ErrOurs, "mail_throttled": notice.ErrThrottled, "mail_unknown": errors.New("broken off")} {
		synctest.Test(t, func(t *testing.T) {
			p := newPost(t, 1)
			p.answer = func(context.Context) error { return answer }
			p.run(p.consumer(func() float64 { return 0.999 }))
			if p.lost > 0 || len(p.sent) != 1 || attribute(p.sent[0], attrReason) != reason {
				t.Errorf("%s: %d lost, letters %+v", reason, p.lost, p.sent)
			}
		})
	}
}

// This happens if the event source mapping was off for days.
func TestMailsAreGivenUpBeforeTheQueueForgetsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 1)
		p.answer = hang
		time.Sleep(13 * 24 * time.Hour)
		p.run(p.consumer(func() float64 { return 0.5 }))
		if p.lost > 0 || len(p.sent) != 1 || attribute(p.sent[0], attrReason) != "mail_unknown" {
			t.Errorf("%d lost, letters %+v", p.lost, p.sent)
		}
	})
}

// A claim from the future means that one of the clocks is wrong. It is looked at
// again after a lease and 15 minutes.
func TestMailsAreNotHeldForGoodByAClockThatIsADayAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 2)
		all := slices.Clone(p.messages)
		p.answer = func(context.Context) error { time.Sleep(time.Second); return nil } // so that the second is not delayed at once
		p.claims["notice1"] = time.Now().Add(24 * time.Hour)
		p.run(p.consumer(func() float64 { return 0.5 }))
		if len(p.mails) != 2 || len(p.sent)+p.lost > 0 || all[1].receives > 100 {
			t.Errorf("%d mails after %d receives, %d dead letters, %d lost", len(p.mails), all[1].receives, len(p.sent), p.lost)
		}
	})
}
