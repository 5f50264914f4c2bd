package delivery

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// noonOf is when the attempts of these tests begin.
var noonOf = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// after answers requests by their resource, a number of seconds past noon.
func after(answers map[string]int, with func(webhook.Request) webhook.Result) func(webhook.Request) webhook.Result {
	return func(r webhook.Request) webhook.Result {
		result := with(r)
		result.Started = noonOf.Add(time.Duration(answers[r.Resource]) * time.Second)
		return result
	}
}

func cluesOfDelivery(t *testing.T, change func(*world), messages ...Message) []tally.Clues {
	t.Helper()
	w := newWorld()
	w.register("a", platform.Internal, func(r *Registered) { r.App.Events = []string{"issue", "error", "comment"} })
	change(w)
	deliverAll(t, w.job(nil), messages...)
	return w.clues
}

func at(seconds int) time.Time { return noonOf.Add(time.Duration(seconds) * time.Second) }

func created(resource string) Message { return webhookMessage("a", resource, "created", "") }

func TestCluesNameTheNewestFailureAndTheFirstSinceTheLastSuccess(t *testing.T) {
	order := map[string]int{"issue": 1, "error": 2, "comment": 3, "installation": 4}
	for name, c := range map[string]struct {
		fail string // resources
		want tally.Clues
	}{
		"all fail":                    {"issue error comment", tally.Clues{FailingSince: at(1)}},
		"a failure before a success":  {"issue error", tally.Clues{LastSuccess: at(3)}},
		"failures after a success":    {"error comment", tally.Clues{LastSuccess: at(1), FailingSince: at(2)}},
		"failures around a success":   {"issue comment", tally.Clues{LastSuccess: at(2), FailingSince: at(3)}},
		"all succeed, nothing failed": {"", tally.Clues{LastSuccess: at(3)}},
	} {
		t.Run(name, func(t *testing.T) {
			got := cluesOfDelivery(t, func(w *world) {
				w.answer = after(order, errorFor(func(r webhook.Request) bool { return strings.Contains(c.fail, r.Resource) }))
			}, created("comment"), created("issue"), created("error"))
			if failing := strings.Fields(c.fail); len(failing) > 0 {
				newest := failing[len(failing)-1]
				c.want.LastFailure = tally.Failure{At: at(order[newest]), Outcome: "error", Status: http.StatusBadRequest,
					EventType: newest + ".created", WebhookID: "evt_a" + newest + "created"}
			}
			equalList(t, "clues", got, c.want)
		})
	}
}

func TestCluesAreShort(t *testing.T) {
	got := cluesOfDelivery(t, func(w *world) { w.answer = after(nil, status(http.StatusBadRequest)) },
		Message{ID: "sqs", SentAt: time.Now(), Receives: 1, Body: fmt.Sprintf(`{"id":%q,"app_id":"a","organization_id":"org","installation":{"uuid":"u"},"resource":%q,"action":"x","data":{}}`,
			strings.Repeat("i", 128), strings.Repeat("m", 80))})
	if len(got) != 1 {
		t.Fatalf("clues: %v", got)
	}
	equal(t, "webhook", got[0].LastFailure.WebhookID, strings.Repeat("i", 64))
	equal(t, "event", got[0].LastFailure.EventType, strings.Repeat("m", 64))
}

func TestCluesAreOfTheAttemptsThatAreCounted(t *testing.T) {
	for name, change := range map[string]func(*world){
		"an app that nobody may disable": func(w *world) { w.register("a", platform.Published, nil) },
		"a failure of an alert rule":     func(w *world) {},
	} {
		t.Run(name, func(t *testing.T) {
			got := cluesOfDelivery(t, func(w *world) { w.answer = status(http.StatusBadRequest); change(w) },
				webhookMessage("a", "event_alert", "triggered", ""))
			equalList(t, "clues", got)
		})
	}
	t.Run("a success of an alert rule", func(t *testing.T) {
		equalList(t, "clues", cluesOfDelivery(t, func(*world) {}, webhookMessage("a", "event_alert", "triggered", "")))
	})
}

func TestCluesCountWhatDoesNotPassByItself(t *testing.T) {
	failed := func(o webhook.Outcome, code webhook.Code, err error) func(webhook.Request) webhook.Result {
		return func(webhook.Request) webhook.Result {
			return webhook.Result{Outcome: o, Code: code, Err: fmt.Errorf("post: %w", err), Started: noonOf}
		}
	}
	expired := x509.CertificateInvalidError{Reason: x509.Expired}
	for name, c := range map[string]struct {
		answer func(webhook.Request) webhook.Result
		extra  string
		want   int64
	}{
		"a certificate":              {failed(webhook.ConnectionError, webhook.CodeTLS, expired), "", 2},
		"no TLS otherwise":           {failed(webhook.ConnectionError, webhook.CodeTLS, errLost), "", 0},
		"a certificate of our own":   {failed(webhook.LocalError, "", expired), "", 0},
		"a forbidden URL":            {failed(webhook.Blocked, webhook.CodeBlockedURL, &webhook.BlockedError{}), "", 2},
		"a forbidden URL, not its":   {failed(webhook.Blocked, webhook.CodeBlockedURL, &webhook.BlockedError{}), `,"url":"https://10.0.0.3"`, 0},
		"a 410":                      {status(http.StatusGone), "", 2},
		"a 410 of another URL":       {status(http.StatusGone), `,"url":"https://other.example"`, 0},
		"an error":                   {status(http.StatusForbidden), "", 0},
		"a name that does not exist": {failed(webhook.ConnectionError, webhook.CodeDNS, errLost), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var got int64
			for _, clues := range cluesOfDelivery(t, func(w *world) { w.answer = c.answer },
				webhookMessage("a", "issue", "created", c.extra), webhookMessage("a", "issue", "resolved", c.extra)) {
				got += clues.Permanent
			}
			equal(t, "permanent", got, c.want)
		})
	}
}

// Counts that are added later do not say when the failures were.
func TestCluesAreNotOfCountsMessages(t *testing.T) {
	got := cluesOfDelivery(t, func(*world) {}, countsOn("a#org#1", "2026-11-24", tally.Counts{Success: 1, Error: 2}, time.Now()))
	equalList(t, "clues", got)
}
