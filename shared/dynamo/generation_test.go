package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
)

func TestGenerationBeginsIfTheAppIsAnotherReceiverOrAnotherOrganizations(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*platform.App)
		want   int64
	}{
		"another name":           {func(a *platform.App) { a.Name, a.Slug, a.Events = "Other", "other", nil }, 1},
		"another status":         {func(a *platform.App) { a.Status = platform.Published }, 1},
		"another URL":            {func(a *platform.App) { a.WebhookURL = "https://new.example/hook" }, 2},
		"no URL any more":        {func(a *platform.App) { a.WebhookURL = "" }, 2},
		"another organization":   {func(a *platform.App) { a.OrganizationID = "43" }, 2},
		"another of both":        {func(a *platform.App) { a.WebhookURL, a.OrganizationID = "https://new.example/hook", "43" }, 2},
		"another reason it errs": {func(a *platform.App) { a.WebhookURLError = "odder" }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine()
			putBot(t, e, 12)
			if got := textOf(e.tables["apps"]["17"]["generation"]); got != "1" {
				t.Fatalf("a new app is in generation %s", got)
			}
			app := readBot(t, e).App
			app.Version = 13
			c.change(&app)
			if err := appsOf(e).PutApp(t.Context(), app, []platform.Secret{"s"}); err != nil {
				t.Fatal(err)
			}
			if got := readBot(t, e).App.Generation; got != c.want {
				t.Errorf("generation %d, want %d", got, c.want)
			}
			if err := appsOf(e).PutApp(t.Context(), app, []platform.Secret{"s"}); !errors.Is(err, registry.ErrStale) {
				t.Errorf("the same once more: %v", err)
			}
			if got := readBot(t, e).App.Generation; got != c.want {
				t.Errorf("generation %d after the same once more, want %d", got, c.want)
			}
		})
	}
}

func TestGenerationOfAnAppOfAnOlderVersionIsTheFirst(t *testing.T) {
	e := newEngine()
	putBot(t, e, 12)
	delete(e.tables["apps"]["17"], "generation")
	app := readBot(t, e).App
	if app.Generation != 1 {
		t.Errorf("read in generation %d", app.Generation)
	}
	app.Version, app.WebhookURL = 13, "https://new.example/hook"
	if err := appsOf(e).PutApp(t.Context(), app, []platform.Secret{"s"}); err != nil {
		t.Fatal(err)
	}
	if got := readBot(t, e).App.Generation; got != 2 {
		t.Errorf("generation %d after another URL, want 2", got)
	}
}

// The app may be enabled, or put again, between the read of a put and its
// write.
func TestGenerationIsCountedOnFromTheOneThatIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		between func(*testing.T, *engine)
		want    int64
	}{
		"an enabling": {func(_ *testing.T, e *engine) {
			e.tables["apps"]["17"]["generation"] = &types.AttributeValueMemberN{Value: "2"}
		}, 3},
		"another URL":    {func(t *testing.T, e *engine) { putURL(t, e, 13, "https://other.example/hook") }, 3},
		"the same URL":   {func(t *testing.T, e *engine) { putURL(t, e, 13, "https://new.example/hook") }, 2},
		"a deletion":     {func(t *testing.T, e *engine) { deleteBot(t, e, 13, deletion) }, 2},
		"nothing at all": {func(*testing.T, *engine) {}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine()
			putBot(t, e, 12)
			e.fault = func(call, _ string) (error, error) {
				if call == "TransactWriteItems" {
					e.fault = nil
					e.mu.Unlock()
					c.between(t, e)
					e.mu.Lock()
				}
				return nil, nil
			}
			putURL(t, e, 14, "https://new.example/hook")
			if got := readBot(t, e).App; got.Generation != c.want || got.WebhookURL != "https://new.example/hook" || got.Version != 14 {
				t.Errorf("generation %d of %s, version %d; want %d", got.Generation, got.WebhookURL, got.Version, c.want)
			}
		})
	}
}

func putURL(t *testing.T, e *engine, version int64, url string) {
	t.Helper()
	bot := platform.App{ID: "17", Version: version, UUID: "u", Slug: "bot", Name: "Bot", Status: platform.Internal, OrganizationID: "42", WebhookURL: url}
	if err := appsOf(e).PutApp(t.Context(), bot, []platform.Secret{"s"}); err != nil {
		t.Fatal(err)
	}
}

func TestSteerWithoutEffectKeepsWhenAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(attributes) // after it was read
		want   error
	}{
		{"as it was read", func(attributes) {}, nil},
		{"steered before", func(a attributes) { a["steered_at"] = text("2026-11-24T12:59:59.999Z") }, nil},
		{"steered later", func(a attributes) { a["steered_at"] = text("2026-11-24T13:00:00.001Z") }, standing.ErrChanged},
		{"steered at this time", func(a attributes) { a["steered_at"] = text("2026-11-24T13:00:00.000Z") }, standing.ErrChanged},
		{"enabled since", func(a attributes) { delete(a, "disabled_at") }, standing.ErrChanged},
		{"disabled again since", func(a attributes) { a["disabled_at"] = text("2026-11-24T12:30:00.000Z") }, standing.ErrChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine()
			app := e.disabled(t, "17")
			c.change(e.tables["apps"]["17"])
			was := textOf(e.tables["apps"]["17"]["steered_at"])
			at := noon.Add(time.Hour)
			if err := e.standing().Steer(t.Context(), app, at); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.want == nil {
				was = "2026-11-24T13:00:00.000Z"
			}
			if got := textOf(e.tables["apps"]["17"]["steered_at"]); got != was || len(e.tables["audit"]) > 0 {
				t.Errorf("steered at %s, want %s; audit %v", got, was, e.tables["audit"])
			}
		})
	}

	e := newEngine()
	e.put("17", "42")
	app, _, _ := e.apps().ReadApp(t.Context(), "17")
	e.tables["apps"]["17"]["disabled_at"] = text("2026-11-24T12:30:00.000Z")
	if err := e.standing().Steer(t.Context(), app, noon.Add(time.Hour)); !errors.Is(err, standing.ErrChanged) {
		t.Errorf("disabled since it was read: %v", err)
	}
	delete(e.tables["apps"], "17")
	if err := e.standing().Steer(t.Context(), app, noon.Add(time.Hour)); !errors.Is(err, standing.ErrChanged) || e.tables["apps"]["17"] != nil {
		t.Errorf("gone since it was read: %v, %v", err, e.tables["apps"])
	}
}
