package dynamo_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

func TestConflictIsAnEqualVersionWithOtherContent(t *testing.T) {
	app := platform.App{ID: "17", Version: 5, UUID: "u", Slug: "bot", Name: "Bot", Status: platform.Internal, OrganizationID: "42",
		WebhookURL: "https://bot.example/", WebhookURLError: "as it was said", Events: []string{"issue", "error"}}
	secrets := []platform.Secret{"new", "old"}
	for name, c := range map[string]struct {
		change  func(*platform.App)
		secrets []platform.Secret
		want    error
	}{
		"the same":                       {func(*platform.App) {}, secrets, registry.ErrStale},
		"the same, other words about it": {func(a *platform.App) { a.WebhookURLError = "as it is said now" }, secrets, registry.ErrStale},
		"older, with other content":      {func(a *platform.App) { a.Version, a.Name = 4, "Other" }, secrets, registry.ErrStale},
		"older, with other secrets":      {func(a *platform.App) { a.Version = 4 }, secrets[:1], registry.ErrStale},
		"another name":                   {func(a *platform.App) { a.Name = "Other" }, secrets, registry.ErrConflict},
		"another status":                 {func(a *platform.App) { a.Status = platform.Published }, secrets, registry.ErrConflict},
		"no URL":                         {func(a *platform.App) { a.WebhookURL = "" }, secrets, registry.ErrConflict},
		"other events":                   {func(a *platform.App) { a.Events = []string{"error", "issue"} }, secrets, registry.ErrConflict},
		"fewer events":                   {func(a *platform.App) { a.Events = a.Events[:1] }, secrets, registry.ErrConflict},
		"no events":                      {func(a *platform.App) { a.Events = nil }, secrets, registry.ErrConflict},
		"other secrets":                  {func(*platform.App) {}, []platform.Secret{"new", "other"}, registry.ErrConflict},
		"fewer secrets":                  {func(*platform.App) {}, secrets[:1], registry.ErrConflict},
		"secrets the other way round":    {func(*platform.App) {}, []platform.Secret{"old", "new"}, registry.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine()
			apps := dynamo.Apps{API: e, Table: "apps", Secrets: "secrets"}
			if err := apps.PutApp(t.Context(), app, secrets); err != nil {
				t.Fatal(err)
			}
			apps17, secrets17 := maps.Clone(e.tables["apps"]["17"]), maps.Clone(e.tables["secrets"]["17"])
			again := app
			c.change(&again)
			if err := apps.PutApp(t.Context(), again, c.secrets); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if diff := cmp.Diff(apps17, e.tables["apps"]["17"], allItems) + cmp.Diff(secrets17, e.tables["secrets"]["17"], allItems); diff != "" {
				t.Errorf("it changed (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("what hookwarden decided since is no content", func(t *testing.T) {
		e := newEngine()
		apps := dynamo.Apps{API: e, Table: "apps", Secrets: "secrets"}
		if err := apps.PutApp(t.Context(), app, secrets); err != nil {
			t.Fatal(err)
		}
		if err := e.standing().Apply(t.Context(), e.disabling(t, "17")); err != nil {
			t.Fatal(err)
		}
		if err := apps.PutApp(t.Context(), app, secrets); !errors.Is(err, registry.ErrStale) {
			t.Error(err)
		}
	})
}

func TestConflictIsAPutAndADeletionOfOneVersion(t *testing.T) {
	put := platform.App{ID: "17", Version: 5, Status: platform.Internal, OrganizationID: "42"}
	secrets := []platform.Secret{"new"}
	e := newEngine()
	apps := dynamo.Apps{API: e, Table: "apps", Secrets: "secrets"}
	if err := apps.PutApp(t.Context(), put, secrets); err != nil {
		t.Fatal(err)
	}
	if err := apps.DeleteApp(t.Context(), "17", 5, noon); !errors.Is(err, registry.ErrConflict) {
		t.Errorf("a deletion after a put: %v", err)
	}
	if err := apps.DeleteApp(t.Context(), "17", 6, noon); err != nil {
		t.Fatal(err)
	}
	if err := apps.DeleteApp(t.Context(), "17", 6, noon); !errors.Is(err, registry.ErrStale) {
		t.Errorf("the same deletion: %v", err)
	}
	put.Version = 6
	if err := apps.PutApp(t.Context(), put, secrets); !errors.Is(err, registry.ErrConflict) {
		t.Errorf("a put after a deletion: %v", err)
	}
	if err := apps.DeleteApp(t.Context(), "17", 5, noon); !errors.Is(err, registry.ErrStale) {
		t.Errorf("an older deletion: %v", err)
	}
}

func TestConflictIsAnOrganizationsVersionWithOtherContentToo(t *testing.T) {
	org := platform.Organization{ID: "42", Version: 5, Slug: "acme", Name: "Acme", OwnerErrors: []string{"owners[1].email is missing"},
		Owners: []platform.Owner{{Email: "ada@acme.example", Name: "Ada"}}}
	for name, c := range map[string]struct {
		change func(*platform.Organization)
		want   error
	}{
		"the same":              {func(*platform.Organization) {}, registry.ErrStale},
		"other words about it":  {func(o *platform.Organization) { o.OwnerErrors = nil }, registry.ErrStale},
		"older, another name":   {func(o *platform.Organization) { o.Version, o.Name = 4, "Other" }, registry.ErrStale},
		"another name":          {func(o *platform.Organization) { o.Name = "Other" }, registry.ErrConflict},
		"an owner's other name": {func(o *platform.Organization) { o.Owners = []platform.Owner{{Email: "ada@acme.example"}} }, registry.ErrConflict},
		"no owners":             {func(o *platform.Organization) { o.Owners = nil }, registry.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			organizations := dynamo.Organizations{API: newEngine(), Table: "organizations"}
			if err := organizations.PutOrganization(t.Context(), org); err != nil {
				t.Fatal(err)
			}
			again := org
			c.change(&again)
			if err := organizations.PutOrganization(t.Context(), again); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// If a read fails, there is no answer, and the message comes again.
func TestConflictThatCannotBeReadIsNoAnswer(t *testing.T) {
	app := platform.App{ID: "17", Version: 5, Status: platform.Internal, OrganizationID: "42"}
	down := errors.New("throttled")
	for _, call := range []string{"GetItem apps", "UpdateItem secrets"} {
		e := newEngine()
		apps := dynamo.Apps{API: e, Table: "apps", Secrets: "secrets"}
		if err := apps.PutApp(t.Context(), app, []platform.Secret{"new"}); err != nil {
			t.Fatal(err)
		}
		e.fault = func(name, _ string) (before, after error) {
			if name == call {
				return down, nil
			}
			return nil, nil
		}
		if err := apps.PutApp(t.Context(), app, []platform.Secret{"new"}); !errors.Is(err, down) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// Another change of the app may come between the two reads of it.
func TestConflictIsNotOfSecretsOfANewerVersion(t *testing.T) {
	app := platform.App{ID: "17", Version: 5, Status: platform.Internal, OrganizationID: "42"}
	e := newEngine()
	apps := dynamo.Apps{API: e, Table: "apps", Secrets: "secrets"}
	if err := apps.PutApp(t.Context(), app, []platform.Secret{"new"}); err != nil {
		t.Fatal(err)
	}
	e.fault = func(name, _ string) (before, after error) {
		if name == "UpdateItem secrets" {
			six := &types.AttributeValueMemberN{Value: "6"}
			e.tables["apps"]["17"]["version"], e.tables["secrets"]["17"]["version"] = six, six
		}
		return nil, nil
	}
	if err := apps.PutApp(t.Context(), app, []platform.Secret{"new"}); !errors.Is(err, registry.ErrStale) {
		t.Error(err)
	}
}
