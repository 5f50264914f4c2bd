package dynamo_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

var deletion = time.Date(2026, 11, 24, 12, 0, 0, 250e6, time.UTC)

const expiry = 1795525200 // an hour after the deletion

func appsOf(e *engine) dynamo.Apps { return dynamo.Apps{API: e, Table: "apps", Secrets: "secrets"} }

func putBot(t *testing.T, e *engine, version int64) {
	t.Helper()
	bot := platform.App{ID: "17", Version: version, UUID: "u", Slug: "bot", Name: "Bot", Status: platform.Internal, OrganizationID: "42",
		WebhookURL: "https://bot.example/hook", WebhookURLError: "odd", Events: []string{"issue"}}
	if err := appsOf(e).PutApp(t.Context(), bot, []platform.Secret{"newest", "previous"}); err != nil {
		t.Fatal(err)
	}
}

func deleteBot(t *testing.T, e *engine, version int64, at time.Time) {
	t.Helper()
	if err := appsOf(e).DeleteApp(t.Context(), "17", version, at); err != nil {
		t.Fatal(err)
	}
}

// readBot is what deliver knows about the app.
func readBot(t *testing.T, e *engine) delivery.Registered {
	t.Helper()
	known, unread, err := appsOf(e).ReadApps(t.Context(), []string{"17"})
	if err != nil || len(unread) > 0 {
		t.Fatal(unread, err)
	}
	return known["17"]
}

// inClear compares the values of secrets, which all print alike.
func inClear() cmp.Option {
	return cmp.Transformer("inClear", func(s platform.Secret) string { return string(s) })
}

func TestDeletionKeepsURLAndSecretsOnlyWhereTheyExpire(t *testing.T) {
	e := newEngine()
	putBot(t, e, 12)
	before := readBot(t, e)
	deleteBot(t, e, 13, deletion)

	want := before
	want.App.Version, want.SecretsVersion = 13, 13
	want.App.Deleted, want.App.DeletedAt, want.App.WebhookURLError = true, deletion, ""
	want.SecretsExpire = time.Unix(expiry, 0)
	got := readBot(t, e)
	if diff := cmp.Diff(want, got, inClear()); diff != "" {
		t.Errorf("what deliver knows (-want +got):\n%s", diff)
	}
	tombstone := e.tables["apps"]["17"]
	if tombstone["webhook_url"] != nil || textOf(tombstone["deleted_at"]) != "2026-11-24T12:00:00.250Z" {
		t.Errorf("the tombstone is %v", tombstone)
	}
	if got := textOf(e.tables["secrets"]["17"]["expires_at"]); got != "1795525200" {
		t.Errorf("expires_at is %s", got)
	}

	delete(e.tables["secrets"], "17") // TTL
	if got := readBot(t, e); got.App.WebhookURL != "" || len(got.Secrets) > 0 || !got.App.Deleted {
		t.Errorf("after TTL: %+v", got)
	}
}

func TestDeletionThatAPutFollowsLeavesItsSecretsForGood(t *testing.T) {
	for name, between := range map[string]func(*engine){
		"before TTL": func(*engine) {},
		"after TTL":  func(e *engine) { delete(e.tables["secrets"], "17") },
	} {
		t.Run(name, func(t *testing.T) {
			e, never := newEngine(), newEngine()
			putBot(t, e, 12)
			deleteBot(t, e, 13, deletion)
			between(e)
			putBot(t, e, 14)
			putBot(t, never, 14)
			if generation := readBot(t, e).App.Generation; generation != 2 {
				t.Errorf("it came back in generation %d: what it failed at before must not count", generation)
			}
			delete(e.tables["apps"]["17"], "generation")
			delete(e.tables["apps"]["17"], "renewed_at")
			delete(never.tables["apps"]["17"], "generation")
			for _, table := range []string{"apps", "secrets"} {
				if diff := cmp.Diff(never.tables[table]["17"], e.tables[table]["17"], allItems); diff != "" {
					t.Errorf("%s, as if it had never been deleted (-want +got):\n%s", table, diff)
				}
			}
		})
	}
}

func TestDeletionThatComesTwiceKeepsItsFirstHour(t *testing.T) {
	e := newEngine()
	putBot(t, e, 12)
	deleteBot(t, e, 13, deletion)
	want := readBot(t, e)
	want.App.Version, want.SecretsVersion = 14, 14
	deleteBot(t, e, 14, deletion.Add(time.Minute))
	if diff := cmp.Diff(want, readBot(t, e), inClear()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, version := range []int64{14, 13} { // the deletion came twice, or late
		if err := appsOf(e).DeleteApp(t.Context(), "17", version, deletion.Add(time.Hour)); !errors.Is(err, registry.ErrStale) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	if diff := cmp.Diff(want, readBot(t, e), inClear()); diff != "" {
		t.Errorf("after old ones (-want +got):\n%s", diff)
	}
}

func TestDeletionFromBeforeStaysATombstoneWithoutATime(t *testing.T) {
	e := newEngine()
	putBot(t, e, 12)
	deleteBot(t, e, 13, deletion)
	delete(e.tables["apps"]["17"], "deleted_at")
	e.tables["apps"]["17"]["webhook_url"] = text("https://bot.example/hook")
	e.tables["secrets"]["17"] = attributes{"app_id": text("17"), "version": e.tables["apps"]["17"]["version"]}
	deleteBot(t, e, 14, deletion.Add(time.Minute))
	got := readBot(t, e)
	if !got.App.Deleted || !got.App.DeletedAt.IsZero() || got.App.WebhookURL != "" || len(got.Secrets) > 0 ||
		!got.SecretsExpire.Equal(time.Unix(expiry+60, 0)) {
		t.Errorf("%+v", got)
	}
}

func TestDeletionOfAnAppThatWasNeverSeenLeavesATombstone(t *testing.T) {
	e := newEngine()
	deleteBot(t, e, 13, deletion)
	got := readBot(t, e)
	if !got.App.Deleted || got.App.Version != 13 || !got.App.DeletedAt.Equal(deletion) || got.SecretsExpire.IsZero() {
		t.Errorf("%+v", got)
	}
	late := platform.App{ID: "17", Version: 12, Status: platform.Internal, OrganizationID: "42"}
	if err := appsOf(e).PutApp(t.Context(), late, []platform.Secret{"s"}); !errors.Is(err, registry.ErrStale) {
		t.Errorf("a put of before: %v", err)
	}
	if got := readBot(t, e); !got.App.Deleted || len(got.Secrets) > 0 {
		t.Errorf("after it: %+v", got)
	}
}

// Another change of the app may come between its read and its write.
func TestDeletionReadsAnAppAgainThatChangesMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		other   int64 // the version that is put in the meantime
		want    error
		deleted bool
	}{
		"to an older version": {12, nil, true},
		"to the same":         {13, registry.ErrConflict, false},
		"to a newer":          {14, registry.ErrStale, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, registered := range []bool{true, false} {
				e := newEngine()
				if registered {
					putBot(t, e, 11)
					e.tables["apps"]["17"]["webhook_url"] = text("https://old.example/")
				}
				met := false
				e.fault = func(call, _ string) (before, after error) {
					if call == "TransactWriteItems" && !met {
						met = true
						e.mu.Unlock()
						putBot(t, e, c.other)
						e.mu.Lock()
					}
					return nil, nil
				}
				if err := appsOf(e).DeleteApp(t.Context(), "17", 13, deletion); !errors.Is(err, c.want) {
					t.Errorf("got %v", err)
				}
				got := readBot(t, e)
				if got.App.Deleted != c.deleted || got.App.WebhookURL != "https://bot.example/hook" ||
					!slices.Equal(got.Secrets, []platform.Secret{"newest", "previous"}) || got.SecretsExpire.IsZero() == c.deleted {
					t.Errorf("registered before: %t, then %+v", registered, got)
				}
			}
		})
	}
	t.Run("again and again", func(t *testing.T) {
		e := newEngine()
		version := int64(0)
		e.fault = func(call, _ string) (before, after error) {
			if version++; call == "TransactWriteItems" {
				e.tables["apps"]["17"] = attributes{"id": text("17"), "version": &types.AttributeValueMemberN{Value: fmt.Sprint(version)}}
			}
			return nil, nil
		}
		if err := appsOf(e).DeleteApp(t.Context(), "17", 1000, deletion); err == nil || errors.Is(err, registry.ErrStale) {
			t.Errorf("got %v", err)
		}
	})
}

// After a call that failed or whose answer was lost, the message comes again.
func TestDeletionSurvivesAFault(t *testing.T) {
	lost := errors.New("the answer was lost")
	for name, fault := range map[string]func(string) (before, after error){
		"at its read":     func(call string) (before, after error) { return on(call, "GetItem apps", lost), nil },
		"at its write":    func(call string) (before, after error) { return on(call, "TransactWriteItems", lost), nil },
		"after its write": func(call string) (before, after error) { return nil, on(call, "TransactWriteItems", lost) },
	} {
		t.Run(name, func(t *testing.T) {
			e, well := newEngine(), newEngine()
			putBot(t, e, 12)
			putBot(t, well, 12)
			deleteBot(t, well, 13, deletion)
			e.fault = func(call, _ string) (before, after error) { return fault(call) }
			if err := appsOf(e).DeleteApp(t.Context(), "17", 13, deletion); !errors.Is(err, lost) {
				t.Errorf("got %v", err)
			}
			e.fault = nil
			if err := appsOf(e).DeleteApp(t.Context(), "17", 13, deletion); err != nil && !errors.Is(err, registry.ErrStale) {
				t.Error(err)
			}
			for _, table := range []string{"apps", "secrets"} {
				if diff := cmp.Diff(well.tables[table]["17"], e.tables[table]["17"], allItems); diff != "" {
					t.Errorf("%s (-want +got):\n%s", table, diff)
				}
			}
		})
	}
}

func on(call, name string, err error) error {
	if call == name {
		return err
	}
	return nil
}
