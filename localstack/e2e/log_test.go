package e2e

import (
	"net/http"
	"testing"
	"time"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
)

// TestLogIsReadNewestFirst reads the log as a dashboard of the platform
// would.
func TestLogIsReadNewestFirst(t *testing.T) {
	t.Parallel()
	a := newApp(t, newOrganization(t, 1), "internal", func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Sentry-Hook-Error", "e1")
		w.Header().Set("Sentry-Hook-Project", "p1")
		alternately(200, 400)(w, r, n)
	})
	for range 3 {
		a.send(t, a.webhook(nil))
		a.send(t, a.webhook(object{"resource": "error"}))
	}
	a.send(t, a.webhook(object{"resource": "comment"})) // not subscribed
	a.entries(t, 7)
	// An entry of yesterday, so that pages go over days.
	yesterday := time.Now().UTC().AddDate(0, 0, -1)
	old := delivery.Entry{Time: yesterday, AppID: a.id, WebhookID: "evt_old", MessageID: "m", EventType: "issue.created",
		Attempt: 1, Outcome: "error", Sent: true, ResponseCode: 404}
	if left := (dynamo.Requests{API: running.DB, Table: running.Names["REQUESTS_TABLE"]}).WriteEntries(t.Context(), []delivery.Entry{old}); left != nil {
		t.Fatal("not written")
	}

	log := dynamo.RequestsReader{API: running.DB, Table: running.Names["REQUESTS_TABLE"]}
	read := func(search dynamo.LogSearch) (entries []delivery.Entry, pages int) {
		t.Helper()
		search.AppID, search.Since, search.Until, search.MaxRequests = a.id, yesterday.Add(-time.Second), time.Now(), 10
		for {
			page, err := log.Search(t.Context(), search)
			must(t, err)
			if len(page.Entries) > search.Wanted {
				t.Fatalf("a page of %d entries", len(page.Entries))
			}
			entries, pages = append(entries, page.Entries...), pages+1
			if search.After = page.Next; page.Whole {
				return entries, pages
			}
		}
	}
	all, pages := read(dynamo.LogSearch{Wanted: 3})
	if len(all) != 8 || pages != 3 || all[7].WebhookID != "evt_old" {
		t.Errorf("%d entries on %d pages, the last is %+v", len(all), pages, all[len(all)-1])
	}
	for i := 1; i < len(all); i++ {
		if all[i].Time.After(all[i-1].Time) {
			t.Errorf("entry %d is newer than the one before it", i)
		}
	}
	failures, _ := read(dynamo.LogSearch{Wanted: 10, Failures: true})
	if len(failures) != 4 {
		t.Errorf("%d failures", len(failures))
	}
	for _, e := range failures {
		if e.Outcome != "error" || !e.Failed() {
			t.Errorf("among the failures: %+v", e)
		}
	}
	issues, _ := read(dynamo.LogSearch{Wanted: 2, EventType: "issue.created"})
	if len(issues) != 4 {
		t.Errorf("%d entries of issue.created", len(issues))
	}
	for _, found := range all[:7] {
		e, ok, err := log.ReadEntry(t.Context(), a.id, dynamo.EntryKey(found))
		must(t, err)
		if !ok {
			t.Errorf("no entry has the key of %+v", found)
		}
		if e.Outcome == "error" && (e.ErrorID != "e1" || e.RequestHeaders["Sentry-Hook-Signature"] != "[redacted]" || e.RequestBody == "") {
			t.Errorf("a failure's entry is %+v", e)
		}
	}
}
