package platform

import (
	"encoding/json"
	"testing"
	"time"

	"hookwarden/shared/tally"
)

func TestEventIsWrittenAsThePlatformReadsIt(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 5e6, time.UTC)
	e := NewEvent("app.disabled", App{ID: "17", Slug: "bot", Name: "Bot", OrganizationID: "42"}, Organization{ID: "42", Slug: "acme", Name: "Acme"}, at)
	e.Reason, e.Evidence = "gone", []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: 3, Gone: 3}}}
	e.Actor = json.RawMessage(`{"id":7}`)
	const want = `{"id":"d673552307a180d346a06894a6fc1b35","type":"app.disabled","at":"2026-11-24T12:00:00.005Z",` +
		`"app":{"id":"17","slug":"bot","name":"Bot","kind":"sentry-app"},"organization":{"id":"42","slug":"acme","name":"Acme"},"reason":"gone",` +
		`"evidence":[{"day":"2026-11-24","success":0,"error":3,"timeout":0,"gone":3,"fatal":0,"other":0}],"actor":{"id":7}}`
	if got, err := json.Marshal(e); err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

func TestEventHasOneIDForEachChangeOfEachApp(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	id := func(kind, app, name string, at time.Time) string {
		return NewEvent(kind, App{ID: app, Name: name}, Organization{}, at).ID
	}
	first := id("app.disabled", "17", "Bot", at)
	if again := id("app.disabled", "17", "Renamed", at.In(time.FixedZone("", 3600))); again != first {
		t.Errorf("%s, and again %s", first, again)
	}
	for _, other := range []string{id("app.enabled", "17", "Bot", at), id("app.disabled", "18", "Bot", at), id("app.disabled", "17", "Bot", at.Add(time.Millisecond))} {
		if other == first {
			t.Errorf("another change has the id %s", other)
		}
	}
}

func TestEventOfAnUnknownOrganizationNamesIt(t *testing.T) {
	e := NewEvent("app.disabled", App{ID: "17", OrganizationID: "42"}, Organization{}, time.Time{})
	if e.Organization != (NoticeOrganization{ID: "42"}) {
		t.Errorf("got %+v", e.Organization)
	}
}
