package dynamo

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

type requestsAPI interface {
	BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
}

// Requests is the table of the request log.
type Requests struct {
	API    requestsAPI
	Table  string
	Logger *slog.Logger
}

var _ delivery.Log = Requests{}

const (
	requestLife  = 30 * 24 * time.Hour
	writesAtOnce = 25
)

// WriteEntries implements delivery.Log.
func (t Requests) WriteEntries(ctx context.Context, entries []delivery.Entry) (unwritten []delivery.Entry) {
	puts := make([]put, 0, len(entries))
	at := make(map[string]int, len(entries))
	for _, e := range entries {
		p := put{entry: e, item: encodeEntry(e)}
		p.key = entryKey(p.item)
		if i, twice := at[p.key]; twice { // no call may have a key twice
			puts[i] = p
			continue
		}
		at[p.key] = len(puts)
		puts = append(puts, p)
	}
	for chunk := range slices.Chunk(puts, writesAtOnce) {
		unwritten = append(unwritten, t.write(ctx, chunk)...)
	}
	return unwritten
}

// put is an entry to be written.
type put struct {
	entry delivery.Entry
	item  item
	key   string // entryKey
}

func entryKey(i item) string { return i.text("pk") + " " + i.text("sk") }

// write writes the entries of one call, once.
func (t Requests) write(ctx context.Context, puts []put) (unwritten []delivery.Entry) {
	writes := make([]types.WriteRequest, len(puts))
	for i, p := range puts {
		writes[i].PutRequest = &types.PutRequest{Item: p.item}
	}
	out, err := t.API.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
		RequestItems: map[string][]types.WriteRequest{t.Table: writes}}, once)
	if err != nil {
		t.Logger.WarnContext(ctx, "log not written", "error", err)
		return entriesOf(puts)
	}
	left := make(map[string]bool)
	for _, w := range out.UnprocessedItems[t.Table] {
		left[entryKey(w.PutRequest.Item)] = true
	}
	return entriesOf(slices.DeleteFunc(puts, func(p put) bool { return !left[p.key] }))
}

func entriesOf(puts []put) []delivery.Entry {
	var entries []delivery.Entry
	for _, p := range puts {
		entries = append(entries, p.entry)
	}
	return entries
}

func partition(e delivery.Entry) string {
	return e.AppID + "#" + string(tally.DateOf(e.Time))
}

func sortKey(e delivery.Entry) string {
	const shown = 8 // of the SQS message id: enough to tell duplicates apart
	return platform.FormatTime(e.Time) + "#" + e.WebhookID + "#" + strconv.Itoa(e.Attempt) + "#" + e.MessageID[:min(len(e.MessageID), shown)]
}

func encodeEntry(e delivery.Entry) item {
	const attributes = 16 // a map that grows is made twice
	i := make(item, attributes)
	i["pk"] = text(partition(e))
	i["sk"] = text(sortKey(e))
	i["app_id"] = text(e.AppID)
	i["event_type"] = text(e.EventType)
	i["outcome"] = text(e.Outcome)
	i["attempt"] = number(int64(e.Attempt))
	i["expires_at"] = number(e.Time.Add(requestLife).Unix())
	i.setText("organization_id", e.OrganizationID)
	i.setText("error_code", e.Code)
	if e.Test {
		i["test"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if e.Failed() && !e.Test { // the index has what says how an app does
		i["failed_app"] = i["pk"]
	}
	if !e.Sent {
		return i
	}
	i["response_code"] = number(int64(e.ResponseCode))
	i["duration_ms"] = number(e.Duration.Milliseconds())
	if e.Repeated {
		i["repeated"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	i.setText("url", e.URL)
	i.setText("error_id", e.ErrorID)
	i.setText("project_id", e.ProjectID)
	if !e.Failed() {
		return i
	}
	i.setText("request_body", e.RequestBody)
	i.setText("response_body", e.ResponseBody)
	i.setText("detail", e.Detail)
	if len(e.RequestHeaders) > 0 {
		headers := item{}
		for name, value := range e.RequestHeaders {
			headers[name] = text(value)
		}
		i["request_headers"] = &types.AttributeValueMemberM{Value: headers}
	}
	return i
}
