package dynamo

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/buffer"
	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
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
	left := make(map[string]delivery.Entry, len(entries)) // by key, so that no call has one twice
	var order []string
	for _, e := range entries {
		id := partition(e) + " " + sortKey(e)
		if _, twice := left[id]; !twice {
			order = append(order, id)
		}
		left[id] = e
	}
	for start := 0; start < len(order); start += writesAtOnce {
		var writes []types.WriteRequest
		for _, id := range order[start:min(start+writesAtOnce, len(order))] {
			writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: encodeEntry(left[id])}})
		}
		t.write(ctx, writes, func(written string) { delete(left, written) })
	}
	for _, e := range left {
		unwritten = append(unwritten, e)
	}
	return unwritten
}

// write writes one call's worth of entries, once.
func (t Requests) write(ctx context.Context, writes []types.WriteRequest, written func(id string)) {
	out, err := t.API.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
		RequestItems: map[string][]types.WriteRequest{t.Table: writes}}, once)
	if err != nil {
		t.Logger.WarnContext(ctx, "log not written", "error", err)
		return
	}
	unprocessed := make(map[string]bool)
	for _, w := range out.UnprocessedItems[t.Table] {
		unprocessed[requestID(w)] = true
	}
	for _, w := range writes {
		if id := requestID(w); !unprocessed[id] {
			written(id)
		}
	}
}

func requestID(w types.WriteRequest) string {
	i := item(w.PutRequest.Item)
	return i.text("pk") + " " + i.text("sk")
}

func partition(e delivery.Entry) string {
	return e.AppID + "#" + string(buffer.DateOf(e.Time))
}

func sortKey(e delivery.Entry) string {
	const shown = 8 // of the SQS message id: enough to tell duplicates apart
	return platform.FormatTime(e.Time) + "#" + e.WebhookID + "#" + strconv.Itoa(e.Attempt) + "#" + e.MessageID[:min(len(e.MessageID), shown)]
}

func encodeEntry(e delivery.Entry) item {
	i := item{
		"pk":         text(partition(e)),
		"sk":         text(sortKey(e)),
		"app_id":     text(e.AppID),
		"event_type": text(e.EventType),
		"outcome":    text(e.Outcome),
		"attempt":    number(int64(e.Attempt)),
		"expires_at": number(e.Time.Add(requestLife).Unix()),
	}
	i.setText("organization_id", e.OrganizationID)
	i.setText("error_code", e.Code)
	if !e.Sent {
		return i
	}
	i["response_code"] = number(int64(e.ResponseCode))
	i["duration_ms"] = number(e.Duration.Milliseconds())
	i.setText("url", e.URL)
	i.setText("error_id", e.ErrorID)
	i.setText("project_id", e.ProjectID)
	if !e.Failed() {
		return i
	}
	i["failed_app"] = i["pk"]
	i.setText("request_body", e.RequestBody)
	i.setText("response_body", e.ResponseBody)
	if len(e.RequestHeaders) > 0 {
		headers := item{}
		for name, value := range e.RequestHeaders {
			headers[name] = text(value)
		}
		i["request_headers"] = &types.AttributeValueMemberM{Value: headers}
	}
	return i
}
