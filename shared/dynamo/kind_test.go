package dynamo_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
)

// ofProvider is an app that the platform itself calls, as it is registered.
func ofProvider(version int64, change func(*platform.App)) platform.App {
	a := platform.App{ID: "17", Version: version, UUID: "u", Slug: "github", Name: "GitHub", Status: platform.Published, OrganizationID: "42",
		Kind: platform.Integration, Breaker: platform.BreakFatal, SettingsURL: "https://platform.example/acme/github",
		DashboardURL: "https://platform.example/acme/github/calls"}
	if change != nil {
		change(&a)
	}
	return a
}

func TestAppsKeepKindBreakerAndLinks(t *testing.T) {
	r := newRegistryTables()
	must(t, r.apps().PutApp(t.Context(), ofProvider(1, nil), nil))
	want := ofProvider(1, func(a *platform.App) { a.Generation = 1 })
	got := r.read(t, "17")
	if diff := cmp.Diff(want, got.App); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(got.Secrets) > 0 || got.SecretsVersion != 1 {
		t.Errorf("%d secrets of version %d", len(got.Secrets), got.SecretsVersion)
	}
	if diff := cmp.Diff(attributes{"app_id": text("17"), "version": r.tables["apps"]["17"]["version"]}, r.tables["secrets"]["17"], allItems); diff != "" {
		t.Errorf("Secrets (-want +got)\n%s", diff)
	}

	must(t, r.apps().PutApp(t.Context(), app("17", 2, nil), []platform.Secret{"s"}))
	for _, name := range []string{"kind", "breaker", "settings_url", "dashboard_url"} {
		if v, ok := r.tables["apps"]["17"][name]; ok {
			t.Errorf("the default of %s is written: %v", name, v)
		}
	}
	must(t, r.apps().PutApp(t.Context(), ofProvider(3, nil), nil))
	if got := r.read(t, "17"); len(got.Secrets) > 0 || r.tables["secrets"]["17"]["secrets"] != nil || got.SecretsVersion != 3 {
		t.Errorf("secrets that are not there any more: %d of version %d", len(got.Secrets), got.SecretsVersion)
	}
}

func TestAppsOfOneVersionAndAnotherKindAreAConflict(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*platform.App)
		secrets []platform.Secret
		want    error
	}{
		"the same":          {nil, nil, registry.ErrStale},
		"another kind":      {func(a *platform.App) { a.Kind = platform.Plugin }, nil, registry.ErrConflict},
		"no kind":           {func(a *platform.App) { a.Kind = platform.SentryApp }, nil, registry.ErrConflict},
		"another breaker":   {func(a *platform.App) { a.Breaker = platform.BreakOff }, nil, registry.ErrConflict},
		"no breaker":        {func(a *platform.App) { a.Breaker = platform.BreakAll }, nil, registry.ErrConflict},
		"other settings":    {func(a *platform.App) { a.SettingsURL += "/" }, nil, registry.ErrConflict},
		"no settings":       {func(a *platform.App) { a.SettingsURL = "" }, nil, registry.ErrConflict},
		"no dashboard":      {func(a *platform.App) { a.DashboardURL = "" }, nil, registry.ErrConflict},
		"a secret":          {nil, []platform.Secret{"s"}, registry.ErrConflict},
		"older, and a kind": {func(a *platform.App) { a.Version, a.Kind = 4, platform.Plugin }, nil, registry.ErrStale},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistryTables()
			must(t, r.apps().PutApp(t.Context(), ofProvider(5, nil), nil))
			if err := r.apps().PutApp(t.Context(), ofProvider(5, c.change), c.secrets); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if diff := cmp.Diff(ofProvider(5, func(a *platform.App) { a.Generation = 1 }), r.read(t, "17").App); diff != "" {
				t.Errorf("it changed (-want +got)\n%s", diff)
			}
		})
	}
}

// A change of kind starts a generation, since other calls were counted before.
// A change of breaker does not: the new breaker applies to what was already
// counted.
func TestAppsOfAnotherKindBeginAGenerationAndStayDisabled(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*platform.App)
		want   int64
	}{
		"another kind":    {func(a *platform.App) { a.Kind = platform.Plugin }, 2},
		"no kind":         {func(a *platform.App) { a.Kind = platform.SentryApp }, 2},
		"another breaker": {func(a *platform.App) { a.Breaker = platform.BreakOff }, 1},
		"another link":    {func(a *platform.App) { a.SettingsURL, a.DashboardURL = "", "" }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistryTables()
			must(t, r.apps().PutApp(t.Context(), ofProvider(1, nil), nil))
			r.tables["apps"]["17"]["disabled_at"] = text("2026-11-24T10:00:00.000Z")
			want := ofProvider(2, c.change)
			want.RenewedAt = time.Date(2026, 11, 24, 11, 0, 0, 0, time.UTC)
			must(t, r.apps().PutApp(t.Context(), want, nil))
			got := r.read(t, "17").App
			if renewed := got.RenewedAt.Equal(want.RenewedAt); renewed != (c.want > 1) || !renewed && !got.RenewedAt.IsZero() {
				t.Errorf("renewed at %s", got.RenewedAt)
			}
			if got.Generation != c.want || !got.Disabled() || got.Kind != want.Kind || got.Breaker != want.Breaker {
				t.Errorf("%+v, want generation %d, and disabled", got, c.want)
			}
		})
	}
}

func TestDisableRefusesAnotherKindOrBreakerThanWasRead(t *testing.T) {
	set := func(name, value string) func(attributes) { return func(a attributes) { a[name] = text(value) } }
	unset := func(name string) func(attributes) { return func(a attributes) { delete(a, name) } }
	nothing := func(attributes) {}
	for _, c := range []struct {
		name         string
		read, change func(attributes) // before it is read, and after
		want         error
	}{
		{"nothing changed of an integration", set("kind", "integration"), nothing, nil},
		{"nothing changed of a breaker", set("breaker", "fatal"), nothing, nil},
		{"an integration since", nothing, set("kind", "integration"), standing.ErrChanged},
		{"a plugin since", set("kind", "integration"), set("kind", "plugin"), standing.ErrChanged},
		{"a sentry-app since", set("kind", "integration"), unset("kind"), standing.ErrChanged},
		{"off since", nothing, set("breaker", "off"), standing.ErrChanged},
		{"off since, and fatal before", set("breaker", "fatal"), set("breaker", "off"), standing.ErrChanged},
		{"all since", set("breaker", "fatal"), unset("breaker"), standing.ErrChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []standing.Kind{standing.Disabled, standing.WouldDisable} {
				e := newEngine()
				e.put("17", "42")
				c.read(e.tables["apps"]["17"])
				d := e.disabling(t, "17")
				c.change(e.tables["apps"]["17"])
				d.Kind = step
				if err := e.standing().Apply(t.Context(), d); !errors.Is(err, c.want) {
					t.Errorf("%s: got %v, want %v", step, err, c.want)
				}
				if written := len(e.tables["audit"]) > 0; written != (c.want == nil) {
					t.Errorf("%s: audit: %v", step, e.tables["audit"])
				}
			}
		})
	}
}

func TestAuditEventsAreNamedAfterTheKindAndTheStatus(t *testing.T) {
	for _, c := range []struct {
		kind         platform.Kind
		status, want string
	}{
		{platform.SentryApp, "internal", "internal-integration"},
		{platform.SentryApp, "published", "app"},
		{platform.SentryApp, "unpublished", "app"},
		{platform.Integration, "internal", "integration"},
		{platform.Integration, "published", "integration"},
		{platform.Plugin, "unpublished", "integration"},
	} {
		e := newEngine()
		e.put("17", "42")
		e.tables["apps"]["17"]["status"] = text(c.status)
		if c.kind != platform.SentryApp {
			e.tables["apps"]["17"]["kind"] = text(string(c.kind))
		}
		d := e.disabling(t, "17")
		for _, d.Kind = range []standing.Kind{standing.WouldDisable, standing.Disabled} {
			must(t, e.standing().Apply(t.Context(), d))
		}
		disabled, _, err := e.apps().ReadApp(t.Context(), "17")
		must(t, err)
		must(t, e.standing().Apply(t.Context(), enabling(disabled, noon, platform.Actor{})))
		var got []string
		for _, entry := range e.tables["audit"] {
			if entry["event"] == nil {
				continue // the brake
			}
			event := textOf(entry["event"])
			got = append(got, event)
			if !strings.Contains(textOf(entry["sk"]), "#"+event+"#17") {
				t.Errorf("%s stands at %s", event, textOf(entry["sk"]))
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{c.want + ".disable", c.want + ".enable", c.want + ".would-disable"}, got); diff != "" {
			t.Errorf("%s %s (-want +got)\n%s", c.kind, c.status, diff)
		}
	}
}
