package registry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
)

// Tests in shared/disabling, over one store for all jobs, show what the job
// does when its calls fail or other jobs run at the same time.

var (
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	ada  = platform.Owner{Email: "ada@acme.example", Name: "Ada"}
	bob  = platform.Owner{Email: "bob@acme.example"}
)

// tables holds one app and one organization, and notes what is done to them.
type tables struct {
	app     platform.App
	missing bool
	org     platform.Organization
	stale   bool // every version is older than the stored one
	taken   bool // every version was used by another change
	secrets []platform.Secret
	actor   platform.Actor
	at      time.Time
	done    []string
	notices []platform.Notice
	counted []string
}

func newTables() *tables {
	return &tables{
		app: platform.App{ID: "17", Slug: "bot", Name: "Bot", Status: platform.Internal, OrganizationID: "42", WebhookURL: "https://bot.example/"},
		org: platform.Organization{ID: "42", Slug: "acme", Name: "Acme", Owners: []platform.Owner{ada, bob}},
	}
}

func (s *tables) job() *registry.Job {
	check := func(url string) error {
		if url == "ftp://bot.example/" {
			return errors.New("the scheme must be https")
		}
		return nil
	}
	quiet := slog.New(slog.DiscardHandler)
	chain := standing.New(standing.Config{}, standing.Deps{Apps: s, Organizations: s, Transitions: s, Notices: s, Metrics: s, Logger: quiet,
		Now: func() time.Time { return noon }})
	return registry.New(registry.Config{CheckURL: check, Subscribable: platform.Subscribable{"issue", "error", "comment"}}, registry.Deps{Apps: s, Organizations: s, Standing: chain, Steering: s, Metrics: s, Logger: quiet})
}

// logging is the job and its log.
func (s *tables) logging() (*registry.Job, *bytes.Buffer) {
	logged := new(bytes.Buffer)
	job := s.job()
	job.Logger = slog.New(slog.NewJSONHandler(logged, nil))
	return job, logged
}

func (s *tables) note(what string) error {
	s.done = append(s.done, what)
	if s.stale {
		return registry.ErrStale
	}
	if s.taken {
		return registry.ErrConflict
	}
	return nil
}

func (s *tables) PutApp(_ context.Context, app platform.App, secrets []platform.Secret) error {
	s.app, s.secrets = app, secrets
	return s.note("PutApp")
}

func (s *tables) DeleteApp(_ context.Context, id string, version int64, at time.Time) error {
	s.app.ID, s.app.Version, s.app.Deleted, s.app.DeletedAt = id, version, true, at
	return s.note("DeleteApp")
}

func (s *tables) PutOrganization(_ context.Context, org platform.Organization) error {
	s.org = org
	return s.note("PutOrganization")
}

func (s *tables) ReadApp(context.Context, string) (platform.App, bool, error) {
	return s.app, !s.missing, nil
}

func (s *tables) ReadOrganization(context.Context, string) (platform.Organization, bool, error) {
	return s.org, s.org.ID != "", nil
}

func (s *tables) Apply(_ context.Context, t standing.Transition) error {
	s.at, s.actor = t.At, t.Actor
	if t.Kind == standing.Disabled {
		s.app.DisabledAt, s.app.DisabledReason = t.At, string(t.Reason)
		return s.note("Disable")
	}
	s.app.DisabledAt, s.app.EnabledAt = time.Time{}, t.At
	return s.note("Enable")
}

func (s *tables) Made(context.Context, standing.Transition) (bool, error) { return false, nil }

func (s *tables) Mark(_ context.Context, mark standing.Mark, _ standing.Transition, _ time.Time) error {
	return s.note(string(mark))
}

func (s *tables) Steer(_ context.Context, _ platform.App, at time.Time) error {
	s.at = at
	return s.note("Steer")
}

func (s *tables) SendNotices(_ context.Context, notices []platform.Notice) error {
	s.notices = append(s.notices, notices...)
	return s.note("SendNotices")
}

func (s *tables) Count(name, _, _ string) { s.counted = append(s.counted, name) }

func TestAppsAndOrganizationsAreStoredAsTheyCome(t *testing.T) {
	s := newTables()
	put := platform.AppPut{App: platform.App{ID: "18", Version: 3, WebhookURL: "https://bot.example/"}, Secrets: []platform.Secret{"new", "old"}}
	owned := platform.OrganizationPut{Organization: platform.Organization{ID: "43", Version: 4}}
	for _, m := range []platform.RegistryMessage{put, owned} {
		if err := s.job().Handle(t.Context(), m, registry.Stamp{SentAt: noon}); err != nil {
			t.Fatal(err)
		}
	}
	put.App.RenewedAt = noon // for the generation that this may begin
	if diff := cmp.Diff(put.App, s.app); diff != "" || !slices.Equal(s.secrets, put.Secrets) {
		t.Errorf("app (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(owned.Organization, s.org); diff != "" {
		t.Errorf("organization (-want +got):\n%s", diff)
	}
	if err := s.job().Handle(t.Context(), platform.AppDelete{AppID: "18", Version: 5}, registry.Stamp{SentAt: noon}); err != nil || !s.app.Deleted || s.app.Version != 5 ||
		!s.app.DeletedAt.Equal(noon) {
		t.Errorf("deleted: %+v, %v", s.app, err)
	}
}

// versioned has a message of each kind with a version, by the fields that
// name it in a log line.
var versioned = map[string]platform.RegistryMessage{
	`"type":"app.put","app_id":"17","version":5`:                   platform.AppPut{App: platform.App{ID: "17", Version: 5}, Secrets: []platform.Secret{"hush"}},
	`"type":"app.delete","app_id":"17","version":5`:                platform.AppDelete{AppID: "17", Version: 5},
	`"type":"organization.put","organization_id":"42","version":5`: platform.OrganizationPut{Organization: platform.Organization{ID: "42", Version: 5}},
}

func TestVersionThatIsOlderIsNoErrorAndNoWarning(t *testing.T) {
	for names, m := range versioned {
		s := newTables()
		s.stale = true
		job, logged := s.logging()
		if err := job.Handle(t.Context(), m, registry.Stamp{SentAt: noon}); err != nil || len(s.done) != 1 || s.counted != nil {
			t.Errorf("%s: %v, %v, counted %v", names, err, s.done, s.counted)
		}
		if line := logged.String(); !strings.Contains(line, names) || !strings.Contains(line, `"level":"INFO"`) {
			t.Errorf("%s: logged %s", names, line)
		}
	}
}

func TestVersionThatAnotherChangeHasIsAWarningThatNamesTheSubject(t *testing.T) {
	for names, m := range versioned {
		s := newTables()
		s.taken = true
		job, logged := s.logging()
		if err := job.Handle(t.Context(), m, registry.Stamp{SentAt: noon}); err != nil || !slices.Equal(s.counted, []string{"registry.version_conflict"}) {
			t.Errorf("%s: %v, counted %v", names, err, s.counted)
		}
		if line := logged.String(); !strings.Contains(line, names) || !strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, "hush") {
			t.Errorf("%s: logged %s", names, line)
		}
	}
}

func TestURLThatCannotBeCalledIsStoredWithTheReason(t *testing.T) {
	s := newTables()
	m := platform.AppPut{App: platform.App{ID: "17", WebhookURL: "ftp://bot.example/"}}
	if err := s.job().Handle(t.Context(), m, registry.Stamp{SentAt: noon}); err != nil {
		t.Fatal(err)
	}
	if s.app.WebhookURL != "ftp://bot.example/" || s.app.WebhookURLError != "the scheme must be https" {
		t.Errorf("stored %q, %q", s.app.WebhookURL, s.app.WebhookURLError)
	}
	if !slices.Equal(s.counted, []string{"app.webhook_url_invalid"}) {
		t.Errorf("counted %v", s.counted)
	}
}

func TestOwnersThatAreLeftOutAreCountedAndLoggedWithTheOrganization(t *testing.T) {
	s := newTables()
	job, logged := s.logging()
	org := platform.Organization{ID: "43", Version: 4, Owners: []platform.Owner{ada}, OwnerErrors: []string{"owners[1].email is missing"}}
	if err := job.Handle(t.Context(), platform.OrganizationPut{Organization: org}, registry.Stamp{SentAt: noon}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(org, s.org); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if !slices.Equal(s.counted, []string{"organization.owners_invalid"}) {
		t.Errorf("counted %v", s.counted)
	}
	for _, want := range []string{`"organization_id":"43"`, `"owner_errors":["owners[1].email is missing"]`, `"level":"WARN"`} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("logged %s", logged.String())
		}
	}
}

func TestEventsWithEntriesThatLetNothingThroughAreStoredAndSaid(t *testing.T) {
	s := newTables()
	job, logged := s.logging()
	events := []string{"issue", "isue", "error.created", "installation"}
	if err := job.Handle(t.Context(), platform.AppPut{App: platform.App{ID: "17", Events: events}}, registry.Stamp{SentAt: noon}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.app.Events, events) || !slices.Equal(s.counted, []string{"app.events_unknown"}) {
		t.Errorf("stored %v, counted %v", s.app.Events, s.counted)
	}
	if got := logged.String(); !strings.Contains(got, `"app_id":"17"`) || !strings.Contains(got, `"unknown":["events[1]","events[3]"]`) {
		t.Errorf("logged %s", got)
	}
}

func TestEnableIsAsOfItsTimeOnceAndInOrder(t *testing.T) {
	all, noted := []string{"Enable", "SendNotices"}, []string{"Steer"}
	for _, c := range []struct {
		name       string
		disabledAt time.Time
		enabledAt  time.Time
		steeredAt  time.Time
		at         time.Time // in the message, which was sent at noon
		want       []string
		wantAt     time.Time
	}{
		{"without a time, as of when the message was sent", noon.Add(-time.Second), time.Time{}, time.Time{}, time.Time{}, all, noon},
		{"with a time", noon.Add(-time.Hour), time.Time{}, time.Time{}, noon.Add(-time.Minute), all, noon.Add(-time.Minute)},
		{"with a time in the future, as of when the message was sent", noon.Add(-time.Hour), time.Time{}, time.Time{}, noon.Add(time.Minute), all, noon},
		{"after an earlier enabling", noon.Add(-time.Hour), noon.Add(-2 * time.Hour), noon.Add(-2 * time.Hour), noon, all, noon},
		{"after an earlier enabling of a version before", noon.Add(-time.Hour), noon.Add(-2 * time.Hour), time.Time{}, noon, all, noon},
		{"disabled later", noon, time.Time{}, time.Time{}, noon.Add(-time.Minute), noted, noon.Add(-time.Minute)},
		{"disabled at the same time", noon, time.Time{}, time.Time{}, noon, noted, noon},
		{"not disabled", time.Time{}, time.Time{}, time.Time{}, noon, noted, noon},
		{"not disabled, enabled at another time", time.Time{}, noon.Add(-time.Minute), noon.Add(-time.Minute), noon, noted, noon},
		{"not disabled, enabled by this message before", time.Time{}, noon, noon, noon, []string{"SendNotices"}, time.Time{}},
		{"not disabled, enabled by this message before, and steered since", time.Time{}, noon.Add(-time.Minute), noon, noon.Add(-time.Minute),
			[]string{"SendNotices"}, time.Time{}},
		{"enabled by this message before, disabled since", noon.Add(time.Minute), noon, noon, noon, nil, time.Time{}},
		{"older than what was steered last", noon.Add(-time.Hour), time.Time{}, noon, noon.Add(-time.Minute), nil, time.Time{}},
		{"older than the last enabling of a version before", noon.Add(-time.Hour), noon, time.Time{}, noon.Add(-time.Minute), nil, time.Time{}},
		{"without effect by this message before", noon.Add(-time.Second), time.Time{}, noon, noon, nil, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTables()
			s.app.DisabledAt, s.app.EnabledAt, s.app.SteeredAt = c.disabledAt, c.enabledAt, c.steeredAt
			actor := platform.Actor{Raw: []byte(`{"id":7}`)}
			if err := s.job().Handle(t.Context(), platform.AppEnable{AppID: "17", At: c.at, Actor: actor}, registry.Stamp{SentAt: noon}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.done, c.want) || !s.at.Equal(c.wantAt) {
				t.Errorf("did %v as of %s, want %v as of %s", s.done, s.at, c.want, c.wantAt)
			}
			if slices.Contains(s.done, "Enable") && string(s.actor.Raw) != `{"id":7}` {
				t.Errorf("actor %s", s.actor.Raw)
			}
		})
	}
}

func TestEnableTellsAllOwnersButTheOneWhoDidItAndWhoThatWas(t *testing.T) {
	enable := func(s *tables, by string) {
		t.Helper()
		s.app.DisabledAt = noon.Add(-time.Hour)
		if err := s.job().Handle(t.Context(), platform.AppEnable{AppID: "17", Actor: platform.Actor{Email: by, Raw: []byte(`{"name":"Ada"}`)}}, registry.Stamp{SentAt: noon}); err != nil {
			t.Fatal(err)
		}
	}
	s := newTables()
	enable(s, "ADA@acme.example")
	if len(s.notices) != 1 {
		t.Fatalf("%d notices, want one", len(s.notices))
	}
	want := platform.Notice{ID: s.notices[0].ID, Kind: platform.AppEnabled, To: bob,
		Organization: platform.NoticeOrganization{ID: "42", Slug: "acme", Name: "Acme"},
		App:          platform.NoticeApp{ID: "17", Slug: "bot", Name: "Bot", WebhookURL: "https://bot.example/"},
		EnabledAt:    "2026-11-24T12:00:00.000Z", Actor: &platform.Owner{Name: "Ada"}}
	if diff := cmp.Diff(want, s.notices[0]); diff != "" {
		t.Errorf("notice (-want +got):\n%s", diff)
	}
	if !slices.Equal(s.counted, []string{"notice.queued"}) {
		t.Errorf("counted %v", s.counted)
	}

	for name, prepare := range map[string]func(*tables){
		"its only owner did it":       func(s *tables) { s.org.Owners = s.org.Owners[:1] },
		"its organization is unknown": func(s *tables) { s.org = platform.Organization{} },
		"it was deleted":              func(s *tables) { s.app.Deleted = true },
	} {
		s := newTables()
		prepare(s)
		enable(s, ada.Email)
		if !slices.Equal(s.done, []string{"Enable"}) {
			t.Errorf("%s: %v", name, s.done)
		}
	}
}

func TestEnableOfAnAppThatIsNotKnownYetIsToComeAgain(t *testing.T) {
	s := newTables()
	s.missing = true
	if err := s.job().Handle(t.Context(), platform.AppEnable{AppID: "18"}, registry.Stamp{SentAt: noon}); !errors.Is(err, registry.ErrUnknownApp) || len(s.done) > 0 {
		t.Errorf("got %v, did %v", err, s.done)
	}
}
