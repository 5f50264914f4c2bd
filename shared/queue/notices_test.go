package queue

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// metricCounts is how often each metric was counted.
type metricCounts map[string]int

func (t metricCounts) Count(name, _, _ string) { t[name]++ }

func noticesTo(f *fakeSQS) (Notices, metricCounts, *bytes.Buffer) {
	var log bytes.Buffer
	figures := metricCounts{}
	return Notices{API: f, URL: "https://sqs/1/notices", Logger: slog.New(slog.NewTextHandler(&log, nil)), Metrics: figures}, figures, &log
}

func noticeTo(name string) platform.Notice {
	return platform.Notice{ID: "id", Kind: platform.AppDisabled, To: platform.Owner{Email: "owner@acme.example", Name: name},
		Organization: platform.NoticeOrganization{ID: "42", Slug: "acme", Name: name},
		App:          platform.NoticeApp{ID: "17", Slug: "bot", Name: name, WebhookURL: "https://bot.example/" + name},
		Reason:       "error", DisabledAt: "2026-11-24T12:00:00.000Z", Evidence: []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: 1}}}}
}

func TestNoticesAreQueuedWhateverNamesWereStored(t *testing.T) {
	for label, c := range map[string]struct{ name, want string }{
		"noncharacters":          {"Bot \ufffe\uffff", "Bot \ufffd\ufffd"},
		"control characters":     {"Bot\x00\x1b", "Bot\ufffd\ufffd"},
		"200,000 angle brackets": {strings.Repeat("<", 200_000), strings.Repeat("<", 512)},
		"200,000 backspaces":     {strings.Repeat("\b", 200_000), strings.Repeat("\ufffd", 170)},
		"200,000 quotes":         {strings.Repeat(`"`, 200_000), strings.Repeat(`"`, 512)},
		"separators":             {"a\u2028b\u2029c", "a b c"},
		"all that is harmless":   {"Bär & Söhne <bot> \U0001F916", "Bär & Söhne <bot> \U0001F916"},
	} {
		t.Run(label, func(t *testing.T) {
			f := &fakeSQS{t: t}
			notices, figures, _ := noticesTo(f)
			if err := notices.SendNotices(t.Context(), []platform.Notice{noticeTo(c.name), noticeTo("Ada")}); err != nil || len(f.sent) != 2 {
				t.Fatalf("%d sent, error %v", len(f.sent), err)
			}
			n, err := platform.DecodeNotice([]byte(*f.sent[0].MessageBody))
			if err != nil || n.App.Name != c.want || n.To.Name != c.want || n.Organization.Name != c.want || len(figures) > 0 {
				t.Errorf("queued as %.300q, error %v, counted %v", n.App.Name, err, figures)
			}
		})
	}
}

func TestNoticesAreWhatSQSTakesAndNotifyReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(rapid.StringN(1, 20, -1).Draw(t, "text"), rapid.SampledFrom([]int{1, 1, 20_000}).Draw(t, "times"))
		})
		n := noticeTo(text.Draw(t, "name"))
		n.App.WebhookURL, n.App.Slug, n.Organization.Slug = text.Draw(t, "url"), text.Draw(t, "slug"), text.Draw(t, "organization's slug")
		if rapid.Bool().Draw(t, "by hand") {
			n.Reason, n.Evidence, n.Note = platform.Manual, nil, text.Draw(t, "note")
			n.Actor = &platform.Owner{Name: text.Draw(t, "who"), Email: text.Draw(t, "address")}
		}
		said := platform.FailedRequest{Outcome: "error", Body: text.Draw(t, "answer"), Detail: text.Draw(t, "detail"), EventType: text.Draw(t, "event"), WebhookID: text.Draw(t, "webhook")}
		n.Diagnosis = &platform.Diagnosis{Example: &said}
		before := said
		body, err := encodeNotice(n)
		if err != nil || !takes(body) || len(body) > 256<<10 {
			t.Fatalf("%d bytes, error %v: %.300q", len(body), err, body)
		}
		if _, err := platform.DecodeNotice([]byte(body)); err != nil {
			t.Fatal(err)
		}
		if said != before {
			t.Fatal("the other owners' notices were changed with it")
		}
	})
}

func TestNoticesThatSQSRefusesForGoodAreGivenUpAndTheOthersAreSent(t *testing.T) {
	bad := func(body string) bool { return strings.Contains(body, "bad") }
	three := []platform.Notice{noticeTo("Ada"), noticeTo("bad"), noticeTo("Bob")}
	for _, refusal := range []error{
		&types.InvalidMessageContents{}, &types.BatchRequestTooLong{},
		&smithy.GenericAPIError{Code: "InvalidParameterValue"}, &smithy.GenericAPIError{Code: "InvalidParameterValueException"},
		&smithy.GenericAPIError{Code: "AWS.SimpleQueueService.MessageTooLong"}, &smithy.GenericAPIError{Code: "MissingParameter"},
	} {
		f := &fakeSQS{t: t, with: refusal, fault: bad}
		notices, figures, log := noticesTo(f)
		if err := notices.SendNotices(t.Context(), three); err != nil {
			t.Errorf("%v: %v", refusal, err)
		}
		if len(f.sent) != 2 || figures["notice.given_up"] != 1 || !strings.Contains(log.String(), "notice given up") || !strings.Contains(log.String(), "app_id=17") {
			t.Errorf("%v: %d sent, counted %v, log %s", refusal, len(f.sent), figures, log)
		}
	}
	for _, passing := range []error{
		&types.KmsAccessDenied{}, &types.KmsDisabled{}, &types.KmsThrottled{}, &types.RequestThrottled{}, &types.QueueDoesNotExist{}, &types.OverLimit{},
		&smithy.GenericAPIError{Code: "AccessDenied"}, &smithy.GenericAPIError{Code: "InternalError"}, errors.New("InvalidMessageContents"),
	} {
		f := &fakeSQS{t: t, with: passing, fault: bad}
		notices, figures, _ := noticesTo(f)
		if err := notices.SendNotices(t.Context(), three); err == nil || errors.Is(err, platform.ErrRefused) || len(figures) > 0 {
			t.Errorf("%v: error %v, counted %v", passing, err, figures)
		}
	}
	t.Run("but not one that only failed next to it", func(t *testing.T) {
		f := &fakeSQS{t: t}
		f.fault = func(body string) bool {
			f.with = errors.New("no answer")
			if bad(body) {
				f.with = invalid
			}
			return !strings.Contains(body, "Ada")
		}
		f.with = invalid
		notices, figures, _ := noticesTo(f)
		if err := notices.SendNotices(t.Context(), three); err == nil || figures["notice.given_up"] != 1 || len(f.sent) != 1 {
			t.Errorf("error %v, counted %v, sent %d", err, figures, len(f.sent))
		}
	})
}
