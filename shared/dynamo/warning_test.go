package dynamo_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// warning is a warning of an app as it is.
func (e *engine) warning(t *testing.T, appID string) standing.Transition {
	t.Helper()
	app, _, err := e.apps().ReadApp(t.Context(), appID)
	must(t, err)
	return standing.Transition{Kind: standing.Warned, App: app, At: noon, Reason: tally.Dead, MaxPerHour: 50,
		Levels:   []platform.Level{"days:5", "days:3"},
		Warning:  platform.Warning{Level: "days:5", Day: 5, CutOn: "2026-11-25"},
		Evidence: []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: 3, Other: 1}}}, Diagnosis: &platform.Diagnosis{Read: 3}}
}

// recovery is the recovery of an app as it is.
func (e *engine) recovery(t *testing.T, appID string) standing.Transition {
	t.Helper()
	app, _, err := e.apps().ReadApp(t.Context(), appID)
	must(t, err)
	return standing.Transition{Kind: standing.Recovered, App: app, At: noon.Add(2 * time.Hour)}
}

func amount(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

func TestWarningMarksAuditsAndBrakesInOneTransaction(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	for _, of := range []string{"warned_at", "warned_platform_told_at", "warned_notified_at", "recovered_at"} {
		e.tables["apps"]["17"][of] = text("2026-11-01T00:00:00.000Z") // of a warning before
	}
	must(t, e.standing().Apply(t.Context(), e.warning(t, "17")))
	if len(e.writes) != 1 || len(e.writes[0]) != 4 {
		t.Fatalf("%d transactions, want one of three writes and a look at the latch: %v", len(e.writes), e.writes)
	}
	evidence := &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: attributes{
		"day": text("2026-11-24"), "success": amount("0"), "error": amount("3"), "timeout": amount("0"), "gone": amount("0"), "fatal": amount("0"), "other": amount("1")}}}}
	diagnosis := &types.AttributeValueMemberM{Value: attributes{"read": amount("3")}}
	want := map[string]map[string]attributes{
		"apps": {"17": {"id": text("17"), "status": text("internal"), "organization_id": text("42"), "name": text("Bot 17"), "slug": text("bot"),
			"version": amount("1"), "warned_at": text("2026-11-24T12:00:00.000Z"), "warned_reason": text("dead"), "warned_evidence": evidence,
			"warned_levels": &types.AttributeValueMemberL{Value: []types.AttributeValue{text("days:5"), text("days:3")}},
			"warned_level":  text("days:5"), "warned_day": amount("5"), "warned_cut_on": text("2026-11-25"), "warned_diagnosis": diagnosis, "standing": text("warned#1")}},
		"audit": {
			"42 2026-11-24T12:00:00.000Z#internal-integration.warn#17": {"pk": text("42"),
				"sk":    text("2026-11-24T12:00:00.000Z#internal-integration.warn#17"),
				"event": text("internal-integration.warn"), "app_id": text("17"), "name": text("Bot 17"),
				"reason": text("dead"), "level": text("days:5"), "evidence": evidence, "diagnosis": diagnosis},
			"#brake warning#2026-11-24T12:00:00.000Z": {"pk": text("#brake"), "sk": text("warning#2026-11-24T12:00:00.000Z"), "warnings": amount("1")},
		},
		"buffer": {}, "organizations": {}, "secrets": {},
	}
	if diff := cmp.Diff(want, e.tables, allItems); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	app, _, err := e.apps().ReadApp(t.Context(), "17")
	must(t, err)
	w := e.warning(t, "17")
	if diff := cmp.Diff(platform.Warned{At: noon, Levels: w.Levels, Reason: "dead", Warning: w.Warning, Evidence: w.Evidence, Diagnosis: w.Diagnosis}, app.Warned); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

func TestWarningAndRecoveryRefuseWhateverIsNotAsItWasRead(t *testing.T) {
	later := text("2026-11-24T12:00:00.001Z")
	for name, c := range map[string]struct {
		change func(attributes) // after it was read
		want   error
	}{
		"nothing changed":      {func(attributes) {}, nil},
		"published":            {func(a attributes) { a["status"] = text("published") }, standing.ErrChanged},
		"deleted":              {func(a attributes) { a["deleted"] = &types.AttributeValueMemberBOOL{Value: true} }, standing.ErrChanged},
		"disabled":             {func(a attributes) { a["disabled_at"] = later }, standing.ErrChanged},
		"another breaker":      {func(a attributes) { a["breaker"] = text("off") }, standing.ErrChanged},
		"another generation":   {func(a attributes) { a["generation"] = amount("2") }, standing.ErrChanged},
		"warned by another":    {func(a attributes) { a["warned_at"] = later }, standing.ErrChanged},
		"recovered by another": {func(a attributes) { a["recovered_at"] = later }, standing.ErrChanged},
	} {
		t.Run(name, func(t *testing.T) {
			for _, warned := range []bool{false, true} {
				e := newEngine()
				e.put("17", "42")
				change := e.warning(t, "17")
				if warned {
					must(t, e.standing().Apply(t.Context(), change))
					change = e.recovery(t, "17")
				}
				before := len(e.tables["audit"])
				c.change(e.tables["apps"]["17"])
				if err := e.standing().Apply(t.Context(), change); !errors.Is(err, c.want) {
					t.Errorf("%s: %v, want %v", change.Kind, err, c.want)
				}
				if written := len(e.tables["audit"]) > before; written != (c.want == nil) {
					t.Errorf("%s: audit %v", change.Kind, slices.Collect(maps.Keys(e.tables["audit"])))
				}
			}
		})
	}
}

func TestRecoveryClearsTheMarksAndWithItsLastMarkTheWarning(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	before := maps.Clone(e.tables["apps"]["17"])
	warning := e.warning(t, "17")
	must(t, e.standing().Apply(t.Context(), warning))
	must(t, e.standing().Mark(t.Context(), standing.PlatformTold, warning, noon))
	must(t, e.standing().Mark(t.Context(), standing.OwnersTold, warning, noon))
	if a, _, _ := e.apps().ReadApp(t.Context(), "17"); !a.Warned.PlatformToldAt.Equal(noon) || !a.Warned.NotifiedAt.Equal(noon) {
		t.Fatalf("marked %+v", a.Warned)
	}
	recovery := e.recovery(t, "17")
	must(t, e.standing().Apply(t.Context(), recovery))
	a, _, _ := e.apps().ReadApp(t.Context(), "17")
	if w := a.Warned; !w.RecoveredAt.Equal(recovery.At) || !w.At.Equal(noon) || !w.PlatformToldAt.IsZero() || !w.NotifiedAt.IsZero() {
		t.Errorf("recovered %+v", w)
	}
	if e.tables["audit"]["42 2026-11-24T14:00:00.000Z#internal-integration.recover#17"] == nil {
		t.Errorf("audit %v", slices.Collect(maps.Keys(e.tables["audit"])))
	}
	for _, mark := range []standing.Mark{standing.PlatformTold, standing.OwnersTold} { // the warning's come late
		if err := e.standing().Mark(t.Context(), mark, warning, noon); !errors.Is(err, standing.ErrChanged) {
			t.Errorf("%s of the warning: %v", mark, err)
		}
	}
	must(t, e.standing().Mark(t.Context(), standing.PlatformTold, recovery, noon))
	must(t, e.standing().Mark(t.Context(), standing.OwnersTold, recovery, noon))
	if diff := cmp.Diff(before, e.tables["apps"]["17"], allItems); diff != "" {
		t.Errorf("the app (-before +after):\n%s", diff)
	}
	if err := e.standing().Mark(t.Context(), standing.OwnersTold, recovery, noon); !errors.Is(err, standing.ErrChanged) {
		t.Errorf("once more: %v", err)
	}
}

func TestWarningThatIsForgottenLeavesNothingUnlessItIsAnother(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	before := maps.Clone(e.tables["apps"]["17"])
	old := e.warning(t, "17")
	must(t, e.standing().Apply(t.Context(), old))
	newer := e.warning(t, "17")
	newer.At = noon.Add(time.Hour)
	must(t, e.standing().Apply(t.Context(), newer))
	if err := e.standing().Mark(t.Context(), standing.Forgotten, old, noon); !errors.Is(err, standing.ErrChanged) {
		t.Errorf("of one before: %v", err)
	}
	must(t, e.standing().Mark(t.Context(), standing.Forgotten, newer, noon))
	if diff := cmp.Diff(before, e.tables["apps"]["17"], allItems); diff != "" {
		t.Errorf("the app (-before +after):\n%s", diff)
	}
}

func TestWarningEndsWithADisablingAndIsNotLeftByAnEnabling(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	must(t, e.standing().Apply(t.Context(), e.warning(t, "17")))
	must(t, e.standing().Apply(t.Context(), e.disabling(t, "17")))
	app := e.tables["apps"]["17"]
	for name := range app {
		if len(name) > 6 && name[:6] == "warned" {
			t.Errorf("the app is disabled and has %s", name)
		}
	}
	if textOf(app["standing"]) != "disabled#1" {
		t.Errorf("standing %v", app["standing"])
	}
	app["warned_at"], app["recovered_at"] = text("2026-11-24T12:00:00.000Z"), text("2026-11-24T12:00:00.000Z") // left by an older version
	a, _, _ := e.apps().ReadApp(t.Context(), "17")
	must(t, e.standing().Apply(t.Context(), standing.Transition{Kind: standing.Enabled, App: a, At: noon.Add(time.Hour)}))
	if app := e.tables["apps"]["17"]; app["warned_at"] != nil || app["recovered_at"] != nil || app["standing"] != nil {
		t.Errorf("the app is %v", app)
	}
}

func TestPutAndDeletionEndAWarningIfTheAppIsAnotherReceiver(t *testing.T) {
	put := func(change func(*platform.App)) func(registry.Apps) error {
		return func(apps registry.Apps) error {
			app := platform.App{ID: "17", Version: 2, Status: platform.Internal, OrganizationID: "42", Name: "Bot", Slug: "bot"}
			change(&app)
			return apps.PutApp(t.Context(), app, []platform.Secret{"s"})
		}
	}
	for name, c := range map[string]struct {
		change func(registry.Apps) error
		ends   bool
	}{
		"as it was":            {put(func(*platform.App) {}), false},
		"another URL":          {put(func(a *platform.App) { a.WebhookURL = "https://new.example/" }), true},
		"another organization": {put(func(a *platform.App) { a.OrganizationID = "43" }), true},
		"deleted":              {func(apps registry.Apps) error { return apps.DeleteApp(t.Context(), "17", 2, noon) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, disabled := range []bool{false, true} {
				e := newEngine()
				e.put("17", "42")
				must(t, e.standing().Apply(t.Context(), e.warning(t, "17")))
				want := "warned#1"
				if disabled {
					must(t, e.standing().Apply(t.Context(), e.disabling(t, "17")))
					want = "disabled#1"
				}
				must(t, c.change(appsOf(e)))
				app := e.tables["apps"]["17"]
				if c.ends && !disabled {
					want = ""
				}
				if got := textOf(app["standing"]); got != want {
					t.Errorf("disabled %t: standing %q, want %q", disabled, got, want)
				}
				if kept := app["warned_at"] != nil; kept == (c.ends || disabled) {
					t.Errorf("disabled %t: the app is %v", disabled, app)
				}
			}
		})
	}
}

// If an app is warned of or disabled between the read and the write of a change, it is read
// again.
func TestPutAndDeletionLeaveNoWarningThatTheyDidNotRead(t *testing.T) {
	for _, meanwhile := range []string{"warned", "disabled"} {
		for _, deletion := range []bool{false, true} {
			e := newEngine()
			e.put("17", "42")
			if meanwhile == "disabled" {
				must(t, e.standing().Apply(t.Context(), e.warning(t, "17")))
			}
			e.fault = func(call, _ string) (error, error) {
				if call == "TransactWriteItems" {
					e.fault = nil
					e.mu.Unlock()
					if meanwhile == "warned" {
						must(t, e.standing().Apply(t.Context(), e.warning(t, "17")))
					} else {
						must(t, e.standing().Apply(t.Context(), e.disabling(t, "17")))
					}
					e.mu.Lock()
				}
				return nil, nil
			}
			apps := appsOf(e)
			if deletion {
				must(t, apps.DeleteApp(t.Context(), "17", 2, noon))
			} else {
				must(t, apps.PutApp(t.Context(), platform.App{ID: "17", Version: 2, Status: platform.Internal, OrganizationID: "42",
					WebhookURL: "https://new.example/"}, []platform.Secret{"s"}))
			}
			app := e.tables["apps"]["17"]
			want := map[string]string{"warned": "", "disabled": "disabled#1"}[meanwhile]
			if got := textOf(app["standing"]); got != want || app["warned_at"] != nil {
				t.Errorf("%s, deletion %t: standing %q, app %v", meanwhile, deletion, got, app)
			}
		}
	}
}

func TestWouldWarnPutsAnEntryOnceAndChangesNothing(t *testing.T) {
	e := newEngine()
	e.put("17", "42")
	before := maps.Clone(e.tables["apps"]["17"])
	would := e.warning(t, "17")
	would.Kind, would.At = standing.WouldWarn, noon.Truncate(24*time.Hour)
	if made, err := e.standing().Made(t.Context(), would); made || err != nil {
		t.Errorf("made %t, %v", made, err)
	}
	must(t, e.standing().Apply(t.Context(), would))
	if made, err := e.standing().Made(t.Context(), would); !made || err != nil {
		t.Errorf("made %t, %v", made, err)
	}
	if err := e.standing().Apply(t.Context(), would); !errors.Is(err, standing.ErrAlready) {
		t.Errorf("once more: %v", err)
	}
	if e.tables["audit"]["42 2026-11-24T00:00:00.000Z#internal-integration.would-warn#17"] == nil || len(e.tables["audit"]) != 1 {
		t.Errorf("audit %v", e.tables["audit"])
	}
	if diff := cmp.Diff(before, e.tables["apps"]["17"], allItems); diff != "" {
		t.Errorf("the app (-before +after):\n%s", diff)
	}
}

func TestWarningBrakeAndLatchAreItemsOfTheirOwn(t *testing.T) {
	e := newEngine()
	for _, id := range []string{"1", "2", "3"} {
		e.put(id, "42")
	}
	warn := func(id string, at time.Time) error {
		w := e.warning(t, id)
		w.At, w.MaxPerHour = at, 1
		return e.standing().Apply(t.Context(), w)
	}
	must(t, warn("1", noon))
	if err := warn("2", noon.Add(time.Minute)); !errors.Is(err, standing.ErrHeld) {
		t.Errorf("the second in the hour: %v", err)
	}
	must(t, e.standing().Apply(t.Context(), e.disabling(t, "3")))
	must(t, e.brake().SetLatch(t.Context(), platform.BrakeWarning, latchAt(noon)))
	if err := warn("2", noon.Add(time.Hour)); !errors.Is(err, standing.ErrLatched) {
		t.Errorf("latched: %v", err)
	}
	if got, err := e.brake().ReadLatch(t.Context(), platform.BrakeDisable); got != (disabling.Latch{}) || err != nil {
		t.Errorf("the other latch is %+v, %v", got, err)
	}
	if got, err := e.brake().ReadLatch(t.Context(), platform.BrakeWarning); got != latchAt(noon) || err != nil {
		t.Errorf("the latch is %+v, %v", got, err)
	}
	for _, brake := range []platform.Brake{platform.BrakeDisable, platform.BrakeWarning} { // of one time
		must(t, e.brake().OpenBrake(t.Context(), registry.Opening{Brake: brake, At: noon.Add(time.Minute), Until: noon.Add(time.Hour)}))
	}
	must(t, warn("2", noon.Add(time.Hour)))
	var entries []string
	for key := range e.tables["audit"] {
		entries = append(entries, key)
	}
	slices.Sort(entries)
	want := []string{"#brake 2026-11-24T12:00:00.000Z", "#brake 2026-11-24T12:01:00.000Z#brake.open", "#brake 2026-11-24T12:01:00.000Z#brake.open#warning",
		"#brake latch", "#brake warning#2026-11-24T12:00:00.000Z", "#brake warning#2026-11-24T13:00:00.000Z", "#brake warning#latch",
		"42 2026-11-24T12:00:00.000Z#internal-integration.disable#3", "42 2026-11-24T12:00:00.000Z#internal-integration.warn#1",
		"42 2026-11-24T13:00:00.000Z#internal-integration.warn#2"}
	if diff := cmp.Diff(want, entries); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestWarnedAppsAreFoundWithoutAScan(t *testing.T) {
	e := newEngine()
	for _, id := range []string{"warned", "disabled", "neither"} {
		e.put(id, "42")
	}
	must(t, e.standing().Apply(t.Context(), e.warning(t, "warned")))
	must(t, e.standing().Apply(t.Context(), e.disabling(t, "disabled")))
	for shard := range tally.Shards {
		var found []string
		must(t, e.standing().ReadWarned(t.Context(), shard, func(id string) { found = append(found, id) }))
		if is := slices.Equal(found, []string{"warned"}); is != (shard == tally.Shard("warned")) {
			t.Errorf("shard %d: %v", shard, found)
		}
	}
}
