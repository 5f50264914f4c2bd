package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
)

var (
	asked     = noon.Add(-time.Second) // when the deletion was queued
	errFailed = errors.New("no answer")
)

// erasing is register over an engine, with a clock of its own.
type erasing struct {
	*engine
	now    time.Time
	hidden map[string]bool // apps that the index organization does not have yet
}

// Query implements dynamo's interface: an index may lag behind its table.
func (w *erasing) Query(ctx context.Context, in *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := w.engine.Query(ctx, in, options...)
	if in.IndexName != nil && err == nil {
		if *in.IndexName != "organization" {
			return nil, fmt.Errorf("there is no index %s", *in.IndexName)
		}
		out.Items = slices.DeleteFunc(out.Items, func(i map[string]types.AttributeValue) bool { return w.hidden[textOf(i["id"])] })
	}
	return out, err
}

func (w *erasing) job() *registry.Job {
	organizations := dynamo.Organizations{API: w, Table: "organizations"}
	quiet, clock := slog.New(slog.DiscardHandler), func() time.Time { return w.now }
	chain := standing.New(standing.Config{}, standing.Deps{Apps: w.apps(), Organizations: organizations, Transitions: w.standing(),
		Metrics: noFigures{}, Logger: quiet, Now: clock})
	return registry.New(registry.Config{CheckURL: func(string) error { return nil }}, registry.Deps{Apps: appsOf(w.engine), Organizations: organizations,
		Erasures: dynamo.Erasures{API: w, Apps: appsOf(w.engine), Organizations: "organizations", Audit: "audit"},
		Standing: chain, Steering: w.standing(), Metrics: noFigures{}, Logger: quiet, Now: clock})
}

type noFigures struct{}

func (noFigures) Count(string, string, string) {}

func appPut(id, organizationID string, version int64) platform.AppPut {
	return platform.AppPut{App: platform.App{ID: id, Version: version, UUID: "uuid-" + id, Slug: "slug-" + id, Name: "Name " + id,
		Status: platform.Internal, OrganizationID: organizationID, WebhookURL: "https://" + id + ".example/", Events: []string{"issue"}},
		Secrets: []platform.Secret{"hush"}}
}

func orgPut(id string, version int64) platform.OrganizationPut {
	return platform.OrganizationPut{Organization: platform.Organization{ID: id, Version: version, Slug: "slug-" + id, Name: "Name " + id,
		Owners: []platform.Owner{{Email: "ada@" + id + ".example", Name: "Ada"}}, OwnerErrors: []string{"owners[1].email is missing"}}}
}

// newErasing has an organization 42 with many apps, one of them deleted before, and
// as many audit entries. Organization 43 is its neighbour.
func newErasing(t *testing.T, many int) *erasing {
	t.Helper()
	w := &erasing{engine: newEngine(), now: noon, hidden: make(map[string]bool)}
	messages := []platform.RegistryMessage{orgPut("42", 3), orgPut("43", 9), appPut("neighbour", "43", 7)}
	for n := range many {
		messages = append(messages, appPut(fmt.Sprintf("app-%03d", n), "42", int64(100+n)))
		for organization, entries := range map[string]int{"42": 1, "43": n % 2} {
			for range entries {
				w.tables["audit"][fmt.Sprintf("%s %03d", organization, n)] = attributes{"pk": text(organization), "sk": text(fmt.Sprintf("%03d", n)),
					"name": text("Name"), "actor": text("ada")}
			}
		}
	}
	for _, m := range append(messages, platform.AppDelete{AppID: "app-001", Version: 200}) {
		must(t, w.job().Handle(t.Context(), m, registry.Stamp{SentAt: asked.Add(-time.Hour)}))
	}
	if disabled := w.tables["apps"]["app-002"]; disabled != nil {
		disabled["disabled_at"], disabled["standing"] = text("2026-11-20T00:00:00.000Z"), text("disabled#1")
		disabled["disabled_actor"], disabled["disabled_note"] = text("Ada"), text("Ada asked for it")
		disabled["disabled_diagnosis"] = &types.AttributeValueMemberM{Value: attributes{"example": text("Ada's receiver")}}
	}
	return w
}

// handle is RegistryQueue: it hands out a message until it is done, and returns how
// often.
func (w *erasing) handle(t *testing.T, m platform.RegistryMessage) (receives int) {
	t.Helper()
	for receives = 1; receives < 20; receives++ {
		err := w.job().Handle(t.Context(), m, registry.Stamp{SentAt: asked})
		var delayed *registry.DelayedError
		switch {
		case err == nil:
			return receives
		case errors.As(err, &delayed):
			w.now = w.now.Add(delayed.After)
		case !errors.Is(err, errFailed):
			t.Fatal(err)
		default:
			w.now = w.now.Add(190 * time.Second)
		}
	}
	t.Fatal("received 20 times, and not through")
	return receives
}

func deletion42() platform.OrganizationDelete {
	return platform.OrganizationDelete{OrganizationID: "42", Version: 4}
}

// kept is the tables as they are now.
func (w *erasing) kept() map[string]map[string]attributes {
	end := make(map[string]map[string]attributes)
	for table, items := range w.tables {
		end[table] = maps.Clone(items)
	}
	return end
}

func yes() types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: true} }

func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

func TestErasureLeavesTombstonesWithoutNamesAndOneEntry(t *testing.T) {
	const many = 60
	w := newErasing(t, many)
	before := w.kept()
	if receives := w.handle(t, deletion42()); receives != 2 || w.now.Sub(noon) != 15*time.Minute {
		t.Errorf("looked %d times, the last time after %s", receives, w.now.Sub(noon))
	}

	want := map[string]map[string]attributes{"apps": {}, "secrets": {}, "audit": {}, "buffer": {}, "organizations": {
		"42": {"id": text("42"), "version": num(4), "deleted": yes(), "deleted_at": text("2026-11-24T12:00:00.000Z")},
		"43": before["organizations"]["43"]}}
	want["apps"]["neighbour"], want["secrets"]["neighbour"] = before["apps"]["neighbour"], before["secrets"]["neighbour"]
	for n := range many {
		id := fmt.Sprintf("app-%03d", n)
		want["apps"][id] = attributes{"id": text(id), "version": num(int64(100 + n)), "status": text("internal"), "generation": num(1),
			"events": before["apps"][id]["events"], "deleted": yes(), "deleted_at": text("2026-11-24T11:59:59.000Z")}
		want["secrets"][id] = maps.Clone(before["secrets"][id])
		want["secrets"][id]["webhook_url"], want["secrets"][id]["expires_at"] = text("https://"+id+".example/"), num(asked.Add(time.Hour).Unix())
		if key := fmt.Sprintf("43 %03d", n); before["audit"][key] != nil {
			want["audit"][key] = before["audit"][key]
		}
	}
	deletedBefore, disabled := want["apps"]["app-001"], want["apps"]["app-002"]
	deletedBefore["version"], deletedBefore["deleted_at"] = num(200), text("2026-11-24T10:59:59.000Z")
	want["secrets"]["app-001"] = before["secrets"]["app-001"]
	disabled["disabled_at"], disabled["standing"] = text("2026-11-20T00:00:00.000Z"), text("disabled#1")
	want["audit"]["#deleted 2026-11-24T11:59:59.000Z#organization.delete#42"] = attributes{"pk": text("#deleted"),
		"sk": text("2026-11-24T11:59:59.000Z#organization.delete#42"), "event": text("organization.delete"), "organization_id": text("42")}
	if diff := cmp.Diff(want, w.kept(), allItems); diff != "" {
		t.Errorf("the tables (-want +got):\n%s", diff)
	}
	for _, transaction := range w.writes {
		if len(transaction) > 1+registry.EraseStep {
			t.Errorf("%d writes at once", len(transaction))
		}
	}
}

// eachCall runs an erasure once for each of its calls, and calls at for that call.
// What at returns is how the call fails, before it takes effect and afterwards.
func eachCall(t *testing.T, at func(t *testing.T, w *erasing) (before, after error), check func(t *testing.T, w *erasing)) {
	t.Helper()
	calls := 0
	for k, struck := 0, true; struck; k++ {
		w := newErasing(t, registry.EraseStep+2)
		n := 0
		struck = false
		w.fault = func(string, string) (before, after error) {
			if n++; n-1 != k {
				return nil, nil
			}
			struck = true
			w.mu.Unlock()
			defer w.mu.Lock()
			fault := w.fault
			w.fault = nil
			before, after = at(t, w)
			w.fault = fault
			return before, after
		}
		w.handle(t, deletion42())
		w.fault = nil
		if struck {
			check(t, w)
			calls++
		}
		if t.Failed() {
			t.Fatalf("at call %d", k)
		}
	}
	if calls < 2*registry.EraseStep {
		t.Errorf("only %d calls", calls)
	}
	t.Logf("%d calls", calls)
}

func TestErasureSurvivesAFaultAtEachCall(t *testing.T) {
	well := newErasing(t, registry.EraseStep+2)
	well.handle(t, deletion42())
	undated := func(w *erasing) map[string]map[string]attributes { // the tombstone may be of the next receive
		delete(w.tables["organizations"]["42"], "deleted_at")
		return w.kept()
	}
	for name, fault := range map[string][2]error{"not made": {errFailed, nil}, "answer lost": {nil, errFailed}} {
		t.Run(name, func(t *testing.T) {
			eachCall(t, func(*testing.T, *erasing) (before, after error) { return fault[0], fault[1] }, func(t *testing.T, w *erasing) {
				if diff := cmp.Diff(undated(well), undated(w), allItems); diff != "" {
					t.Errorf("the end is another (-without fault +got):\n%s", diff)
				}
			})
		})
	}
}

func (w *erasing) erased(id string) bool {
	app := w.tables["apps"][id]
	return app["deleted"] != nil && app["name"] == nil && app["organization_id"] == nil && w.tables["secrets"][id]["expires_at"] != nil
}

func TestErasureFindsAnAppThatIsPutBetweenItsSteps(t *testing.T) {
	for name, put := range map[string]platform.AppPut{"new": appPut("new", "42", 1), "again": appPut("app-003", "42", 500)} {
		t.Run(name, func(t *testing.T) {
			last := make(map[string]bool)
			eachCall(t, func(t *testing.T, w *erasing) (before, after error) {
				must(t, w.job().Handle(t.Context(), put, registry.Stamp{SentAt: asked}))
				last[put.App.ID] = w.now.After(noon) // after the second look it may not be found
				return nil, nil
			}, func(t *testing.T, w *erasing) {
				app := w.tables["apps"][put.App.ID]
				if !last[put.App.ID] && !w.erased(put.App.ID) || numberOf(app["version"]) != put.App.Version {
					t.Errorf("left: %v", app)
				}
			})
		})
	}
}

func TestErasureFindsAtItsSecondLookWhatTheIndexDidNotShow(t *testing.T) {
	w := newErasing(t, 3)
	w.hidden["app-000"] = true
	err := w.job().Handle(t.Context(), deletion42(), registry.Stamp{SentAt: asked})
	var delayed *registry.DelayedError
	if !errors.As(err, &delayed) || delayed.After != 15*time.Minute || w.erased("app-000") {
		t.Fatalf("after the first look: %v", err)
	}
	w.hidden = nil
	w.now = w.now.Add(delayed.After)
	if receives := w.handle(t, deletion42()); receives != 1 || !w.erased("app-000") {
		t.Errorf("after the second: %d receives, %v", receives, w.tables["apps"]["app-000"])
	}
}

func TestErasureLeavesAnAppAloneThatMovedMeanwhile(t *testing.T) {
	eachCall(t, func(t *testing.T, w *erasing) (before, after error) {
		must(t, w.job().Handle(t.Context(), appPut("app-003", "43", 500), registry.Stamp{SentAt: asked}))
		return nil, nil
	}, func(t *testing.T, w *erasing) {
		if app := w.tables["apps"]["app-003"]; app["deleted"] != nil || textOf(app["name"]) != "Name app-003" || w.tables["secrets"]["app-003"]["expires_at"] != nil {
			t.Errorf("the app is %v", app)
		}
	})
}

func TestErasureEndsWhenTheOrganizationComesBack(t *testing.T) {
	entry := attributes{"pk": text("42"), "sk": text("new"), "event": text("app.enable")}
	eachCall(t, func(t *testing.T, w *erasing) (before, after error) {
		for _, m := range []platform.RegistryMessage{orgPut("42", 5), appPut("app-003", "42", 500), appPut("new", "42", 1)} {
			must(t, w.job().Handle(t.Context(), m, registry.Stamp{SentAt: asked}))
		}
		w.tables["audit"]["42 new"] = entry
		return nil, nil
	}, func(t *testing.T, w *erasing) {
		for _, id := range []string{"app-003", "new"} {
			if app := w.tables["apps"][id]; app["deleted"] != nil || textOf(app["name"]) != "Name "+id {
				t.Errorf("the app is %v", app)
			}
		}
		org := w.tables["organizations"]["42"]
		if org["deleted"] != nil || org["deleted_at"] != nil || org["owners"] == nil || w.tables["audit"]["42 new"] == nil {
			t.Errorf("the organization is %v, the entry %v", org, w.tables["audit"]["42 new"])
		}
	})
}

func TestErasureOfDuplicateLateAndEqualMessages(t *testing.T) {
	w := newErasing(t, 3)
	w.handle(t, deletion42())
	want := w.kept()
	same := func(t *testing.T, what string) {
		t.Helper()
		if diff := cmp.Diff(want, w.kept(), allItems); diff != "" {
			t.Errorf("%s (-before +after):\n%s", what, diff)
		}
	}
	if receives := w.handle(t, deletion42()); receives != 1 {
		t.Errorf("a duplicate was received %d times", receives)
	}
	same(t, "a duplicate")
	for _, m := range []platform.RegistryMessage{orgPut("42", 3), platform.OrganizationDelete{OrganizationID: "42", Version: 2},
		appPut("app-000", "42", 100), appPut("app-000", "42", 99), platform.AppDelete{AppID: "app-000", Version: 100}} {
		if err := w.job().Handle(t.Context(), m, registry.Stamp{SentAt: asked}); err != nil {
			t.Error(err)
		}
		same(t, fmt.Sprintf("%T of before", m))
	}
	if err := appsOf(w.engine).PutApp(t.Context(), appPut("app-000", "42", 100).App, []platform.Secret{"hush"}); !errors.Is(err, registry.ErrStale) {
		t.Errorf("the put with which the app was erased, again: %v", err)
	}
	organizations := dynamo.Organizations{API: w, Table: "organizations"}
	if err := organizations.PutOrganization(t.Context(), orgPut("42", 4).Organization); !errors.Is(err, registry.ErrConflict) {
		t.Errorf("a put with the deletion's version: %v", err)
	}
	if _, err := w.job().Erasures.EntombOrganization(t.Context(), registry.Erasure{OrganizationID: "43", Version: 9, At: asked}, noon); !errors.Is(err, registry.ErrConflict) {
		t.Errorf("a deletion with a put's version: %v", err)
	}
	if _, err := w.job().Erasures.EntombOrganization(t.Context(), registry.Erasure{OrganizationID: "42", Version: 2, At: asked}, noon); !errors.Is(err, registry.ErrStale) {
		t.Errorf("an older deletion: %v", err)
	}
	same(t, "of equal and older versions")

	must(t, w.job().Handle(t.Context(), appPut("app-000", "42", 101), registry.Stamp{SentAt: asked}))
	app := w.tables["apps"]["app-000"]
	if app["deleted"] != nil || app["deleted_at"] != nil || textOf(app["generation"]) != "2" || w.tables["secrets"]["app-000"]["expires_at"] != nil {
		t.Errorf("a newer put leaves %v", app)
	}
}

func TestErasureIsOfTheAuditToo(t *testing.T) { // an enabling that comes late must not name the person who asked for it
	w := newErasing(t, 3)
	w.handle(t, deletion42())
	want := maps.Clone(w.tables["audit"])
	must(t, w.job().Handle(t.Context(), platform.AppEnable{AppID: "app-002", Actor: platform.Actor{Raw: []byte(`{"name":"Ada"}`)}}, registry.Stamp{SentAt: noon}))
	if diff := cmp.Diff(want, w.tables["audit"], allItems); diff != "" || w.tables["apps"]["app-002"]["disabled_at"] != nil {
		t.Errorf("the app is %v, the audit (-before +after):\n%s", w.tables["apps"]["app-002"], diff)
	}
}

func TestErasureOfAnOrganizationThatWasNeverPut(t *testing.T) {
	w := newErasing(t, 0)
	must(t, w.job().Handle(t.Context(), appPut("lone", "44", 1), registry.Stamp{SentAt: asked}))
	w.handle(t, platform.OrganizationDelete{OrganizationID: "44", Version: 1})
	if !w.erased("lone") || w.tables["organizations"]["44"]["deleted"] == nil {
		t.Errorf("left: %v, %v", w.tables["apps"]["lone"], w.tables["organizations"]["44"])
	}
}

func TestErasureLeavesTimeToOthers(t *testing.T) {
	w := newErasing(t, 3)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
	defer cancel()
	w.now = time.Now().Add(time.Hour) // a third of no time
	apps := maps.Clone(w.tables["apps"])
	w.fault = func(call, _ string) (before, after error) {
		if strings.HasPrefix(call, "Query") {
			return context.DeadlineExceeded, nil
		}
		return nil, nil
	}
	err := w.job().Handle(ctx, deletion42(), registry.Stamp{SentAt: asked})
	var delayed *registry.DelayedError
	if !errors.As(err, &delayed) || delayed.After != time.Second {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(apps, w.tables["apps"], allItems); diff != "" {
		t.Errorf("without time (-before +after):\n%s", diff)
	}
	w.fault = nil
	w.handle(t, deletion42())
	if !w.erased("app-000") {
		t.Error("it did not go on")
	}
}
