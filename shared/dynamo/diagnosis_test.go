package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

func diagnosis() *platform.Diagnosis {
	return &platform.Diagnosis{FailingSince: "2026-11-18T09:00:00.000Z", LastSuccess: "2026-11-18T08:59:00.000Z", Read: 243, More: true,
		Answers: []platform.Answer{{Outcome: "error", Status: 403, Count: 212}, {Outcome: "connection_error", Code: "tls", Count: 31}},
		Example: &platform.FailedRequest{At: "2026-11-24T09:59:00.000Z", WebhookID: "evt_1", EventType: "issue.created", Outcome: "error",
			Code: "x", Status: 403, DurationMS: 21, Detail: "It said no.", Body: `{"error": "forbidden"}`}}
}

func TestDiagnosisIsKeptWithTheAppAndTheAuditEntryAndReadAgain(t *testing.T) {
	for name, want := range map[string]*platform.Diagnosis{
		"whole":            diagnosis(),
		"of no answers":    {FailingSince: "2026-11-18T09:00:00.000Z"},
		"of answers alone": {Answers: []platform.Answer{{Outcome: "timeout", Count: 1}}, Read: 1},
		"none":             nil,
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine()
			e.put("17", "42")
			d := e.disabling(t, "17")
			d.Diagnosis = want
			must(t, e.standing().Apply(t.Context(), d))
			app, _, err := e.apps().ReadApp(t.Context(), "17")
			must(t, err)
			if diff := cmp.Diff(want, app.DisabledDiagnosis); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
			entry := e.tables["audit"]["42 2026-11-24T12:00:00.000Z#internal-integration.disable#17"]
			if diff := cmp.Diff(e.tables["apps"]["17"]["disabled_diagnosis"], entry["diagnosis"], allItems); diff != "" || entry == nil {
				t.Errorf("audit entry (-app +entry):\n%s", diff)
			}
		})
	}
}

func TestDiagnosisThatSaysNothingIsAbsent(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	d := e.disabling(t, "17")
	d.Diagnosis = &platform.Diagnosis{}
	must(t, e.standing().Apply(t.Context(), d))
	if i := e.tables["apps"]["17"]["disabled_diagnosis"]; i != nil {
		t.Errorf("got %v", i)
	}
}

// It may have texts from a customer's server.
func TestDiagnosisGoesWithTheDisabling(t *testing.T) {
	for name, undo := range map[string]func(*engine, platform.App){
		"an enabling": func(e *engine, app platform.App) {
			must(t, e.standing().Apply(t.Context(), enabling(app, noon.Add(time.Second), platform.Actor{})))
		},
		"a deletion": func(e *engine, _ platform.App) { deleteBot(t, e, 13, deletion) },
		"a disabling by hand": func(e *engine, _ platform.App) {
			delete(e.tables["apps"]["17"], "disabled_at")
			must(t, e.standing().Apply(t.Context(), e.byHand(t, "17")))
		},
		"a disabling without a diagnosis": func(e *engine, _ platform.App) {
			delete(e.tables["apps"]["17"], "disabled_at")
			must(t, e.standing().Apply(t.Context(), e.disabling(t, "17")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine()
			putBot(t, e, 12)
			d := e.disabling(t, "17")
			d.Diagnosis = diagnosis()
			must(t, e.standing().Apply(t.Context(), d))
			app, _, err := e.apps().ReadApp(t.Context(), "17")
			must(t, err)
			if undo(e, app); e.tables["apps"]["17"]["disabled_diagnosis"] != nil {
				t.Errorf("left: %v", e.tables["apps"]["17"])
			}
		})
	}
}

func TestDiagnosisIsWithinItsBoundsWhateverIsStored(t *testing.T) {
	long := strings.Repeat("x", 5000)
	e := newEngine()
	e.put("17", "42")
	e.tables["apps"]["17"]["disabled_diagnosis"] = &types.AttributeValueMemberM{Value: attributes{
		"failing_since": text(long), "example": &types.AttributeValueMemberM{Value: attributes{"body": text("a\nb\ufffe" + long)}}}}
	app, _, err := e.apps().ReadApp(t.Context(), "17")
	must(t, err)
	if got := app.DisabledDiagnosis; len(got.FailingSince) > 64 || got.Example.Body != "a b"+long[:platform.MaxAnswerShown-3] {
		t.Errorf("got %+v, %+v", got, got.Example)
	}
}

func TestDiagnosisIsInTheEntryOfWouldDisable(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	d := e.disabling(t, "17")
	d.Kind, d.Diagnosis = standing.WouldDisable, diagnosis()
	must(t, e.standing().Apply(t.Context(), d))
	for key, entry := range e.tables["audit"] {
		if entry["diagnosis"] == nil {
			t.Errorf("%s: %v", key, entry)
		}
	}
	if e.tables["apps"]["17"]["disabled_diagnosis"] != nil || len(e.tables["audit"]) != 1 {
		t.Errorf("tables: %v", e.tables)
	}
}
