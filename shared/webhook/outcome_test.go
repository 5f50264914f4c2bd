package webhook

import (
	"testing"
	"time"
)

func TestOutcomeOfAnAnswerIsThatOfItsStatus(t *testing.T) {
	known := map[int]Outcome{408: Error, 410: Gone, 429: Throttled}
	for status := range 1100 {
		want, ok := known[status]
		switch {
		case ok:
		case status/100 == 2:
			want = Success
		case status/100 == 3:
			want = Redirect
		case status/100 == 4:
			want = Error
		case status/100 == 5:
			want = ServerError
		default:
			want = ConnectionError
		}
		if got := statusOutcome(status); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

func TestOutcomeIsTriedAgainOnlyIfItMayEndOtherwise(t *testing.T) {
	for _, test := range []struct {
		result Result
		want   bool
	}{
		{Result{Outcome: Success, Status: 200}, false},
		{Result{Outcome: Error, Status: 404}, false},
		{Result{Outcome: Error, Status: 408}, true},
		{Result{Outcome: Throttled, Status: 429}, true},
		{Result{Outcome: Gone, Status: 410}, false},
		{Result{Outcome: Redirect, Status: 302}, false},
		{Result{Outcome: ServerError, Status: 503}, true},
		{Result{Outcome: Timeout}, true},
		{Result{Outcome: ConnectionError}, true},
		{Result{Outcome: Blocked}, false},
		{Result{Outcome: LocalError}, false},
	} {
		if got := test.result.Retryable(); got != test.want {
			t.Errorf("%s %d: %v", test.result.Outcome, test.result.Status, got)
		}
	}
}

func TestRetryAfterIsSecondsOrADateOfAtMostAnHour(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		"3600":                          time.Hour,
		"3601":                          time.Hour,
		"4294967296":                    time.Hour,
		"99999999999999999999999":       time.Hour,
		"-5":                            0,
		"1.5":                           0,
		"soon":                          0,
		"120, 240":                      0,
		"Tue, 24 Nov 2026 10:00:30 GMT": 30 * time.Second,
		"Tue, 24 Nov 2026 09:59:00 GMT": 0,
		"Wed, 25 Nov 2026 10:00:00 GMT": time.Hour,
		"Tue Nov 24 10:00:30 2026":      30 * time.Second,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}
