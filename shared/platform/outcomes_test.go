package platform

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/tally"
)

const outcomesMessage = `{"type":"outcomes","id":"out_01J","app_id":"integration:77","organization_id":"42",` +
	`"at":"2026-11-24T10:00:00Z","counts":{"success":120,"error":3,"timeout":0,"fatal":1.0}}`

func outcomesSent(t *testing.T) time.Time {
	t.Helper()
	sent, err := ParseTime("2026-11-24T10:00:05Z")
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

func TestDecodeDeliveryReadsOutcomes(t *testing.T) {
	_, got, err := DecodeDelivery([]byte(outcomesMessage), outcomesSent(t))
	want := &Outcomes{ID: "out_01J", AppID: "integration:77", OrganizationID: "42",
		At: outcomesSent(t).Add(-5 * time.Second), Counts: tally.Counts{Success: 120, Error: 3, Fatal: 1}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, difference: %s", err, diff)
	}
}

func TestDecodeDeliveryReadsAWebhookWithoutAType(t *testing.T) {
	for _, body := range []string{webhookMessage, change(t, webhookMessage, "type", "null")} {
		w, outcomes, err := DecodeDelivery([]byte(body), outcomesSent(t))
		want, _ := DecodeWebhook([]byte(webhookMessage))
		if diff := cmp.Diff(want, w); err != nil || outcomes != nil || diff != "" {
			t.Errorf("error %v, outcomes %v, difference: %s", err, outcomes, diff)
		}
	}
}

func TestDecodeDeliveryNamesTheFieldThatIsWrong(t *testing.T) {
	for _, c := range []struct{ path, raw, want string }{
		{"type", `"webhook"`, "type must be outcomes, or absent from a webhook"},
		{"type", `7`, "type must be a string"},
		{"id", `"out.1"`, "id may only have letters, digits and _ : -"},
		{"id", `null`, "id is required"},
		{"app_id", `null`, "app_id is required"},
		{"organization_id", `7`, "organization_id must be a string"},
		{"at", `null`, "at is required"},
		{"at", `"yesterday"`, "at must be an RFC 3339 time, as in 2026-11-24T10:00:00Z"},
		{"at", `"2026-11-24T10:01:06Z"`, "at must not be more than a minute after the message was queued"},
		{"at", `"2026-10-25T10:00:04Z"`, "at must not be more than 30 days before the message was queued"},
		{"counts", `null`, "counts is required"},
		{"counts", `[]`, "counts must be an object"},
		{"counts", `{}`, "counts must have at least one count above zero"},
		{"counts", `{"success":0,"gone":7}`, "counts must have at least one count above zero"},
		{"counts.error", `-1`, "counts.error must be a whole number from 0 to 1000000"},
		{"counts.error", `1000001`, "counts.error must be a whole number from 0 to 1000000"},
		{"counts.success", `1.5`, "counts.success must be a whole number from 0 to 1000000"},
		{"counts.fatal", `"1"`, "counts.fatal must be a whole number from 0 to 1000000"},
		{"counts.timeout", `1e99`, "counts.timeout must be a whole number from 0 to 1000000"},
	} {
		_, _, err := DecodeDelivery([]byte(change(t, outcomesMessage, c.path, c.raw)), outcomesSent(t))
		var invalid *InvalidError
		if !errors.As(err, &invalid) || err.Error() != c.want {
			t.Errorf("%s = %s: %v, want %s", c.path, c.raw, err, c.want)
		}
	}
}

func TestDecodeDeliveryTakesTimesAndCountsAtTheirBounds(t *testing.T) {
	for _, c := range []struct{ path, raw string }{
		{"at", `"2026-11-24T10:01:05Z"`}, {"at", `"2026-10-25T10:00:05Z"`},
		{"counts", `{"fatal":1}`}, {"counts.success", `1000000`}, {"counts.error", `null`}, {"counts.error", `1e6`},
	} {
		if _, _, err := DecodeDelivery([]byte(change(t, outcomesMessage, c.path, c.raw)), outcomesSent(t)); err != nil {
			t.Errorf("%s = %s: %v", c.path, c.raw, err)
		}
	}
}
