package dynamo_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

func (e *engine) disabling(t testing.TB, appID string) standing.Transition {
	t.Helper()
	app, _, err := e.apps().ReadApp(t.Context(), appID)
	if err != nil {
		t.Fatal(err)
	}
	return standing.Transition{Kind: standing.Disabled, App: app, At: noon, Reason: tally.Gone, MaxPerHour: 1000,
		Evidence: []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: 3, Gone: 3}}}}
}

func TestDisableMarksAuditsAndBrakesInOneTransaction(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	for _, mark := range []standing.Mark{standing.PlatformTold, standing.OwnersTold} {
		e.tables["apps"]["17"][string(mark)] = text("2026-11-01T00:00:00.000Z") // from an earlier disabling
	}
	if err := e.standing().Apply(t.Context(), e.disabling(t, "17")); err != nil {
		t.Fatal(err)
	}
	if len(e.writes) != 1 || len(e.writes[0]) != 4 {
		t.Fatalf("%d transactions, want one of three writes and a look at the latch: %v", len(e.writes), e.writes)
	}
	number := func(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }
	evidence := &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: attributes{
		"day": text("2026-11-24"), "success": number("0"), "error": number("3"), "timeout": number("0"), "gone": number("3"), "fatal": number("0"), "other": number("0")}}}}
	want := map[string]map[string]attributes{
		"apps": {"17": {"id": text("17"), "status": text("internal"), "organization_id": text("42"), "name": text("Bot 17"), "slug": text("bot"),
			"version": number("1"), "disabled_at": text("2026-11-24T12:00:00.000Z"), "disabled_reason": text("gone"), "disabled_evidence": evidence,
			"standing": text("disabled#1")}},
		"audit": {
			"42 2026-11-24T12:00:00.000Z#internal-integration.disable#17": {"pk": text("42"),
				"sk":    text("2026-11-24T12:00:00.000Z#internal-integration.disable#17"),
				"event": text("internal-integration.disable"), "app_id": text("17"), "name": text("Bot 17"),
				"reason": text("gone"), "evidence": evidence},
			"#brake 2026-11-24T12:00:00.000Z": {"pk": text("#brake"), "sk": text("2026-11-24T12:00:00.000Z"), "disablings": number("1")},
		},
		"buffer": {}, "organizations": {}, "secrets": {},
	}
	if diff := cmp.Diff(want, e.tables, allItems); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

func TestDisableRefusesWhateverIsNotAsItWasRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		read   func(attributes) // before it is read
		change func(attributes) // after
		want   error
	}{
		{"nothing changed", nil, nil, nil},
		{"nothing changed since an enabling", func(a attributes) { a["enabled_at"] = text("2026-11-20T00:00:00.000Z") }, nil, nil},
		{"published since", nil, func(a attributes) { a["status"] = text("published") }, standing.ErrChanged},
		{"deleted since", nil, func(a attributes) { a["deleted"] = &types.AttributeValueMemberBOOL{Value: true} }, standing.ErrChanged},
		{"disabled since", nil, func(a attributes) { a["disabled_at"] = text("2026-11-24T11:59:00.000Z") }, standing.ErrChanged},
		{"another generation since", nil, func(a attributes) { a["generation"] = &types.AttributeValueMemberN{Value: "2"} }, standing.ErrChanged},
		{"the same generation", func(a attributes) { a["generation"] = &types.AttributeValueMemberN{Value: "3"} }, nil, nil},
		{"a generation more", func(a attributes) { a["generation"] = &types.AttributeValueMemberN{Value: "3"} },
			func(a attributes) { a["generation"] = &types.AttributeValueMemberN{Value: "4"} }, standing.ErrChanged},
		{"the first generation written since", nil, func(a attributes) { a["generation"] = &types.AttributeValueMemberN{Value: "1"} }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine()
			e.put("17", "42")
			if c.read != nil {
				c.read(e.tables["apps"]["17"])
			}
			d := e.disabling(t, "17")
			if c.change != nil {
				c.change(e.tables["apps"]["17"])
			}
			if err := e.standing().Apply(t.Context(), d); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if written := len(e.tables["audit"]) > 0; written != (c.want == nil) {
				t.Errorf("audit: %v", e.tables["audit"])
			}
		})
	}
}

func TestBrakeLetsSoManyThroughInAnHour(t *testing.T) {
	e := newEngine()
	for n := range 4 {
		e.put(fmt.Sprint(n), "42")
	}
	disable := func(id string, at time.Time) error {
		d := e.disabling(t, id)
		d.At = at
		d.MaxPerHour = 2
		return e.standing().Apply(t.Context(), d)
	}
	for id, want := range []error{nil, nil, standing.ErrHeld} {
		if err := disable(fmt.Sprint(id), noon.Add(59*time.Minute)); !errors.Is(err, want) {
			t.Errorf("disabling %d: %v, want %v", id, err, want)
		}
	}
	if err := disable("2", noon.Add(time.Hour)); err != nil {
		t.Errorf("in the next hour: %v", err)
	}
	if err := disable("0", noon.Add(50*time.Minute)); !errors.Is(err, standing.ErrChanged) {
		t.Errorf("of one who is disabled, with the brake on: %v, want ErrChanged", err)
	}
}

func TestTransactionConflictIsNoAnswerAndTriedThreeTimes(t *testing.T) {
	conflict := func(codes ...string) error {
		e := &types.TransactionCanceledException{}
		for _, code := range codes {
			e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
		}
		return e
	}
	for _, c := range []struct {
		name  string
		fault func(try int) error
		tries int
		want  func(error) bool
	}{
		{"one conflict", func(try int) error {
			if try == 1 {
				return conflict("None", "None", "TransactionConflict")
			}
			return nil
		}, 2, func(err error) bool { return err == nil }},
		{"nothing but conflicts", func(int) error { return conflict("TransactionConflict", "None", "None") }, 3,
			func(err error) bool {
				return err != nil && !errors.Is(err, standing.ErrChanged) && !errors.Is(err, standing.ErrHeld)
			}},
		{"a conflict and a refusal", func(int) error { return conflict("ConditionalCheckFailed", "None", "TransactionConflict") }, 1,
			func(err error) bool { return errors.Is(err, standing.ErrChanged) }},
		{"throttled", func(int) error { return conflict("None", "None", "ThrottlingError") }, 1,
			func(err error) bool { return err != nil && !errors.Is(err, standing.ErrHeld) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine()
				e.put("17", "42")
				d := e.disabling(t, "17")
				tries := 0
				e.fault = func(call, _ string) (error, error) {
					if call != "TransactWriteItems" {
						return nil, nil
					}
					tries++
					return c.fault(tries), nil
				}
				err := e.standing().Apply(t.Context(), d)
				if tries != c.tries || !c.want(err) {
					t.Errorf("%d tries, want %d; %v", tries, c.tries, err)
				}
			})
		})
	}
}

func TestObserveAuditsAnAppOnceADay(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	d := e.disabling(t, "17")
	d.Kind, d.At = standing.WouldDisable, noon.Truncate(24*time.Hour)
	for _, want := range []error{nil, standing.ErrAlready} {
		if made, err := e.standing().Made(t.Context(), d); err != nil || made != (want != nil) {
			t.Errorf("made: %t, %v", made, err)
		}
		if err := e.standing().Apply(t.Context(), d); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if got := slices.Collect(maps.Keys(e.tables["audit"])); !slices.Equal(got, []string{"42 2026-11-24T00:00:00.000Z#internal-integration.would-disable#17"}) {
		t.Errorf("audit: %v", got)
	}
	if _, disabled := e.tables["apps"]["17"]["disabled_at"]; disabled {
		t.Error("disabled")
	}
	e.tables["apps"]["17"]["generation"] = &types.AttributeValueMemberN{Value: "2"}
	if err := e.standing().Apply(t.Context(), d); !errors.Is(err, standing.ErrAlready) {
		t.Errorf("again, and another generation: %v", err)
	}
}

func TestObserveSaysNothingOfAnAppThatIsNotWhatWasJudged(t *testing.T) {
	for name, change := range map[string]func(attributes){
		"another URL or organization, or enabled": func(a attributes) { a["generation"] = &types.AttributeValueMemberN{Value: "2"} },
		"published": func(a attributes) { a["status"] = text("published") },
		"deleted":   func(a attributes) { a["deleted"] = &types.AttributeValueMemberBOOL{Value: true} },
		"disabled":  func(a attributes) { a["disabled_at"] = text("2026-11-24T11:59:00.000Z") },
	} {
		e := newEngine()
		e.put("17", "42")
		d := e.disabling(t, "17")
		d.Kind = standing.WouldDisable
		change(e.tables["apps"]["17"])
		if err := e.standing().Apply(t.Context(), d); !errors.Is(err, standing.ErrChanged) || len(e.tables["audit"]) > 0 {
			t.Errorf("%s since: %v, audit %v", name, err, e.tables["audit"])
		}
	}
}

func TestMarkIsOfItsOwnDisablingAlone(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(e *engine)
		want   error
	}{
		{"it still is", func(*engine) {}, nil},
		{"it was enabled", func(e *engine) { delete(e.tables["apps"]["17"], "disabled_at") }, standing.ErrChanged},
		{"it was disabled again", func(e *engine) { e.tables["apps"]["17"]["disabled_at"] = text("2026-11-24T12:00:00.001Z") }, standing.ErrChanged},
		{"it is gone", func(e *engine) { delete(e.tables["apps"], "17") }, standing.ErrChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine()
			e.put("17", "42")
			d := e.disabling(t, "17")
			if err := e.standing().Apply(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			c.change(e)
			for _, mark := range []standing.Mark{standing.PlatformTold, standing.OwnersTold} {
				if err := e.standing().Mark(t.Context(), mark, d, noon); !errors.Is(err, c.want) {
					t.Errorf("mark %s: %v, want %v", mark, err, c.want)
				}
				if e.tables["apps"]["17"] != nil && (e.tables["apps"]["17"][string(mark)] != nil) != (c.want == nil) {
					t.Errorf("the app is %v", e.tables["apps"]["17"])
				}
			}
			if app, _, err := e.apps().ReadApp(t.Context(), "17"); err != nil || app.PlatformToldAt.IsZero() != (c.want != nil) {
				t.Errorf("read as told at %s: %v", app.PlatformToldAt, err)
			}
		})
	}
}
