package template

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// unsent is a mail that cannot be sent, its claims, and when it was delayed.
type unsent struct {
	now     time.Time
	answer  error
	unread  error                  // of the app
	delayed map[string][]time.Time // by reason
}

func (u *unsent) Claim(context.Context, string, time.Time, time.Duration) error { return nil }
func (u *unsent) MarkSent(context.Context, string, string, time.Time) error     { return nil }
func (u *unsent) MarkUnsent(context.Context, string, notice.Unsent, time.Time, time.Time) error {
	return nil
}
func (u *unsent) ReadApp(context.Context, string) (platform.App, bool, error) {
	return platform.App{EnabledAt: begun}, true, u.unread
}
func (u *unsent) Send(context.Context, notice.Mail) (string, error) { return "", u.answer }
func (u *unsent) Count(_, _, reason string)                         { u.delayed[reason] = append(u.delayed[reason], u.now) }

var begun = time.Date(2026, 11, 24, 10, 4, 30, 0, time.UTC)

// mailThatWaits is one mail's three days.
func mailThatWaits(t *testing.T, answer, unread error, random float64) *unsent {
	t.Helper()
	u := &unsent{now: begun, answer: answer, unread: unread, delayed: make(map[string][]time.Time)}
	job := notice.New(notice.Config{FunctionTimeout: 30 * time.Second}, notice.Deps{
		Composer: notice.NewComposer(notice.MailConfig{PlatformName: "Sentry", PlatformURL: "https://platform.example"}),
		Claims:   u, Apps: u, Mailer: u, Metrics: u, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return u.now }, Random: func() float64 { return random }})
	n := platform.Notice{ID: "n", Kind: platform.AppEnabled, To: platform.Owner{Email: "ada@acme.example"}, EnabledAt: platform.FormatTime(begun)}
	for receives := 1; u.now.Sub(begun) < 3*24*time.Hour; receives++ {
		var delayed *notice.DelayedError
		if err := job.NewBatch().Handle(t.Context(), n, receives); !errors.As(err, &delayed) {
			t.Fatal(err)
		}
		u.now = u.now.Add(delayed.After)
	}
	return u
}

// In the end a mail is tried once an hour. Its alarm must not go back to OK between two
// tries.
func TestAlarmsRingForAsLongAsAMailCannotBeSent(t *testing.T) {
	t.Parallel()
	alarms := expand(t).OfType("AWS::CloudWatch::Alarm")
	for name, fault := range map[string]struct{ answer, unread error }{
		"SenderRefusedAlarm":   {answer: notice.ErrOurs},
		"MailsThrottledAlarm":  {answer: notice.ErrThrottled},
		"MailsUnansweredAlarm": {answer: context.DeadlineExceeded},
		"MailsUncheckedAlarm":  {unread: context.DeadlineExceeded},
	} {
		a := alarms[name]
		if a == nil {
			t.Errorf("there is no %s", name)
			continue
		}
		reason := At(List(a["Dimensions"])[0], "Value").(string)
		for _, random := range []float64{0, 0.5, 0.999} {
			u := mailThatWaits(t, fault.answer, fault.unread, random)
			tries := u.delayed[reason]
			if len(tries) < 10 {
				t.Fatalf("%s watches %s, and the mail was put off as %v", name, reason, u.delayed)
			}
			rings := ringing(a, tries)
			for at := tries[0].Add(80 * time.Minute); at.Before(tries[len(tries)-1]); at = at.Add(time.Minute) {
				if !rings(at) {
					t.Errorf("%s is quiet %s after the first try (random %v)", name, at.Sub(tries[0]), random)
					break
				}
			}
			if rings(tries[0].Add(5*time.Minute)) && name != "SenderRefusedAlarm" {
				t.Errorf("%s rings after five minutes", name)
			}
		}
	}
}

// The message of an organization's deletion stays on its queue until the second look.
func TestRegistryQueueAgeAlarmIsQuietUntilTheSecondLookOfAnErasure(t *testing.T) {
	t.Parallel()
	var threshold int
	_, err := fmt.Sscan(fmt.Sprint(expand(t).Resources["RegistryQueueAgeAlarm"].Properties["Threshold"]), &threshold)
	if kept := registry.SecondLook + 2*time.Minute; err != nil || time.Duration(threshold)*time.Second < kept {
		t.Errorf("it rings after %d s (%v), and messages are kept for %s", threshold, err, kept)
	}
}

// ringing returns whether an alarm over a count of events rings at a time. Its periods
// do not include the current one.
func ringing(a Object, events []time.Time) func(time.Time) bool {
	number := func(name string) int {
		var n float64
		_, _ = fmt.Sscan(fmt.Sprint(a[name]), &n)
		return int(n)
	}
	period, most := time.Duration(number("Period"))*time.Second, number("EvaluationPeriods")
	wanted := most
	if a["DatapointsToAlarm"] != nil {
		wanted = number("DatapointsToAlarm")
	}
	counted := make(map[time.Time]bool)
	for _, e := range events {
		counted[e.Truncate(period)] = true
	}
	return func(at time.Time) bool {
		found := 0
		for i := 1; i <= most; i++ {
			if counted[at.Truncate(period).Add(-time.Duration(i)*period)] {
				found++
			}
		}
		return found >= wanted
	}
}
