package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// failuresTable is a log whose index answers in pages.
type failuresTable struct {
	entries []item // as encodeEntry makes them
	page    int    // items, at most; 0: no limit
	fail    func(query int) error
	failGet error
	slow    time.Duration // each call

	queries, gets int
	read          int // items
	days          []string
}

func (f *failuresTable) wait(ctx context.Context) error {
	select {
	case <-time.After(f.slow):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *failuresTable) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	f.queries++
	if *in.IndexName != "failures" || *in.ScanIndexForward || *in.KeyConditionExpression != "failed_app = :pk AND sk >= :since" {
		return nil, errors.New("not the index, the newest first")
	}
	if f.slow > 0 {
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
	}
	if f.fail != nil {
		if err := f.fail(f.queries); err != nil {
			return nil, err
		}
	}
	values := item(in.ExpressionAttributeValues)
	f.days = append(f.days, values.text(":pk"))
	var found []item
	for _, e := range f.entries {
		sk := e.text("sk")
		after := in.ExclusiveStartKey == nil || sk < item(in.ExclusiveStartKey).text("sk")
		if e.text("failed_app") == values.text(":pk") && sk >= values.text(":since") && after {
			found = append(found, projected(e))
		}
	}
	slices.SortFunc(found, func(a, b item) int { return strings.Compare(b.text("sk"), a.text("sk")) })
	out := &dynamodb.QueryOutput{}
	size := int(*in.Limit)
	if f.page > 0 {
		size = min(size, f.page)
	}
	for _, e := range found[:min(len(found), size)] {
		out.Items = append(out.Items, e)
	}
	if len(out.Items) == size {
		out.LastEvaluatedKey = item{"sk": item(out.Items[size-1])["sk"]}
	}
	f.read += len(out.Items)
	return out, nil
}

// projected is what the index has of an entry.
func projected(e item) item {
	in := item{}
	for _, name := range []string{"pk", "sk", "failed_app", "event_type", "response_code", "outcome", "error_code", "attempt"} {
		if e[name] != nil {
			in[name] = e[name]
		}
	}
	return in
}

func (f *failuresTable) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if f.gets++; f.failGet != nil {
		return nil, f.failGet
	}
	out := &dynamodb.GetItemOutput{}
	for _, e := range f.entries {
		if e.text("pk") == item(in.Key).text("pk") && e.text("sk") == item(in.Key).text("sk") {
			out.Item = item{}
			for _, name := range strings.Split(*in.ProjectionExpression, ", ") {
				if e[name] != nil {
					out.Item[name] = e[name]
				}
			}
		}
	}
	return out, nil
}

const lastFailing = tally.Date("2026-11-24")

// log adds failed attempts, newest first, on a day that many days before the
// last.
func (f *failuresTable) log(back, count int, outcome, code string, status int, change ...func(*delivery.Entry)) {
	end := lastFailing.Plus(-back).End()
	for n := range count {
		e := delivery.Entry{Time: end.Add(-time.Duration(1+len(f.entries)) * time.Second), AppID: "17", WebhookID: fmt.Sprintf("evt_%d", n), MessageID: "m",
			EventType: "issue.created", Attempt: 1, Outcome: outcome, Code: code, Sent: true, ResponseCode: status, Duration: 21 * time.Millisecond,
			RequestHeaders: map[string]string{"X": "secret"}, RequestBody: "sent", ResponseBody: "<b>No\n" + outcome + "</b>", Detail: "It said no."}
		for _, c := range change {
			c(&e)
		}
		f.entries = append(f.entries, encodeEntry(e))
	}
}

// week is the last seven days, in no particular order.
func week() (days []tally.Date) {
	for _, back := range []int{3, 0, 6, 5, 1, 4, 2} {
		days = append(days, lastFailing.Plus(-back))
	}
	return days
}

func (f *failuresTable) diagnose(t *testing.T) platform.Diagnosis {
	t.Helper()
	d, err := Failures{API: f, Table: "requests"}.Diagnose(t.Context(), "17", week(), time.Time{})
	if err != nil {
		t.Error(err)
	}
	return d
}

func TestFailuresAreDividedByHowTheyEnded(t *testing.T) {
	f := &failuresTable{}
	f.log(0, 3, "connection_error", "tls", 0)
	f.log(0, 1, "expired", "", 0, func(e *delivery.Entry) { e.Sent = false })
	f.log(0, 9, "error", "", 403, func(e *delivery.Entry) { e.Test = true })
	f.log(1, 9, "connection_error", "dns_temporary", 0)
	f.log(1, 5, "error", "", 403)
	f.log(2, 3, "error", "", 401)
	f.log(3, 1, "timeout", "timeout_response", 0)
	f.log(4, 1, "server_error", "", 500)
	f.log(6, 1, "server_error", "", 502)
	f.log(7, 40, "error", "", 404) // on a day that was not asked for
	first := f.entries[3+1+9+9]
	want := platform.Diagnosis{Read: 14, Answers: []platform.Answer{{Outcome: "error", Status: 403, Count: 5}, {Outcome: "connection_error", Code: "tls", Count: 3},
		{Outcome: "error", Status: 401, Count: 3}, {Outcome: "server_error", Status: 500, Count: 1}, {Outcome: "server_error", Status: 502, Count: 1}},
		Example: &platform.FailedRequest{At: strings.Split(first.text("sk"), "#")[0], WebhookID: "evt_0", EventType: "issue.created",
			Outcome: "error", Status: 403, DurationMS: 21, Detail: "It said no.", Body: "<b>No error</b>"}}
	if diff := cmp.Diff(want, f.diagnose(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f.queries != 7 || f.gets != 1 || f.days[0] != "17#2026-11-24" || f.days[6] != "17#2026-11-18" {
		t.Errorf("%d queries, %d gets, %v", f.queries, f.gets, f.days)
	}
}

func TestFailuresOfBeforeAreNotRead(t *testing.T) {
	f := &failuresTable{}
	f.log(0, 2, "gone", "", 410)
	since := f.entries[1].began()
	f.log(0, 50, "error", "", 403)
	d, err := Failures{API: f, Table: "requests"}.Diagnose(t.Context(), "17", week(), since)
	if err != nil || d.Read != 2 || len(d.Answers) != 1 || d.Answers[0].Status != 410 {
		t.Errorf("got %+v, %v", d, err)
	}
}

// began is when an entry's attempt began.
func (i item) began() time.Time { return decodeEntry(i).Time }

func TestFailuresThatAreReadAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		page, perDay          int
		wantRead, wantQueries int
		wantMore              bool
	}{
		"few":                         {0, 10, 70, 7, false},
		"more than are read":          {0, 300, 1000, 4, true},
		"exactly as many as are read": {0, 1000, 1000, 1, true},
		"very small pages":            {3, 100, 24, 8, true},
		"no entry at all":             {0, 0, 0, 7, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := &failuresTable{page: c.page}
			for back := range 7 {
				f.log(back, c.perDay, "error", "", 403)
			}
			d := f.diagnose(t)
			if f.read != c.wantRead || int(d.Read) != c.wantRead || f.queries != c.wantQueries || d.More != c.wantMore {
				t.Errorf("%d read in %d queries, diagnosis of %d, more: %t", f.read, f.queries, d.Read, d.More)
			}
			if c.perDay == 0 && (!d.IsZero() || f.gets != 0) {
				t.Errorf("%+v, %d gets", d, f.gets)
			}
		})
	}
}

func TestFailuresThatCannotAllBeReadAreSaidAsFarAsTheyGo(t *testing.T) {
	throttled := errors.New("throttled")
	t.Run("at the first query", func(t *testing.T) {
		f := &failuresTable{fail: func(int) error { return throttled }}
		f.log(0, 3, "error", "", 403)
		d, err := Failures{API: f, Table: "requests"}.Diagnose(t.Context(), "17", week(), time.Time{})
		if !errors.Is(err, throttled) || !d.IsZero() {
			t.Errorf("got %+v, %v", d, err)
		}
	})
	t.Run("at a later one", func(t *testing.T) {
		f := &failuresTable{fail: func(n int) error {
			if n == 2 {
				return throttled
			}
			return nil
		}}
		f.log(0, 3, "error", "", 403)
		d, err := Failures{API: f, Table: "requests"}.Diagnose(t.Context(), "17", week(), time.Time{})
		if !errors.Is(err, throttled) || d.Read != 3 || !d.More || d.Example == nil || d.Example.Body != "" || f.gets != 0 {
			t.Errorf("got %+v, %v, %d gets", d, err, f.gets)
		}
	})
	t.Run("at the example", func(t *testing.T) {
		f := &failuresTable{failGet: throttled}
		f.log(0, 3, "error", "", 403)
		d, err := Failures{API: f, Table: "requests"}.Diagnose(t.Context(), "17", week(), time.Time{})
		if !errors.Is(err, throttled) || d.Read != 3 || d.Example == nil || d.Example.Status != 403 || d.Example.Body != "" {
			t.Errorf("got %+v, %v", d, err)
		}
	})
	t.Run("within the time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := &failuresTable{slow: 400 * time.Millisecond}
			for back := range 7 {
				f.log(back, 1, "error", "", 403)
			}
			begin := time.Now()
			d, err := Failures{API: f, Table: "requests"}.Diagnose(t.Context(), "17", week(), time.Time{})
			if took := time.Since(begin); took > 1500*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) || d.Read != 3 || !d.More {
				t.Errorf("got %+v, %v, after %v", d, err, took)
			}
		})
	})
}

func TestFailuresHaveAnExampleThatIsInertAndShort(t *testing.T) {
	f := &failuresTable{}
	f.log(0, 1, "error", "", 403, func(e *delivery.Entry) { e.ResponseBody = "a\x00\r\nb " + strings.Repeat("é", 400) })
	if got := f.diagnose(t).Example.Body; got != "a b "+strings.Repeat("é", 148) {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	binary := &failuresTable{}
	binary.log(0, 1, "error", "", 403, func(e *delivery.Entry) { e.ResponseBody = delivery.NotText + "AAEC" })
	if got := binary.diagnose(t).Example; got.Body != "" || got.DurationMS != 21 {
		t.Errorf("%+v", got)
	}
}
