package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/tally"
)

// fakeReads is a table or an index that answers in pages and counts requests.
type fakeReads struct {
	hash, sort string // the attributes of the key
	items      []item
	page       int // the most items that a request reads; 0: all
	left       int // how many keys of each call BatchGetItem always leaves unprocessed
	requests   int
}

func (f *fakeReads) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	f.requests++
	values := item(in.ExpressionAttributeValues)
	hash := f.hash
	if in.IndexName != nil {
		hash, _, _ = strings.Cut(*in.KeyConditionExpression, " ")
	}
	hashValue, _, _ := strings.Cut(*in.KeyConditionExpression, " AND ")
	want := values.text(hashValue[strings.LastIndexByte(hashValue, ':'):])
	var found []item
	for _, i := range f.items {
		key := i.text(f.sort)
		if i.text(hash) != want || values[":low"] != nil && (key < values.text(":low") || key > values.text(":high")) ||
			values[":sk"] != nil && key != values.text(":sk") {
			continue
		}
		found = append(found, i)
	}
	slices.SortFunc(found, func(a, b item) int { return cmp.Compare(a.text(f.sort), b.text(f.sort)) })
	if in.ScanIndexForward != nil && !*in.ScanIndexForward {
		slices.Reverse(found)
	}
	if start := item(in.ExclusiveStartKey).text(f.sort); start != "" {
		found = found[slices.IndexFunc(found, func(i item) bool { return i.text(f.sort) == start })+1:]
	}
	most := len(found)
	if f.page > 0 {
		most = min(most, f.page)
	}
	if in.Limit != nil {
		most = min(most, int(*in.Limit))
	}
	out := &dynamodb.QueryOutput{}
	if most < len(found) {
		out.LastEvaluatedKey = item{hash: text(want), f.sort: found[most-1][f.sort]}
	}
	for _, i := range found[:most] {
		out.Items = append(out.Items, i)
	}
	return out, nil
}

func (f *fakeReads) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	f.requests++
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}}
	for table, wanted := range in.RequestItems {
		if len(wanted.Keys) > 100 {
			return nil, errors.New("too many keys")
		}
		for n, key := range wanted.Keys {
			if n < f.left {
				out.UnprocessedKeys = map[string]types.KeysAndAttributes{table: {Keys: wanted.Keys[:f.left]}}
				continue
			}
			for _, i := range f.items {
				if i.text(f.hash) == item(key).text(f.hash) && i.text(f.sort) == item(key).text(f.sort) {
					out.Responses[table] = append(out.Responses[table], i)
				}
			}
		}
	}
	return out, nil
}

func (f *fakeReads) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return nil, errors.New("not asked for here")
}

func (f *fakeReads) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	f.requests++
	start := 0
	if after := item(in.ExclusiveStartKey).text(f.hash); after != "" {
		start = slices.IndexFunc(f.items, func(i item) bool { return i.text(f.hash) == after }) + 1
	}
	end := min(start+f.page, len(f.items))
	out := &dynamodb.ScanOutput{}
	for _, i := range f.items[start:end] {
		out.Items = append(out.Items, i)
	}
	if end < len(f.items) {
		out.LastEvaluatedKey = item{f.hash: f.items[end-1][f.hash]}
	}
	return out, nil
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// logOf is a log with an entry for each hour back from noon. Every third entry
// failed.
func logOf(hours int) *fakeReads {
	f := &fakeReads{hash: "pk", sort: "sk"}
	for n := range hours {
		e := delivery.Entry{Time: noon.Add(-time.Duration(n) * time.Hour), AppID: "17", WebhookID: fmt.Sprint("evt_", n), MessageID: "12345678",
			EventType: "issue.created", Attempt: 1, Outcome: "success", Sent: true, ResponseCode: 200}
		if n%3 == 2 {
			e.Outcome, e.ResponseCode = "error", 404
		}
		f.items = append(f.items, encodeEntry(e))
	}
	return f
}

func TestRequestsReaderSearchesNewestFirstUntilEnoughAreRead(t *testing.T) {
	db := logOf(100)
	db.page = 7
	found, err := RequestsReader{API: db, Table: "requests"}.Search(t.Context(), LogSearch{AppID: "17", Since: noon.AddDate(0, 0, -30), Until: noon,
		Read: 20, MaxRequests: 40, Outcome: "error"})
	if err != nil || found.Read != 20 || len(found.Entries) != 6 || found.Whole || db.requests > 5 {
		t.Fatalf("read %d in %d requests, found %d, whole %t, %v", found.Read, db.requests, len(found.Entries), found.Whole, err)
	}
	if first, last := found.Entries[0].WebhookID, found.Entries[5].WebhookID; first != "evt_2" || last != "evt_17" {
		t.Errorf("found %s to %s", first, last)
	}
	if want := noon.Add(-19 * time.Hour); !found.Oldest.Equal(want) {
		t.Errorf("the oldest is of %s, want %s", found.Oldest, want)
	}
}

func TestRequestsReaderSearchGoesOnAfterAPage(t *testing.T) {
	for _, failures := range []bool{false, true} {
		db := logOf(100)
		db.page = 7
		r := RequestsReader{API: db, Table: "requests"}
		s := LogSearch{AppID: "17", Since: noon.Add(-60 * time.Hour), Until: noon, Wanted: 5, MaxRequests: 3, Failures: failures}
		var ids []string
		for pages := 0; ; pages++ {
			found, err := r.Search(t.Context(), s)
			if err != nil || pages > 40 || len(found.Entries) > 5 {
				t.Fatalf("page %d has %d entries, %v", pages, len(found.Entries), err)
			}
			for _, e := range found.Entries {
				ids = append(ids, e.WebhookID)
			}
			if found.Whole != (found.Next == "") {
				t.Fatalf("whole %t, next %q", found.Whole, found.Next)
			}
			if s.After = found.Next; found.Whole {
				break
			}
		}
		var want []string
		for n := range 61 {
			if !failures || n%3 == 2 {
				want = append(want, fmt.Sprint("evt_", n))
			}
		}
		if !slices.Equal(ids, want) {
			t.Errorf("failures %t: got %v", failures, ids)
		}
	}
}

func TestRequestsReaderSearchStopsAfterItsRequests(t *testing.T) {
	for name, db := range map[string]*fakeReads{"an empty log": logOf(0), "a log without end": {hash: "pk", sort: "sk", page: 1, items: logOf(200).items}} {
		found, err := RequestsReader{API: db, Table: "requests"}.Search(t.Context(), LogSearch{AppID: "17", Since: noon.AddDate(0, 0, -30), Until: noon,
			WebhookID: "evt_nowhere", MaxRequests: 10})
		if err != nil || db.requests != 10 || found.Whole || found.Next == "" {
			t.Errorf("%s: %d requests, whole %t, next %q, %v", name, db.requests, found.Whole, found.Next, err)
		}
	}
	db := logOf(0)
	found, err := RequestsReader{API: db, Table: "requests"}.Search(t.Context(), LogSearch{AppID: "17", Since: noon.AddDate(0, 0, -30), Until: noon, MaxRequests: 40})
	if err != nil || db.requests != 31 || !found.Whole {
		t.Errorf("30 empty days: %d requests, whole %t, %v", db.requests, found.Whole, err)
	}
}

func TestRequestsReaderSearchRefusesTheMarkOfAnotherQuestion(t *testing.T) {
	for _, mark := range []string{"nonsense", "2026-11-26 x", "2026-10-01 x"} {
		_, err := RequestsReader{API: logOf(3), Table: "requests"}.Search(t.Context(), LogSearch{AppID: "17", Since: noon.AddDate(0, 0, -1), Until: noon,
			MaxRequests: 5, After: mark})
		if !errors.Is(err, ErrBadPage) {
			t.Errorf("%q: %v", mark, err)
		}
	}
}

func TestRequestsReaderReadsTheEntryThatAKeyNames(t *testing.T) {
	db := logOf(3)
	r := RequestsReader{API: db, Table: "requests"}
	found, err := r.Search(t.Context(), LogSearch{AppID: "17", Since: noon.AddDate(0, 0, -1), Until: noon, MaxRequests: 5, Read: 5})
	if err != nil {
		t.Fatal(err)
	}
	e, ok, err := r.ReadEntry(t.Context(), "17", EntryKey(found.Entries[2]))
	if err != nil || !ok || e.WebhookID != "evt_2" || e.ResponseCode != 404 {
		t.Errorf("got %+v, %t, %v", e, ok, err)
	}
	if _, ok, err := r.ReadEntry(t.Context(), "18", EntryKey(found.Entries[2])); ok || err != nil {
		t.Errorf("of another app: %t, %v", ok, err)
	}
	if _, _, err := r.ReadEntry(t.Context(), "17", "evt_2"); err == nil {
		t.Error("what is no key was looked for")
	}
}

func TestAppsReaderReadsAStandingInOneRequestAPart(t *testing.T) {
	db := &fakeReads{hash: "id", sort: "id", page: 2}
	for n := range 5 {
		db.items = append(db.items, item{"id": text(fmt.Sprint(n)), "standing": text("warned#3")})
	}
	ids, more, err := AppsReader{API: db, Table: "apps"}.ReadStanding(t.Context(), StandingWarned, 3)
	if err != nil || len(ids) != 2 || !more || db.requests != 1 {
		t.Errorf("got %v, more %t, %d requests, %v", ids, more, db.requests, err)
	}
	ids, more, err = AppsReader{API: db, Table: "apps"}.ReadStanding(t.Context(), StandingDisabled, 3)
	if err != nil || len(ids) != 0 || more {
		t.Errorf("disabled: %v, more %t, %v", ids, more, err)
	}
}

func TestAppsReaderReadsAHundredAppsARequest(t *testing.T) {
	db := &fakeReads{hash: "id", sort: "id"}
	var ids []string
	for n := range 250 {
		ids = append(ids, fmt.Sprint(n))
		if n != 7 {
			db.items = append(db.items, item{"id": text(fmt.Sprint(n)), "status": text("internal")})
		}
	}
	apps, err := AppsReader{API: db, Table: "apps"}.ReadSome(t.Context(), ids)
	if err != nil || len(apps) != 249 || db.requests != 3 {
		t.Errorf("%d apps, %d requests, %v", len(apps), db.requests, err)
	}
	db.left = 1
	if _, err := (AppsReader{API: db, Table: "apps"}).ReadSome(t.Context(), ids[:10]); err == nil {
		t.Error("an app that DynamoDB left unread is taken for none")
	}
}

func TestAppsReaderScansPageByPage(t *testing.T) {
	db := &fakeReads{hash: "id", sort: "id", page: 2}
	for n := range 5 {
		db.items = append(db.items, item{"id": text(fmt.Sprint(n))})
	}
	var seen []string
	for after, pages := "", 0; pages < 9; pages++ {
		apps, next, err := AppsReader{API: db, Table: "apps"}.Scan(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		for _, app := range apps {
			seen = append(seen, app.ID)
		}
		if after = next; after == "" {
			break
		}
	}
	if !slices.Equal(seen, []string{"0", "1", "2", "3", "4"}) || db.requests != 3 {
		t.Errorf("saw %v in %d requests", seen, db.requests)
	}
}

func TestBufferReaderReadsWhoFailsAndHowOften(t *testing.T) {
	db := &fakeReads{hash: "pk", sort: "day", items: []item{
		{"pk": text("17#42#1"), "day": text("2026-11-25"), "failing_since": text("2026-11-25T10:00:00.000Z"), "failing_day": text("2026-11-25#4"), "error_count": number(3), "success_count": number(1)},
		{"pk": text("18#42#1"), "day": text("2026-11-25"), "success_count": number(5)},
	}}
	r := BufferReader{API: db, Table: "buffer"}
	keys, more, err := r.ReadFailing(t.Context(), "2026-11-25#4")
	if err != nil || more || !slices.Equal(keys, []string{"17#42#1"}) {
		t.Fatalf("got %v, more %t, %v", keys, more, err)
	}
	days, err := r.ReadDay(t.Context(), "2026-11-25", []string{"17#42#1", "19#42#1"})
	if want := (tally.Counts{Success: 1, Error: 3}); err != nil || len(days) != 1 || days["17#42#1"].Counts != want || days["17#42#1"].Clues.FailingSince.IsZero() {
		t.Errorf("got %v, %v", days, err)
	}
}

func TestAuditReaderPagesAndLeavesOutWhatIsNoEntry(t *testing.T) {
	db := &fakeReads{hash: "pk", sort: "sk", page: 3, items: []item{
		{"pk": text(brakeKey), "sk": text("2026-11-25T10:00:00.000Z"), "disablings": number(4)},
		{"pk": text(brakeKey), "sk": text("2026-11-25T10:20:00.000Z#brake.open"), "event": text("brake.open"), "open_until": text("2026-11-25T12:00:00.000Z")},
		{"pk": text(brakeKey), "sk": text("2026-11-25T10:30:00.000Z#brake.open#warning"), "event": text("brake.open"), "brake": text("warning")},
		{"pk": text(brakeKey), "sk": text("warning#2026-11-25T10:00:00.000Z"), "warnings": number(4)},
		{"pk": text(brakeKey), "sk": text("latch"), "until": text("2026-11-25T10:00:00.000Z")},
	}}
	for n := range 8 {
		db.items = append(db.items, item{"pk": text("42"), "sk": text(fmt.Sprintf("2026-11-2%dT00:00:00.000Z#internal-integration.disable#%d", n, n%2)),
			"event": text("internal-integration.disable"), "app_id": text(fmt.Sprint(n % 2)), "sender_id": text("AROA:ada")})
	}
	r := AuditReader{API: db, Table: "audit"}
	page, err := r.Read(t.Context(), AuditQuery{OrganizationID: "42", AppID: "1", Limit: 2, MaxRequests: 9})
	if err != nil || len(page.Entries) != 2 || page.Entries[0].Time.Day() != 27 || page.Entries[0].SenderID != "AROA:ada" || page.Next == "" {
		t.Fatalf("got %+v, %v", page, err)
	}
	page, err = r.Read(t.Context(), AuditQuery{OrganizationID: "42", AppID: "1", Limit: 9, MaxRequests: 9, After: page.Next})
	if err != nil || len(page.Entries) != 2 || page.Entries[0].Time.Day() != 23 || page.Next != "" {
		t.Errorf("the next page: %+v, %v", page, err)
	}
	db.requests = 0
	page, err = r.Read(t.Context(), AuditQuery{OrganizationID: "42", AppID: "nobody", Limit: 2, MaxRequests: 2})
	if err != nil || db.requests != 2 || page.Next == "" {
		t.Errorf("%d requests, next %q, %v", db.requests, page.Next, err)
	}
	page, err = r.Read(t.Context(), AuditQuery{OrganizationID: BrakeAudit, Limit: 9, MaxRequests: 9})
	if err != nil || len(page.Entries) != 2 || page.Entries[0].Brake != "warning" || page.Entries[1].Brake != "disable" || page.Entries[1].OpenUntil.Hour() != 12 {
		t.Errorf("of the brake: %+v, %v", page, err)
	}
	if _, err := r.Read(t.Context(), AuditQuery{OrganizationID: "42", Limit: 1, MaxRequests: 1, After: "x"}); !errors.Is(err, ErrBadAuditPage) {
		t.Errorf("a wrong mark: %v", err)
	}
}

func TestNoticesReaderReadsWhatBecameOfMails(t *testing.T) {
	db := &fakeReads{hash: "pk", sort: "pk", items: []item{
		{"pk": text("n1"), "state": text("sent"), "claimed_at": timestamp(noon), "sent_at": timestamp(noon.Add(time.Second)), "message_id": text("m")}}}
	states, err := NoticesReader{API: db, Table: "notices"}.ReadNotices(t.Context(), []string{"n1", "n2"})
	want := NoticeState{State: "sent", ClaimedAt: noon, SentAt: noon.Add(time.Second), MessageID: "m"}
	if err != nil || len(states) != 1 || states["n1"] != want {
		t.Errorf("got %+v, %v", states, err)
	}
}

// A read that leaves nothing out would show a body.
func TestRequestsReaderSearchAsksForNoBodies(t *testing.T) {
	db := &projections{fakeReads: logOf(1)}
	if _, err := (RequestsReader{API: db, Table: "requests"}).Search(t.Context(), LogSearch{AppID: "17", Since: noon, Until: noon, MaxRequests: 1}); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(db.names, "sk") || slices.Contains(db.names, "request_body") || slices.Contains(db.names, "request_headers") {
		t.Errorf("asked for %v", db.names)
	}
}

type projections struct {
	*fakeReads
	names []string
}

func (p *projections) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	for name := range strings.SplitSeq(aws.ToString(in.ProjectionExpression), ", ") {
		p.names = append(p.names, in.ExpressionAttributeNames[name])
	}
	return p.fakeReads.Query(ctx, in, o...)
}
