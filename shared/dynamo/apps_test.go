package dynamo_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// registryTables is Apps and Secrets over one engine. It answers consistent
// batch reads only, and leaves the keys that withheld names unprocessed.
type registryTables struct {
	*engine
	reads    int
	withheld func(table, id string) bool
}

func newRegistryTables() *registryTables {
	r := &registryTables{engine: newEngine(), withheld: func(string, string) bool { return false }}
	r.tables["secrets"] = make(map[string]attributes)
	return r
}

func (r *registryTables) apps() dynamo.Apps {
	return dynamo.Apps{API: r, Table: "apps", Secrets: "secrets"}
}

func (r *registryTables) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	r.reads++
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	keys := 0
	for table, asked := range in.RequestItems {
		if !aws.ToBool(asked.ConsistentRead) {
			return nil, errors.New("the read of " + table + " is not consistent")
		}
		for _, key := range asked.Keys {
			keys++
			id := keyText(table, key)
			if r.withheld(table, id) {
				left := out.UnprocessedKeys[table]
				left.Keys, left.ConsistentRead = append(left.Keys, key), asked.ConsistentRead
				out.UnprocessedKeys[table] = left
				continue
			}
			if i, ok := r.tables[table][id]; ok {
				out.Responses[table] = append(out.Responses[table], i)
			}
		}
	}
	if keys == 0 || keys > 100 {
		return nil, errors.New("DynamoDB takes 1 to 100 keys")
	}
	return out, nil
}

func app(id string, version int64, change func(*platform.App)) platform.App {
	a := platform.App{ID: id, Version: version, UUID: "u", Slug: "bot", Name: "Bot", Status: platform.Internal, OrganizationID: "42",
		WebhookURL: "https://bot.example/hook", Events: []string{"issue"}}
	if change != nil {
		change(&a)
	}
	return a
}

func (r *registryTables) read(t *testing.T, id string) delivery.Registered {
	t.Helper()
	known, unread, err := r.apps().ReadApps(t.Context(), []string{id})
	if err != nil || len(unread) > 0 {
		t.Fatalf("unread %v, %v", unread, err)
	}
	return known[id]
}

func TestAppsChangeWithANewerVersionOnly(t *testing.T) {
	r := newRegistryTables()
	put := func(version int64, url, secret string) error {
		return r.apps().PutApp(t.Context(), app("17", version, func(a *platform.App) { a.WebhookURL = url }), []platform.Secret{platform.Secret(secret)})
	}
	expect := func(what string, err, want error, version int64, url, secret string) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", what, err, want)
		}
		got := r.read(t, "17")
		if got.App.Version != version || got.App.WebhookURL != url || got.SecretsVersion != version || !slices.Equal(got.Secrets, []platform.Secret{platform.Secret(secret)}) {
			t.Errorf("%s: version %d, URL %s, secrets of version %d", what, got.App.Version, got.App.WebhookURL, got.SecretsVersion)
		}
	}
	expect("a first version", put(5, "https://five.example", "five"), nil, 5, "https://five.example", "five")
	expect("an equal one with other content", put(5, "https://other.example", "other"), registry.ErrConflict, 5, "https://five.example", "five")
	expect("an older one", put(4, "https://four.example", "four"), registry.ErrStale, 5, "https://five.example", "five")
	expect("a newer one", put(6, "https://six.example", "six"), nil, 6, "https://six.example", "six")
	expect("a deletion of an equal one", r.apps().DeleteApp(t.Context(), "17", 6, time.Now()), registry.ErrConflict, 6, "https://six.example", "six")
	if r.read(t, "17").App.Deleted {
		t.Error("a deletion that is not newer deleted the app")
	}
}

func TestAppsStayDeletedUntilANewerVersionRevivesThem(t *testing.T) {
	r := newRegistryTables()
	put := func(version int64) error {
		return r.apps().PutApp(t.Context(), app("17", version, nil), []platform.Secret{"s"})
	}
	if err := r.apps().DeleteApp(t.Context(), "17", 3, time.Now()); err != nil {
		t.Fatal("a deletion of an app that was never seen: ", err)
	}
	for version := range int64(4) {
		want := registry.ErrStale
		if version == 3 {
			want = registry.ErrConflict
		}
		if err := put(version); !errors.Is(err, want) {
			t.Errorf("version %d after the deletion of version 3: %v", version, err)
		}
	}
	if got := r.read(t, "17"); !got.App.Deleted || len(got.Secrets) > 0 {
		t.Errorf("late versions revived it: %+v", got.App)
	}
	if err := put(4); err != nil {
		t.Fatal(err)
	}
	got := r.read(t, "17")
	if got.App.Deleted || got.App.Version != 4 || !slices.Equal(got.Secrets, []platform.Secret{"s"}) || got.SecretsVersion != 4 {
		t.Errorf("a newer version did not revive it: %+v, %d secrets of version %d", got.App, len(got.Secrets), got.SecretsVersion)
	}
}

func TestAppsAreAllThatTheirVersionSaysButDisabled(t *testing.T) {
	r := newRegistryTables()
	must(t, r.apps().PutApp(t.Context(), app("17", 1, func(a *platform.App) { a.WebhookURLError = "bad" }), []platform.Secret{"new", "old"}))
	disabledAt := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	r.tables["apps"]["17"]["disabled_at"] = text(platform.FormatTime(disabledAt))
	r.tables["apps"]["17"]["enabled_at"] = text(platform.FormatTime(disabledAt.Add(-time.Hour)))
	bare := app("17", 2, func(a *platform.App) { a.WebhookURL, a.Events = "", nil })
	must(t, r.apps().PutApp(t.Context(), bare, []platform.Secret{"newest", "new"}))
	want := bare
	want.DisabledAt, want.EnabledAt = disabledAt, disabledAt.Add(-time.Hour)
	want.Generation = 2 // its URL changed
	got := r.read(t, "17")
	if diff := cmp.Diff(want, got.App); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !slices.Equal(got.Secrets, []platform.Secret{"newest", "new"}) {
		t.Error("the secrets are not the newest first")
	}
}

func TestAppsThatDynamoDBLeavesUnprocessedAreUnread(t *testing.T) {
	for name, c := range map[string]struct {
		withheld func(reads int, table, id string) bool
		unread   []string
		known    []string
	}{
		"nothing":                    {func(int, string, string) bool { return false }, nil, []string{"17", "18"}},
		"an app, for good":           {func(_ int, table, id string) bool { return table == "apps" && id == "17" }, []string{"17"}, []string{"18"}},
		"its secrets, for good":      {func(_ int, table, id string) bool { return table == "secrets" && id == "17" }, []string{"17"}, []string{"18"}},
		"an unknown app, for good":   {func(_ int, table, id string) bool { return table == "apps" && id == "19" }, []string{"19"}, []string{"17", "18"}},
		"everything, at first":       {func(reads int, _, _ string) bool { return reads < 4 }, nil, []string{"17", "18"}},
		"everything, for good":       {func(int, string, string) bool { return true }, []string{"17", "18", "19"}, nil},
		"all secrets, at first only": {func(reads int, table, _ string) bool { return table == "secrets" && reads < 3 }, nil, []string{"17", "18"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRegistryTables()
				for _, id := range []string{"17", "18"} {
					must(t, r.apps().PutApp(t.Context(), app(id, 1, nil), []platform.Secret{platform.Secret("of " + id)}))
				}
				r.withheld = func(table, id string) bool { return c.withheld(r.reads, table, id) }
				known, unread, err := r.apps().ReadApps(t.Context(), []string{"17", "18", "19"})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.unread, unread); diff != "" {
					t.Errorf("unread (-want +got)\n%s", diff)
				}
				for _, id := range c.known {
					if got := known[id]; got.App.ID != id || !slices.Equal(got.Secrets, []platform.Secret{platform.Secret("of " + id)}) {
						t.Errorf("app %s is %+v with %d secrets", id, got.App, len(got.Secrets))
					}
				}
				if len(known) != len(c.known) {
					t.Errorf("%d known, want %v", len(known), c.known)
				}
			})
		})
	}
}

func TestAppsAreReadAHundredKeysAtOnce(t *testing.T) {
	r := newRegistryTables()
	var ids []string
	for i := range 120 {
		id := string(rune('a'+i%26)) + string(rune('a'+i/26))
		ids = append(ids, id)
		must(t, r.apps().PutApp(t.Context(), app(id, 1, nil), []platform.Secret{"s"}))
	}
	known, unread, err := r.apps().ReadApps(t.Context(), ids)
	if err != nil || len(unread) > 0 || len(known) != 120 || r.reads != 3 {
		t.Errorf("%d known, %d unread in %d reads, %v", len(known), len(unread), r.reads, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
