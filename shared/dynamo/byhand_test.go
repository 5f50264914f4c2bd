package dynamo_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

// byHand reads an app and disables it.
func (e *engine) byHand(t testing.TB, appID string) standing.Transition {
	t.Helper()
	app, _, err := e.apps().ReadApp(t.Context(), appID)
	if err != nil {
		t.Fatal(err)
	}
	return standing.Transition{Kind: standing.Disabled, App: app, At: noon, Reason: standing.Manual, Note: "It floods a customer.",
		Actor: platform.Actor{Raw: json.RawMessage(`{"type":"user","id":7,"admin":true,"email":"ada@acme.example"}`), Email: "ada@acme.example"}}
}

func TestDisableByHandMarksAndAuditsAndLeavesTheBrakeAlone(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	for _, name := range []string{"disabled_evidence", "platform_told_at", "notified_at", "steered_at"} {
		e.tables["apps"]["17"][name] = text("2026-11-01T00:00:00.000Z") // from an earlier disabling
	}
	d := e.byHand(t, "17")
	must(t, e.standing().Apply(t.Context(), d))
	number := func(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }
	actor := &types.AttributeValueMemberM{Value: attributes{"type": text("user"), "id": number("7"), "email": text("ada@acme.example"),
		"admin": &types.AttributeValueMemberBOOL{Value: true}}}
	want := map[string]map[string]attributes{
		"apps": {"17": {"id": text("17"), "status": text("internal"), "organization_id": text("42"), "name": text("Bot 17"), "slug": text("bot"),
			"version": number("1"), "disabled_at": text("2026-11-24T12:00:00.000Z"), "disabled_reason": text("manual"),
			"disabled_actor": actor, "disabled_note": text("It floods a customer."),
			"steered_at": text("2026-11-24T12:00:00.000Z"), "standing": text("disabled#1")}},
		"audit": {"42 2026-11-24T12:00:00.000Z#internal-integration.disable#17": {"pk": text("42"),
			"sk":    text("2026-11-24T12:00:00.000Z#internal-integration.disable#17"),
			"event": text("internal-integration.disable"), "app_id": text("17"), "name": text("Bot 17"),
			"reason": text("manual"), "actor": actor, "note": text("It floods a customer.")}},
		"buffer": {}, "organizations": {}, "secrets": {},
	}
	if diff := cmp.Diff(want, e.tables, allItems); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}

	app, _, err := e.apps().ReadApp(t.Context(), "17")
	must(t, err)
	if string(app.DisabledBy.Raw) != `{"admin":true,"email":"ada@acme.example","id":7,"type":"user"}` || app.DisabledBy.Email != "ada@acme.example" ||
		app.DisabledNote != d.Note {
		t.Errorf("read as %s, %+v", app.DisabledBy.Raw, app)
	}
	must(t, e.standing().Apply(t.Context(), enabling(app, noon.Add(time.Second), platform.Actor{})))
	for name := range e.tables["apps"]["17"] {
		if strings.HasPrefix(name, "disabled_") || slices.Contains([]string{"platform_told_at", "notified_at", "standing"}, name) {
			t.Errorf("%s is left after an enabling", name)
		}
	}
}

func TestDisableByHandRefusesWhateverIsNotAsItWasRead(t *testing.T) {
	for name, c := range map[string]struct {
		change func(attributes)
		want   error
	}{
		"nothing changed":     {func(attributes) {}, nil},
		"steered before":      {func(a attributes) { a["steered_at"] = text("2026-11-24T11:59:59.999Z") }, nil},
		"steered at the time": {func(a attributes) { a["steered_at"] = text("2026-11-24T12:00:00.000Z") }, standing.ErrChanged},
		"steered later":       {func(a attributes) { a["steered_at"] = text("2026-11-24T12:00:00.001Z") }, standing.ErrChanged},
		"disabled since":      {func(a attributes) { a["disabled_at"] = text("2026-11-24T11:00:00.000Z") }, standing.ErrChanged},
		"deleted since":       {func(a attributes) { a["deleted"] = &types.AttributeValueMemberBOOL{Value: true} }, standing.ErrChanged},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine()
			e.put("17", "42")
			d := e.byHand(t, "17")
			c.change(e.tables["apps"]["17"])
			if err := e.standing().Apply(t.Context(), d); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if written := len(e.tables["audit"]) > 0; written != (c.want == nil) {
				t.Errorf("audit: %v", e.tables["audit"])
			}
		})
	}
}

// The brake holds only the rule's disablings.
func TestDisableByHandPassesALatchedBrake(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	must(t, e.brake().SetLatch(t.Context(), platform.BrakeDisable, latchAt(noon.Add(-time.Hour))))
	must(t, e.standing().Apply(t.Context(), e.byHand(t, "17")))
}

func TestDisableByHandHasItsActorErasedWithTheApp(t *testing.T) {
	e := newEngine()
	putBot(t, e, 12)
	d := e.byHand(t, "17")
	must(t, e.standing().Apply(t.Context(), d))
	deleteBot(t, e, 13, deletion)
	if a := e.tables["apps"]["17"]; a["disabled_actor"] != nil || a["disabled_note"] != nil || a["disabled_at"] == nil {
		t.Errorf("left of it: %v", a)
	}
}
