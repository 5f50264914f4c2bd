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

type requestsReadAPI interface {
	Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// RequestsReader reads the request log, newest entry first.
type RequestsReader struct {
	API   requestsReadAPI
	Table string
}

// LogQuery says which entries of an app to read.
type LogQuery struct {
	AppID       string
	First, Last tally.Date // inclusive
	Failures    bool       // only entries of the failures index, with the attributes that it projects
	EventType   string     // such as "issue.created"; empty: all
	Limit       int        // entries a page, at least 1
	After       string     // LogPage.Next of the page before; empty: the first page
}

// LogPage is one page. Next is empty on the last.
type LogPage struct {
	Entries []delivery.Entry
	Next    string
}

// ErrBadPage says that LogQuery.After is not a LogPage.Next of the same query.
var ErrBadPage = errors.New("not the end of a page of this query")

// Read reads one page. It goes from day to day until the page is full.
func (t RequestsReader) Read(ctx context.Context, q LogQuery) (LogPage, error) {
	date, after := q.Last, ""
	if q.After != "" {
		day, key, ok := strings.Cut(q.After, " ")
		if date, after = tally.Date(day), key; !ok || date < q.First || date > q.Last {
			return LogPage{}, ErrBadPage
		}
	}
	var page LogPage
	for ; date >= q.First; date, after = date.Plus(-1), "" {
		keys, err := t.readDay(ctx, q, date, after, &page)
		if err != nil {
			return LogPage{}, fmt.Errorf("read the log of app %s on %s: %w", q.AppID, date, err)
		}
		if len(page.Entries) == q.Limit {
			page.Next = string(date) + " " + keys
			return page, nil
		}
	}
	return page, nil
}

// readDay adds a day's entries before the sort key after, until the page is
// full, and returns the last sort key.
func (t RequestsReader) readDay(ctx context.Context, q LogQuery, date tally.Date, after string, page *LogPage) (last string, err error) {
	in := &dynamodb.QueryInput{
		TableName:                 &t.Table,
		ScanIndexForward:          aws.Bool(false),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": text(q.AppID + "#" + string(date))},
	}
	if q.Failures {
		in.IndexName, in.KeyConditionExpression = aws.String("failures"), aws.String("failed_app = :pk")
	}
	if after != "" {
		in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND sk < :after")
		in.ExpressionAttributeValues[":after"] = text(after)
	}
	if q.EventType != "" {
		in.FilterExpression = aws.String("event_type = :event")
		in.ExpressionAttributeValues[":event"] = text(q.EventType)
	}
	pages := dynamodb.NewQueryPaginator(t.API, in)
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, i := range out.Items {
			page.Entries = append(page.Entries, decodeEntry(i))
			if len(page.Entries) == q.Limit {
				return item(i).text("sk"), nil
			}
		}
	}
	return "", nil
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
