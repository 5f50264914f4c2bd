package e2e

import (
	"net/http"
	"testing"
	"time"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/tally"
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

	read := func(q dynamo.LogQuery) (entries []delivery.Entry, pages int) {
		t.Helper()
		q.AppID, q.First, q.Last = a.id, tally.DateOf(yesterday), tally.DateOf(time.Now())
		log := dynamo.RequestsReader{API: running.DB, Table: running.Names["REQUESTS_TABLE"]}
		for {
			page, err := log.Read(t.Context(), q)
			must(t, err)
			if len(page.Entries) > q.Limit {
				t.Fatalf("a page of %d entries", len(page.Entries))
			}
			entries, pages = append(entries, page.Entries...), pages+1
			if q.After = page.Next; q.After == "" {
				return entries, pages
			}
		}
	}
	all, pages := read(dynamo.LogQuery{Limit: 3})
	if len(all) != 8 || pages != 3 || all[7].WebhookID != "evt_old" {
		t.Errorf("%d entries on %d pages, the last is %+v", len(all), pages, all[len(all)-1])
	}
	for i := 1; i < len(all); i++ {
		if all[i].Time.After(all[i-1].Time) {
			t.Errorf("entry %d is newer than the one before it", i)
		}
	}
	failures, _ := read(dynamo.LogQuery{Limit: 10, Failures: true})
	if len(failures) != 4 {
		t.Errorf("%d failures", len(failures))
	}
	for _, e := range failures {
		if e.Outcome != "error" || !e.Failed() {
			t.Errorf("among the failures: %+v", e)
		}
	}
	issues, _ := read(dynamo.LogQuery{Limit: 2, EventType: "issue.created"})
	if len(issues) != 4 {
		t.Errorf("%d entries of issue.created", len(issues))
	}
	for _, e := range all[:7] {
		if e.Outcome == "error" && (e.ErrorID != "e1" || e.RequestHeaders["Sentry-Hook-Signature"] != "[redacted]" || e.RequestBody == "") {
			t.Errorf("a failure's entry is %+v", e)
		}
	}
}
