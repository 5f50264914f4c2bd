package platform

import (
	"encoding/json"
	"hookwarden/shared/tally"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noticed = time.Date(2026, 11, 24, 10, 0, 0, 5e6, time.UTC)

func disabledApp() (App, Organization) {
	return App{ID: "17", Slug: "ci-bot", Name: "CI Bot", Status: Internal, WebhookURL: "https://receiver.example"},
		Organization{ID: "42", Slug: "acme", Name: "Acme", Owners: []Owner{{Email: "Ada@acme.example", Name: "Ada"}, {Email: "bob@acme.example"}}}
}

func TestNoticesAreOneForEveryOwner(t *testing.T) {
	app, org := disabledApp()
	org.Owners = append(org.Owners, Owner{Email: "ada@ACME.example", Name: "Ada again"}, Owner{Email: "bob@acme.example"})
	notices := Notices(AppDisabled, app, org, noticed)
	if len(notices) != 2 || notices[0].To != org.Owners[0] || notices[1].To != org.Owners[1] {
		t.Errorf("notices to %+v", notices)
	}
	if len(Notices(AppDisabled, app, Organization{}, noticed)) != 0 {
		t.Error("a notice to nobody")
	}
}

func TestNoticeIDIsItsKindAppTimeAndAddress(t *testing.T) {
	app, org := disabledApp()
	first := Notices(AppDisabled, app, org, noticed)[0].ID
	// printf 'app.disabled\n17\n2026-11-24T10:00:00.005Z\nada@acme.example' | sha256sum | cut -c-32
	if first != "d03f6b974881ec8d98dd98dabc66ccf1" {
		t.Errorf("id %s; ids must stay, they say what was sent already", first)
	}
	same := org
	same.Name, same.Owners = "Other", []Owner{{Email: "ADA@acme.EXAMPLE", Name: "Other"}}
	if id := Notices(AppDisabled, App{ID: "17", Name: "Other"}, same, noticed.Add(999*time.Microsecond).Local())[0].ID; id != first {
		t.Error("what is said in a notice changes its id")
	}
	seen := map[string]string{first: "the first"}
	for name, notice := range map[string]Notice{
		"another kind":    Notices(AppEnabled, app, org, noticed)[0],
		"another app":     Notices(AppDisabled, App{ID: "18"}, org, noticed)[0],
		"another time":    Notices(AppDisabled, app, org, noticed.Add(time.Millisecond))[0],
		"another address": Notices(AppDisabled, app, org, noticed)[1],
	} {
		if other, ok := seen[notice.ID]; ok {
			t.Errorf("%s has the id of %s", name, other)
		}
		seen[notice.ID] = name
	}
}

func disabledNotice(t *testing.T) Notice {
	t.Helper()
	app, org := disabledApp()
	n := Notices(AppDisabled, app, org, noticed)[0]
	n.Reason, n.DisabledAt = "error", FormatTime(noticed)
	n.Evidence = []tally.Day{{Date: "2026-11-23", Counts: tally.Counts{Error: 1}}, {Date: "2026-11-24", Counts: tally.Counts{Success: 1, Error: 2, Timeout: 3, Gone: 4, Fatal: 5}}}
	return n
}

// providersNotice is of an app that the platform calls by itself.
func providersNotice(t *testing.T) Notice {
	t.Helper()
	_, org := disabledApp()
	n := Notices(AppEnabled, App{ID: "integration:77", Slug: "github", Name: "GitHub", Kind: Plugin, Status: Published,
		SettingsURL: "https://platform.example/acme/github", DashboardURL: "https://platform.example/acme/calls"}, org, noticed)[0]
	n.EnabledAt = FormatTime(noticed)
	return n
}

func TestNoticesCarryWhatAMailNeedsToKnowOfTheKind(t *testing.T) {
	want := NoticeApp{ID: "integration:77", Slug: "github", Name: "GitHub", Kind: Plugin, Status: Published,
		SettingsURL: "https://platform.example/acme/github", DashboardURL: "https://platform.example/acme/calls"}
	if got := providersNotice(t).App; got != want {
		t.Errorf("%+v", got)
	}
	body := string(encode(t, disabledNotice(t)))
	for _, absent := range []string{`"status"`, `settings_url`, `dashboard_url`, `"kind":"sentry-app"`, `"kind":""`} {
		if strings.Contains(body, absent) {
			t.Errorf("the default is in %s", body)
		}
	}
	older, err := DecodeNotice([]byte(body))
	if err != nil || older.App.Kind != SentryApp || older.App.Status != "" {
		t.Errorf("of an older version: %+v, %v", older, err)
	}
}

func enabledNotice(t *testing.T) Notice {
	t.Helper()
	app, org := disabledApp()
	n := Notices(AppEnabled, app, org, noticed)[1]
	n.EnabledAt = FormatTime(noticed)
	return n
}

func warningNotice(t *testing.T) Notice {
	t.Helper()
	app, org := disabledApp()
	n := Notices(AppWarning, app, org, noticed)[0]
	n.Reason, n.WarnedAt, n.Warning = "error", FormatTime(noticed), &Warning{Level: DaysLevel(3), Day: 3, CutOn: "2026-11-28"}
	n.Evidence = []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: 1}}}
	n.Rule, n.Diagnosis = &tally.Rule{TimeoutThreshold: 1000}, diagnosis()
	return n
}

func recoveredNotice(t *testing.T) Notice {
	t.Helper()
	app, org := disabledApp()
	n := Notices(AppRecovered, app, org, noticed)[0]
	n.RecoveredAt, n.WarnedAt = FormatTime(noticed), FormatTime(noticed.AddDate(0, 0, -2))
	return n
}

func TestNoticeIsReadAsItWasWritten(t *testing.T) {
	byHand := disabledNotice(t)
	byHand.Reason, byHand.Evidence, byHand.Rule = Manual, nil, nil
	byHand.Actor, byHand.Note = &Owner{Name: "Grace", Email: "grace@platform.example"}, "It floods a customer."
	nameless := byHand
	nameless.Actor, nameless.Note = nil, ""
	enabledBy := enabledNotice(t)
	enabledBy.Actor = &Owner{Name: "Grace", Email: "grace@platform.example"}
	diagnosed, little, permanent := disabledNotice(t), disabledNotice(t), warningNotice(t)
	diagnosed.Diagnosis, little.Diagnosis = diagnosis(), &Diagnosis{Example: &FailedRequest{Outcome: "timeout"}}
	permanent.Warning, permanent.Evidence, permanent.Rule, permanent.Diagnosis = &Warning{Level: LevelPermanent}, nil, nil, nil
	withoutWarning := recoveredNotice(t)
	withoutWarning.WarnedAt = ""
	for _, want := range []Notice{disabledNotice(t), enabledNotice(t), providersNotice(t), byHand, nameless,
		enabledBy, diagnosed, little, warningNotice(t), permanent, recoveredNotice(t), withoutWarning} {
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeNotice(body)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
	}
}

func TestNoticeWithAWrongFieldIsInvalid(t *testing.T) {
	notOptionalText := []string{aNumber, "true", aList, anObject}
	common := []bad{
		{path: "id", raws: append(notID(128), `"hunter2.1"`)},
		{path: "kind", raws: append(notText(), `"app.hunter2"`)},
		{path: "to", raws: notObject()},
		{path: "to.email", raws: append(notText(), aText, `"hunter2@"`)},
		{path: "to.name", raws: notOptionalText},
		{path: "organization", raws: notObject()},
		{path: "organization.id", raws: notText()},
		{path: "organization.slug", raws: notText()},
		{path: "organization.name", raws: notName()},
		{path: "app", raws: notObject()},
		{path: "app.id", raws: notText()},
		{path: "app.slug", raws: notText()},
		{path: "app.name", raws: notName()},
		{path: "app.webhook_url", raws: notOptionalText},
		{path: "app.kind", raws: []string{aNumber, `"hunter2"`}},
		{path: "app.status", raws: []string{aNumber, `"hunter2"`}},
		{path: "app.settings_url", raws: []string{aNumber, `"http://platform.example"`}},
		{path: "app.dashboard_url", raws: []string{aNumber, `"javascript:hunter2"`}},
	}
	t.Run("app.disabled", func(t *testing.T) {
		mustBeInvalid(t, DecodeNotice, string(encode(t, disabledNotice(t))), append(common, []bad{
			{path: "reason", raws: notText()},
			{path: "disabled_at", raws: append(notText(), aText, `"2026-11-24"`)},
			{path: "evidence", raws: append([]string{aNumber, aText, anObject, `[1742002]`, `[{"day":"2026-11-24","error":"hunter2"}]`}, missing...)},
			{path: "evidence[1].day", raws: append([]string{aText, `"2026-11-31"`, `"24.11.2026"`, `""`}, missing...)},
		}...))
	})
	t.Run("app.enabled", func(t *testing.T) {
		mustBeInvalid(t, DecodeNotice, string(encode(t, enabledNotice(t))), append(common, []bad{
			{path: "enabled_at", raws: append(notText(), aText, `"2026-11-24"`)},
			{path: "actor", raws: []string{aNumber, aList, aText}},
		}...))
	})
	t.Run("app.warning", func(t *testing.T) {
		notWhole := []string{"-1", "1.5", aText, "9223372036854775808"}
		mustBeInvalid(t, DecodeNotice, string(encode(t, warningNotice(t))), append(common, []bad{
			{path: "warned_at", raws: append(notText(), aText, `"2026-11-24"`)},
			{path: "warning", raws: notObject()},
			{path: "warning.level", raws: append(notWord(), `"days:hunter2"`, `"days:0"`, `"days:+3"`, `"days:03"`, `"hunter2"`)},
			{path: "warning.day", raws: append(notWhole, "65")},
			{path: "warning.disabled_on", raws: []string{aNumber, aText, `"2026-11-31"`, `"2026-11-24T10:00:00Z"`}},
			{path: "reason", raws: []string{aNumber, anObject, ofLength(257)}},
			{path: "evidence", raws: []string{aNumber, aText, anObject}},
			{path: "evidence[0].day", raws: append([]string{aText, `""`}, missing...)},
			{path: "rule", raws: []string{aText, `{"timeout_threshold":"hunter2"}`}},
			{path: "diagnosis", raws: []string{aNumber, aText, aList}},
			{path: "diagnosis.answers[1].outcome", raws: notWord()},
		}...))
	})
	t.Run("app.recovered", func(t *testing.T) {
		mustBeInvalid(t, DecodeNotice, string(encode(t, recoveredNotice(t))), append(common, []bad{
			{path: "recovered_at", raws: append(notText(), aText, `"2026-11-24"`)},
			{path: "warned_at", raws: []string{aNumber, aText, `"2026-11-24"`}},
		}...))
	})
}

func TestNoticeMayHaveUnknownFields(t *testing.T) {
	if _, err := DecodeNotice([]byte(change(t, string(encode(t, disabledNotice(t))), "unknown", anObject))); err != nil {
		t.Error(err)
	}
}

func TestAddressIsComparedWithoutCase(t *testing.T) {
	if !SameAddress("Ada@Acme.example", "ada@acme.EXAMPLE") || SameAddress("ada@acme.example", "adb@acme.example") {
		t.Error("got it wrong")
	}
}
