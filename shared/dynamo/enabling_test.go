package dynamo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

func enabling(app platform.App, at time.Time, actor platform.Actor) standing.Transition {
	return standing.Transition{Kind: standing.Enabled, App: app, At: at, Actor: actor}
}

// disabled puts an app that was disabled at noon, and returns it as read.
func (e *engine) disabled(t testing.TB, appID string) platform.App {
	t.Helper()
	e.put(appID, "42")
	for name, value := range map[string]string{"disabled_at": "2026-11-24T12:00:00.000Z", "disabled_reason": "gone", "notified_at": "2026-11-24T12:00:01.000Z",
		"platform_told_at": "2026-11-24T12:00:01.000Z"} {
		e.tables["apps"][appID][name] = text(value)
	}
	e.tables["apps"][appID]["disabled_evidence"] = &types.AttributeValueMemberL{}
	app, _, err := e.apps().ReadApp(t.Context(), appID)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func TestEnableLiftsADisablingAndAuditsWhoDidIt(t *testing.T) {
	e := newEngine()
	app := e.disabled(t, "17")
	actor := platform.Actor{Raw: json.RawMessage(`{"type":"user","id":7,"big":12345678901234567890,"admin":true,"email":"","teams":["a"]}`)}
	if err := e.standing().Apply(t.Context(), enabling(app, noon.Add(time.Hour), actor)); err != nil {
		t.Fatal(err)
	}
	number := func(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }
	want := map[string]map[string]attributes{
		"apps": {"17": {"id": text("17"), "status": text("internal"), "organization_id": text("42"), "name": text("Bot 17"), "slug": text("bot"),
			"version": number("1"), "enabled_at": text("2026-11-24T13:00:00.000Z"), "steered_at": text("2026-11-24T13:00:00.000Z"), "generation": number("2")}},
		"audit": {"42 2026-11-24T13:00:00.000Z#internal-integration.enable#17": {"pk": text("42"),
			"sk":    text("2026-11-24T13:00:00.000Z#internal-integration.enable#17"),
			"event": text("internal-integration.enable"), "app_id": text("17"), "name": text("Bot 17"),
			"actor": &types.AttributeValueMemberM{Value: attributes{"type": text("user"), "id": number("7"),
				"big": text("12345678901234567890"), "admin": &types.AttributeValueMemberBOOL{Value: true}}}}},
		"buffer": {}, "organizations": {}, "secrets": {},
	}
	if diff := cmp.Diff(want, e.tables, allItems); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

func TestEnableLiftsOnlyTheDisablingThatWasRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(attributes)
	}{
		{"enabled since", func(a attributes) {
			delete(a, "disabled_at")
			a["enabled_at"] = text("2026-11-24T12:30:00.000Z")
		}},
		{"enabled and disabled again since", func(a attributes) {
			a["disabled_at"] = text("2026-11-24T12:45:00.000Z")
			a["enabled_at"] = text("2026-11-24T12:30:00.000Z")
		}},
		{"disabled at another time", func(a attributes) { a["disabled_at"] = text("2026-11-24T12:45:00.000Z") }},
		{"steered later since", func(a attributes) { a["steered_at"] = text("2026-11-24T13:00:00.001Z") }},
		{"steered at this time since", func(a attributes) { a["steered_at"] = text("2026-11-24T13:00:00.000Z") }},
		{"given another URL since", func(a attributes) { a["generation"] = &types.AttributeValueMemberN{Value: "2"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine()
			app := e.disabled(t, "17")
			c.change(e.tables["apps"]["17"])
			if err := e.standing().Apply(t.Context(), enabling(app, noon.Add(time.Hour), platform.Actor{})); !errors.Is(err, standing.ErrChanged) {
				t.Errorf("got %v, want ErrChanged", err)
			}
			if len(e.tables["audit"]) > 0 {
				t.Errorf("audit: %v", e.tables["audit"])
			}
		})
	}
}

// bytesOf is about the size of a value as DynamoDB counts it.
func bytesOf(v types.AttributeValue) (n int) {
	if m, ok := v.(*types.AttributeValueMemberM); ok {
		for name, inner := range m.Value {
			n += len(name) + bytesOf(inner)
		}
		return n
	}
	return len(textOf(v))
}

func TestEnableIsNeverTooLargeForItsAuditEntry(t *testing.T) {
	var many []string
	for n := range 20_000 {
		many = append(many, fmt.Sprintf(`"field%d":"value"`, n))
	}
	long := strings.Repeat("é", 225_000)
	for label, raw := range map[string]string{
		"a long name":        `{"type":"user","id":7,"email":"ada@acme.example","name":"` + long + `"}`,
		"a long field":       `{"type":"user","id":7,"email":"ada@acme.example","name":"Ada","` + long + `":1}`,
		"a long number":      `{"type":"user","id":7,"email":"ada@acme.example","name":"Ada","n":1` + strings.Repeat("0", 450_000) + `}`,
		"a field of no name": `{"type":"user","id":7,"email":"ada@acme.example","name":"Ada","":"x"}`,
		"many fields":        `{` + strings.Join(many, ",") + `,"type":"user","id":7,"email":"ada@acme.example","name":"Ada"}`,
	} {
		t.Run(label, func(t *testing.T) {
			e := newEngine()
			app := e.disabled(t, "17")
			app.Name = long // it was stored before there was a bound
			if err := e.standing().Apply(t.Context(), enabling(app, noon.Add(time.Hour), platform.Actor{Raw: json.RawMessage(raw)})); err != nil {
				t.Fatal(err)
			}
			entry := &types.AttributeValueMemberM{Value: e.tables["audit"]["42 2026-11-24T13:00:00.000Z#internal-integration.enable#17"]}
			actor, _ := entry.Value["actor"].(*types.AttributeValueMemberM)
			if n := bytesOf(entry); n > 40_000 || actor == nil || textOf(actor.Value["type"]) != "user" || textOf(actor.Value["id"]) != "7" ||
				textOf(actor.Value["email"]) != "ada@acme.example" || actor.Value["name"] == nil || actor.Value[""] != nil {
				t.Errorf("an entry of %d bytes, actor %.300v", n, actor)
			}
		})
	}
}
