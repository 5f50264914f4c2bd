package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// RequestsReader reads the request log, newest entry first.
type RequestsReader struct {
	API   queryAPI
	Table string
}

// ErrBadPage says that LogSearch.After is not a LogFound.Next of the same search.
var ErrBadPage = errors.New("not the end of a page of this query")

// LogSearch searches the newest entries of an app's log. However large the log is, it
// makes at most MaxRequests requests.
type LogSearch struct {
	AppID       string
	Since       time.Time // the oldest entry to look at
	Until       time.Time // the newest
	Failures    bool      // read the index failures, with the attributes that it projects
	Read        int       // the most entries to read; 0: no limit except MaxRequests
	MaxRequests int       // at least 1; 30 days take 31 if they are empty
	After       string    // LogFound.Next of the search before; empty: from Until

	// Which of these entries to find. Empty: all.
	EventType, Outcome, WebhookID string
	Wanted                        int // the most entries to find; 0: no limit
}

// LogFound is the entries that a search found, newest first, without headers and bodies.
type LogFound struct {
	Entries []delivery.Entry
	Read    int       // entries that were read
	Whole   bool      // every entry since LogSearch.Since was read
	Oldest  time.Time // the oldest entry that was read, found or not; zero if there was none
	Next    string    // for LogSearch.After; empty if Whole
}

// withoutBodies asks for what a list shows of an entry, without headers and bodies, which
// are most of it.
func withoutBodies(in *dynamodb.QueryInput) {
	in.ExpressionAttributeNames = make(map[string]string)
	var shown []string
	for _, name := range []string{"sk", "app_id", "organization_id", "event_type", "attempt", "outcome", "error_code", "test",
		"response_code", "url", "duration_ms", "repeated", "detail"} {
		in.ExpressionAttributeNames["#"+name] = name
		shown = append(shown, "#"+name)
	}
	in.ProjectionExpression = aws.String(strings.Join(shown, ", "))
}

// Search reads entry by entry until enough are found or read, or all requests are used
// up.
func (t RequestsReader) Search(ctx context.Context, s LogSearch) (LogFound, error) {
	until := tally.DateOf(s.Until)
	date, after := until, ""
	if s.After != "" {
		day, key, ok := strings.Cut(s.After, " ")
		if date, after = tally.Date(day), key; !ok || date > until || date < tally.DateOf(s.Since) {
			return LogFound{}, ErrBadPage
		}
	}
	found := LogFound{}
	for requests := 0; date >= tally.DateOf(s.Since); requests++ {
		if requests == s.MaxRequests {
			found.Next = string(date) + " " + after
			return found, nil
		}
		last, full, err := t.searchDay(ctx, s, date, after, &found)
		if err != nil {
			return LogFound{}, fmt.Errorf("read the log of app %s on %s: %w", s.AppID, date, err)
		}
		if full {
			found.Next = string(date) + " " + last
			return found, nil
		}
		if after = last; after == "" {
			date = date.Plus(-1)
		}
	}
	found.Whole = true
	return found, nil
}

// searchDay makes one request. last is the key from which to go on with this day; empty
// if the day is done. full reports that enough was found or read.
func (t RequestsReader) searchDay(ctx context.Context, s LogSearch, date tally.Date, after string, found *LogFound) (last string, full bool, err error) {
	low, high := platform.FormatTime(s.Since), platform.FormatTime(s.Until)+"~"
	if after != "" {
		high = after
	}
	in := &dynamodb.QueryInput{
		TableName:                 &t.Table,
		ScanIndexForward:          aws.Bool(false),
		KeyConditionExpression:    aws.String("pk = :pk AND sk BETWEEN :low AND :high"),
		ExpressionAttributeValues: item{":pk": text(s.AppID + "#" + string(date)), ":low": text(low), ":high": text(high)},
	}
	if !s.Failures {
		withoutBodies(in)
	} else {
		in.IndexName = aws.String("failures")
		in.KeyConditionExpression = aws.String("failed_app = :pk AND sk BETWEEN :low AND :high")
	}
	if s.Read > 0 {
		in.Limit = aws.Int32(int32(s.Read - found.Read)) //nolint:gosec // both are small
		if after != "" {
			*in.Limit++ // for the entry After itself, which comes again
		}
	}
	out, err := t.API.Query(ctx, in)
	if err != nil {
		return "", false, err
	}
	for _, i := range out.Items {
		key := item(i).text("sk")
		if key == after {
			continue
		}
		e := decodeEntry(i)
		e.AppID = s.AppID // which the index does not project
		found.Read++
		found.Oldest = e.Time
		if s.wants(e) {
			found.Entries = append(found.Entries, e)
		}
		if s.Wanted > 0 && len(found.Entries) == s.Wanted || found.Read == s.Read {
			return key, true, nil
		}
	}
	return item(out.LastEvaluatedKey).text("sk"), false, nil
}

func (s LogSearch) wants(e delivery.Entry) bool {
	return (s.EventType == "" || e.EventType == s.EventType) && (s.Outcome == "" || e.Outcome == s.Outcome) &&
		(s.WebhookID == "" || e.WebhookID == s.WebhookID)
}

// EntryKey is the sort key of an entry that a search found. With its app it identifies
// the entry.
func EntryKey(e delivery.Entry) string { return sortKey(e) }

// ReadEntry reads one entry with its headers and bodies by its app and its EntryKey.
func (t RequestsReader) ReadEntry(ctx context.Context, appID, key string) (delivery.Entry, bool, error) {
	at, err := platform.ParseTime(key[:max(0, strings.IndexByte(key, '#'))])
	if err != nil {
		return delivery.Entry{}, false, fmt.Errorf("%q is not the key of an entry: %w", key, err)
	}
	out, err := t.API.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &t.Table,
		KeyConditionExpression:    aws.String("pk = :pk AND sk = :sk"),
		ExpressionAttributeValues: item{":pk": text(appID + "#" + string(tally.DateOf(at))), ":sk": text(key)},
	})
	if err != nil || len(out.Items) == 0 {
		return delivery.Entry{}, false, err
	}
	return decodeEntry(out.Items[0]), true, nil
}

// decodeEntry reads an item of the table or of the failures index.
func decodeEntry(i item) delivery.Entry {
	e := delivery.Entry{
		AppID:          i.text("app_id"),
		OrganizationID: i.text("organization_id"),
		EventType:      i.text("event_type"),
		Attempt:        int(i.number("attempt")),
		Outcome:        i.text("outcome"),
		Code:           i.text("error_code"),
		Test:           i.bool("test"),
		Sent:           i["response_code"] != nil,
		ResponseCode:   int(i.number("response_code")),
		URL:            i.text("url"),
		Duration:       time.Duration(i.number("duration_ms")) * time.Millisecond,
		Repeated:       i.bool("repeated"),
		ErrorID:        i.text("error_id"),
		ProjectID:      i.text("project_id"),
		RequestBody:    i.text("request_body"),
		ResponseBody:   i.text("response_body"),
		Detail:         i.text("detail"),
	}
	if key := strings.Split(i.text("sk"), "#"); len(key) == 4 {
		e.Time, _ = platform.ParseTime(key[0])
		e.WebhookID, e.MessageID = key[1], key[3]
	}
	if headers, ok := i["request_headers"].(*types.AttributeValueMemberM); ok {
		e.RequestHeaders = make(map[string]string, len(headers.Value))
		for name := range headers.Value {
			e.RequestHeaders[name] = item(headers.Value).text(name)
		}
	}
	return e
}
