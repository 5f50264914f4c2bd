package platform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/tally"
)

const (
	integrationPut = `{"type":"app.put","version":12,"app":{"id":"integration:77","uuid":"u","slug":"github","name":"GitHub","status":"published",` +
		`"organization_id":"42","kind":"integration","breaker":"fatal","settings_url":"https://platform.example/acme/github",` +
		`"dashboard_url":"https://platform.example/acme/github/calls?days=7"}}`
)

func TestKindAndBreakerOfAnAppPutAreDecoded(t *testing.T) {
	got, err := DecodeRegistry([]byte(integrationPut))
	want := AppPut{App: App{ID: "integration:77", Version: 12, UUID: "u", Slug: "github", Name: "GitHub", Status: Published, OrganizationID: "42",
		Kind: Integration, Breaker: BreakFatal, SettingsURL: "https://platform.example/acme/github",
		DashboardURL: "https://platform.example/acme/github/calls?days=7"}}
	if diff := cmp.Diff(RegistryMessage(want), got); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	for raw, want := range map[string]Kind{`"sentry-app"`: SentryApp, "null": SentryApp, "": SentryApp, `"integration"`: Integration, `"plugin"`: Plugin} {
		put, err := DecodeRegistry([]byte(change(t, appPut, "app.kind", raw)))
		if err != nil || put.(AppPut).App.Kind != want {
			t.Errorf("kind %s: %+v, %v", raw, put, err)
		}
	}
	for raw, want := range map[string]Breaker{`"all"`: BreakAll, "null": BreakAll, "": BreakAll, `"fatal"`: BreakFatal, `"off"`: BreakOff} {
		put, err := DecodeRegistry([]byte(change(t, appPut, "app.breaker", raw)))
		if err != nil || put.(AppPut).App.Breaker != want {
			t.Errorf("breaker %s: %+v, %v", raw, put, err)
		}
	}
}

func TestKindDecidesWhetherAnAppPutNeedsSecrets(t *testing.T) {
	const url, events, secrets = `"https://hooks.example"`, `["issue"]`, `["newest"]`
	for _, c := range []struct{ kind, url, secrets, wrong string }{
		{`"sentry-app"`, url, secrets, ""},
		{`"sentry-app"`, "", secrets, ""},
		{`"sentry-app"`, url, "", "app.secrets"},
		{"", "", "null", "app.secrets"},
		{`"integration"`, "", "", ""},
		{`"plugin"`, "null", "null", ""},
		{`"plugin"`, "", secrets, ""},
		{`"integration"`, url, secrets, ""},
		{`"integration"`, url, "", "app.secrets"}, // nothing could ever be sent to it, since nothing is sent unsigned
		{`"integration"`, "", `[]`, "app.secrets"},
		{`"integration"`, "", `["[redacted]"]`, "app.secrets[0]"},
	} {
		message := change(t, integrationPut, "app.kind", c.kind)
		for path, raw := range map[string]string{"app.webhook_url": c.url, "app.secrets": c.secrets, "app.events": events} {
			message = change(t, message, path, raw)
		}
		_, err := DecodeRegistry([]byte(message))
		switch {
		case c.wrong == "" && err != nil:
			t.Errorf("%+v: %v", c, err)
		case c.wrong != "" && (err == nil || !strings.HasPrefix(err.Error(), c.wrong+" ")):
			t.Errorf("%+v: error %v", c, err)
		}
	}
}

func TestKindBreakerAndLinksThatAreWrongAreNamed(t *testing.T) {
	notLink := []string{aNumber, aList, anObject, `""`, `"/settings"`, `"http://platform.example/x"`, `"javascript:hunter2"`, `"https://"`, `"https:///x"`,
		`"https://u:hunter2@platform.example"`, `"https://platform.example/hunter2 x"`, `"https://platform.example/\r\nX-Injected: 1"`,
		`"https://platform.example/\u202ehunter2"`, `"https://platform.example/\uffff"`, `" https://platform.example"`, `"https://platform.example/hunter2<b>"`,
		`"https://` + strings.Repeat("h", 2041) + `"`}
	mustBeInvalid(t, DecodeRegistry, integrationPut, []bad{
		{path: "app.kind", raws: []string{aNumber, aList, anObject, `""`, `"hunter2"`, `"Integration"`, `"sentry_app"`}},
		{path: "app.breaker", raws: []string{aNumber, aList, anObject, "true", `""`, `"hunter2"`, `"Fatal"`}},
		{path: "app.settings_url", raws: notLink},
		{path: "app.dashboard_url", raws: notLink},
	})
	for _, path := range []string{"app.settings_url", "app.dashboard_url"} {
		for _, raw := range []string{"", "null", `"https://platform.example"`, `"HTTPS://plattform.example:8443/ä/%20?a=b&c=d#e"`, `"https://` + strings.Repeat("h", 2040) + `"`} {
			if _, err := DecodeRegistry([]byte(change(t, integrationPut, path, raw))); err != nil {
				t.Errorf("%s %s: %v", path, raw, err)
			}
		}
	}
}

func TestKindSaysItsWord(t *testing.T) {
	for kind, want := range map[Kind]string{SentryApp: "sentry-app", Integration: "integration", Plugin: "plugin"} {
		if got := kind.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What may disable an app: its status matters only for a sentry-app, its breaker
// for every kind.
func TestBreakerKindAndStatusSayWhatBreaksAnApp(t *testing.T) {
	internal := []Status{Internal}
	for _, c := range []struct {
		kind         Kind
		status       Status
		breaker      Breaker
		guarded      []Status
		error, fatal bool
	}{
		{SentryApp, Internal, BreakAll, internal, true, true},
		{SentryApp, Internal, BreakFatal, internal, false, true},
		{SentryApp, Internal, BreakOff, internal, false, false},
		{SentryApp, Published, BreakAll, internal, false, false},
		{SentryApp, Published, BreakFatal, internal, false, false},
		{SentryApp, Published, BreakAll, []Status{Internal, Published}, true, true},
		{SentryApp, Internal, BreakAll, []Status{Published}, false, false},
		{Integration, Published, BreakAll, internal, true, true},
		{Integration, Published, BreakFatal, internal, false, true},
		{Integration, Internal, BreakOff, internal, false, false},
		{Plugin, Unpublished, BreakAll, nil, true, true},
		{Plugin, Unpublished, BreakFatal, nil, false, true},
		{Plugin, Unpublished, BreakOff, internal, false, false},
		{"of a later version", Internal, BreakAll, nil, false, false},
	} {
		app := App{Kind: c.kind, Status: c.status, Breaker: c.breaker}
		if got := app.Guarded(c.guarded); got != (c.error || c.fatal) {
			t.Errorf("%+v: guarded %t", c, got)
		}
		for reason, want := range map[tally.Reason]bool{tally.Fatal: c.fatal, tally.Error: c.error, tally.Gone: c.error, tally.Timeout: c.error, tally.Dead: c.error} {
			if got := app.Guarded(c.guarded) && app.Breaker.BreaksFor(reason); got != want {
				t.Errorf("%+v: broken by %s: %t", c, reason, got)
			}
		}
	}
}
