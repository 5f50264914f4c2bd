package platform

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func diagnosis() *Diagnosis {
	return &Diagnosis{FailingSince: "2026-11-18T09:00:00.000Z", LastSuccess: "2026-11-18T08:59:00.000Z", Read: 243, More: true,
		Answers: []Answer{{Outcome: "error", Status: 403, Count: 212}, {Outcome: "connection_error", Code: "tls", Count: 31}},
		Example: &FailedRequest{At: "2026-11-24T09:59:00.000Z", WebhookID: "evt_1", EventType: "issue.created", Outcome: "error", Status: 403,
			DurationMS: 21, Detail: "It said no.", Body: `{"error": "forbidden"}`}}
}

func TestDiagnosisThatIsWrongMakesANoticeInvalid(t *testing.T) {
	n := disabledNotice(t)
	n.Diagnosis = diagnosis()
	notCount := []string{aText, "true", aList, anObject, "-1", "1.5", "1742002"}
	long := func(n int) string { return `"` + strings.Repeat("h", n) + `"` }
	notText := func(limit int) []string { return []string{aNumber, "true", aList, anObject, long(limit + 1)} }
	sixth := `[` + strings.Repeat(`{"outcome":"hunter2"},`, MaxAnswers) + `{"outcome":"hunter2"}]`
	mustBeInvalid(t, DecodeNotice, string(encode(t, n)), []bad{
		{path: "diagnosis", raws: []string{aNumber, "true", aList, aText}},
		{path: "diagnosis.failing_since", raws: []string{aNumber, aText, `"2026-11-24"`}},
		{path: "diagnosis.last_success_at", raws: []string{aNumber, aText, `"2026-11-24"`}},
		{path: "diagnosis.read", raws: notCount},
		{path: "diagnosis.more", raws: []string{aNumber, aText, aList}},
		{path: "diagnosis.answers", raws: []string{aNumber, aText, anObject, `[1742002]`, sixth}},
		{path: "diagnosis.answers[0].outcome", raws: notWord()},
		{path: "diagnosis.answers[1].error_code", raws: notText(128)},
		{path: "diagnosis.answers[0].status", raws: notCount},
		{path: "diagnosis.answers[0].count", raws: notCount},
		{path: "diagnosis.example", raws: []string{aNumber, "true", aList, aText}},
		{path: "diagnosis.example.at", raws: []string{aNumber, aText}},
		{path: "diagnosis.example.outcome", raws: notWord()},
		{path: "diagnosis.example.webhook_id", raws: notText(128)},
		{path: "diagnosis.example.event_type", raws: notText(128)},
		{path: "diagnosis.example.duration_ms", raws: notCount},
		{path: "diagnosis.example.detail", raws: notText(MaxDetail)},
		{path: "diagnosis.example.body", raws: notText(MaxAnswerShown)},
	})
}

func TestDiagnosisMayBeAbsent(t *testing.T) {
	for _, raw := range []string{"null", `{}`} {
		n, err := DecodeNotice([]byte(change(t, string(encode(t, disabledNotice(t))), "diagnosis", raw)))
		if err != nil || n.Diagnosis != nil && !n.Diagnosis.IsZero() {
			t.Errorf("%s: %+v, %v", raw, n.Diagnosis, err)
		}
	}
}

func TestDiagnosisOfANoticeIsInert(t *testing.T) {
	n := disabledNotice(t)
	n.Diagnosis = diagnosis()
	n.Diagnosis.Example.Body, n.Diagnosis.Example.Detail = "a\r\nb\u202ec\x00", "Subject:\tx\u2028y"
	got, err := DecodeNotice(encode(t, n))
	if err != nil || got.Diagnosis.Example.Body != "a bc" || got.Diagnosis.Example.Detail != "Subject: x y" {
		t.Errorf("%+v, %v", got.Diagnosis, err)
	}
}

func TestInertIsOneLineWithinItsLimit(t *testing.T) {
	for said, want := range map[string]string{
		"":                              "",
		"Forbidden":                     "Forbidden",
		" a\r\n\r\n\tb\x00c\x1b[31m ":   "a b c [31m",
		"a\u2028b\u2029c\u0085d\u00a0e": "a b c d e",
		"\u202eevil\u200b\ufeff\u2066x": "evilx",
		"no\ufffe\uffff such":           "no such",
		"\xff\xfe":                      "\ufffd",
		"Ärger mit <b>&amp;</b>":        "Ärger mit <b>&amp;</b>",
		strings.Repeat("é", 40):         strings.Repeat("é", 20),
		"<html>\n" + strings.Repeat(" ", 100) + "<p>No</p>": "<html> <p>No</p>",
	} {
		if got := Inert(said, 41); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 50).Draw(t, "limit")
		got := Inert(string(rapid.SliceOf(rapid.Byte()).Draw(t, "said")), limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\t\x00\x7f") || Inert(got, limit) != got {
			t.Errorf("%q", got)
		}
	})
}

func TestBoundedKeepsEveryTextWithinItsLimit(t *testing.T) {
	long := strings.Repeat("x", 1000)
	d := Diagnosis{FailingSince: long, LastSuccess: long, Answers: make([]Answer, 9),
		Example: &FailedRequest{At: long, WebhookID: long, EventType: long, Outcome: long, Code: long, Detail: long, Body: long}}
	for i := range d.Answers {
		d.Answers[i] = Answer{Outcome: long, Code: long}
	}
	b := d.Bounded()
	if len(b.Answers) != MaxAnswers || len(b.Example.Detail) != MaxDetail || len(b.Example.Body) != MaxAnswerShown || len(d.Example.Body) != 1000 {
		t.Errorf("%+v", b)
	}
	if size := len(fmt.Sprint(b, *b.Example)); size > 4096 {
		t.Errorf("%d bytes", size)
	}
	if diff := cmp.Diff(*diagnosis(), diagnosis().Bounded()); diff != "" {
		t.Errorf("changed (-was +is):\n%s", diff)
	}
}
