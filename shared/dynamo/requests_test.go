package dynamo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/delivery"
)

// fakeWrites takes entries as BatchWriteItem does. It refuses a call with a key
// twice or with too many, and leaves entries unprocessed as it is told.
type fakeWrites struct {
	calls   [][]string // event types, by call
	refused map[string]bool
	err     error
}

func (f *fakeWrites) BatchWriteItem(_ context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	var call []string
	keys := make(map[string]bool)
	left := make(map[string][]types.WriteRequest)
	for table, writes := range in.RequestItems {
		for _, w := range writes {
			i := item(w.PutRequest.Item)
			if call = append(call, i.text("event_type")); keys[entryKey(i)] {
				return nil, errors.New("a key is there twice")
			}
			keys[entryKey(i)] = true
			if f.refused[i.text("event_type")] {
				left[table] = append(left[table], w)
			}
		}
	}
	f.calls = append(f.calls, call)
	if len(call) > 25 {
		return nil, errors.New("too many writes")
	}
	return &dynamodb.BatchWriteItemOutput{UnprocessedItems: left}, f.err
}

func logEntry(webhook, event string) delivery.Entry {
	return delivery.Entry{Time: time.UnixMilli(1764000000000), AppID: "17", WebhookID: webhook, MessageID: "m", EventType: event, Outcome: "skipped"}
}

func TestEntriesThatAreUnprocessedAreReturned(t *testing.T) {
	first, second, third := logEntry("e1", "a.a"), logEntry("e2", "b.b"), logEntry("e3", "c.c")
	for name, test := range map[string]struct {
		db   fakeWrites
		want []delivery.Entry
	}{
		"none":       {fakeWrites{}, nil},
		"one":        {fakeWrites{refused: map[string]bool{"b.b": true}}, []delivery.Entry{second}},
		"all, lost":  {fakeWrites{err: errors.New("no connection")}, []delivery.Entry{first, second, third}},
		"the others": {fakeWrites{refused: map[string]bool{"a.a": true, "c.c": true}}, []delivery.Entry{first, third}},
	} {
		t.Run(name, func(t *testing.T) {
			requests := Requests{API: &test.db, Table: "requests", Logger: slog.New(slog.DiscardHandler)}
			if diff := cmp.Diff(test.want, requests.WriteEntries(t.Context(), []delivery.Entry{first, second, third})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEntriesWithOneKeyAreWrittenAsTheLaterOne(t *testing.T) {
	db := &fakeWrites{}
	requests := Requests{API: db, Table: "requests", Logger: slog.New(slog.DiscardHandler)}
	left := requests.WriteEntries(t.Context(), []delivery.Entry{logEntry("e1", "a.a"), logEntry("e2", "b.b"), logEntry("e1", "c.c")})
	if diff := cmp.Diff([][]string{{"c.c", "b.b"}}, db.calls); diff != "" || left != nil {
		t.Errorf("left %v (-want +got):\n%s", left, diff)
	}
}

func TestEntriesAreWrittenTwentyFiveAtOnce(t *testing.T) {
	db := &fakeWrites{}
	var entries []delivery.Entry
	for i := range 60 {
		entries = append(entries, logEntry(fmt.Sprint("e", i), "a.a"))
	}
	left := Requests{API: db, Table: "requests", Logger: slog.New(slog.DiscardHandler)}.WriteEntries(t.Context(), entries)
	if left != nil || len(db.calls) != 3 || len(db.calls[0]) != 25 || len(db.calls[2]) != 10 {
		t.Errorf("left %v, calls %v", left, db.calls)
	}
}

func TestEntriesOfWhatDidNotSucceedAreInTheIndexFailures(t *testing.T) {
	for name, c := range map[string]struct {
		entry delivery.Entry
		in    bool
	}{
		"a success":           {delivery.Entry{Sent: true, Outcome: "success", ResponseCode: 200}, false},
		"a skip":              {delivery.Entry{Outcome: "skipped", Code: "no_url"}, false},
		"a redirect":          {delivery.Entry{Sent: true, Outcome: "redirect", ResponseCode: 302}, true},
		"a blocked target":    {delivery.Entry{Sent: true, Outcome: "blocked", Code: "blocked_address"}, true},
		"an error":            {delivery.Entry{Sent: true, Outcome: "error", ResponseCode: 404}, true},
		"no answer":           {delivery.Entry{Sent: true, Outcome: "timeout"}, true},
		"an expired webhook":  {delivery.Entry{Outcome: "expired"}, true},
		"a test that failed":  {delivery.Entry{Sent: true, Outcome: "error", ResponseCode: 404, Test: true}, false},
		"a throttled attempt": {delivery.Entry{Sent: true, Outcome: "throttled", ResponseCode: 429}, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := c.entry
			e.Time, e.AppID, e.WebhookID, e.MessageID = time.UnixMilli(1764000000000), "17", "e1", "m"
			e.RequestBody = "body" // as far as it has one
			i := encodeEntry(e)
			want := ""
			if c.in {
				want = "17#2025-11-24"
			}
			if got := i.text("failed_app"); got != want {
				t.Errorf("failed_app is %q, want %q", got, want)
			}
			if got := i.text("request_body") != ""; got != (e.Failed() && e.Sent) {
				t.Errorf("with its body: %t", got)
			}
			if got := i["response_code"] != nil; got != e.Sent {
				t.Errorf("with a response_code: %t", got)
			}
		})
	}
}

func TestEntriesOfTestsAreMarked(t *testing.T) {
	e := logEntry("e1", "test.ping")
	if i := encodeEntry(e); i["test"] != nil || decodeEntry(i).Test {
		t.Errorf("an entry of no test has %v", i["test"])
	}
	e.Test = true
	i := encodeEntry(e)
	if diff := cmp.Diff(e, decodeEntry(i)); !i.bool("test") || diff != "" {
		t.Errorf("test is %v (-want +got):\n%s", i["test"], diff)
	}
}

func TestEntriesMarkAnAttemptThatSentItsRequestTwice(t *testing.T) {
	e := logEntry("e1", "a.a")
	e.Sent, e.Outcome, e.ResponseCode = true, "success", 200
	if i := encodeEntry(e); i["repeated"] != nil || decodeEntry(i).Repeated {
		t.Errorf("one that sent it once has %v", i["repeated"])
	}
	e.Repeated = true
	i := encodeEntry(e)
	if diff := cmp.Diff(e, decodeEntry(i)); !i.bool("repeated") || diff != "" {
		t.Errorf("repeated is %v (-want +got):\n%s", i["repeated"], diff)
	}
}

func TestEntriesOfFailuresKeepTheirDetail(t *testing.T) {
	e := logEntry("e1", "issue.created")
	e.Sent, e.Outcome, e.ResponseCode, e.Detail = true, "redirect", 302, "The redirect leads to https://new.example/hook"
	i := encodeEntry(e)
	if diff := cmp.Diff(e, decodeEntry(i)); i.text("detail") != e.Detail || diff != "" {
		t.Errorf("detail is %q (-want +got):\n%s", i.text("detail"), diff)
	}
	e.Outcome, e.ResponseCode = "success", 200
	if i := encodeEntry(e); i["detail"] != nil {
		t.Errorf("a success has %v", i["detail"])
	}
}
