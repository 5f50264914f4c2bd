package dynamo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/disabling"
	"hookwarden/shared/tally"
)

type bufferAPI interface {
	updateAPI
	queryAPI
}

// Buffer is the table of daily counts.
type Buffer struct {
	API   bufferAPI
	Table string
}

var (
	_ delivery.Counters = Buffer{}
	_ disabling.Days    = Buffer{}
)

// bufferLife is how long a day's counts are kept.
const bufferLife = 40 * 24 * time.Hour

// countNames is the attributes of counts, in the order of countsOf.
var countNames = [...]string{"success_count", "error_count", "timeout_count", "gone_count", "fatal_count", "other_count", "alive_count"} //nolint:gochecknoglobals // a constant list

func countsOf(c tally.Counts) [len(countNames)]int64 {
	return [...]int64{c.Success, c.Error, c.Timeout, c.Gone, c.Fatal, c.Other, c.Alive}
}

func (i item) counts() tally.Counts {
	return countsBy(i.number)
}

// countsBy makes counts from values by the names of their attributes. It is
// the reverse of countsOf.
func countsBy(number func(name string) int64) tally.Counts {
	return tally.Counts{Success: number("success_count"), Error: number("error_count"), Timeout: number("timeout_count"),
		Gone: number("gone_count"), Fatal: number("fatal_count"), Other: number("other_count"), Alive: number("alive_count")}
}

func dayKey(key string, date tally.Date) item {
	return item{"pk": text(key), "day": text(string(date))}
}

// AddCounts implements delivery.Counters with one atomic UpdateItem.
func (t Buffer) AddCounts(ctx context.Context, key delivery.CounterKey, counts tally.Counts, clues tally.Clues) error {
	u := adding(t.Table, key, counts, clues)
	_, err := t.API.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: u.TableName, Key: u.Key,
		UpdateExpression: u.UpdateExpression, ExpressionAttributeValues: u.ExpressionAttributeValues}, once)
	return notAdded(err)
}

// adding is the update that adds counts and sets clues. The clues are zero if the counts
// are added later than their attempts.
func adding(table string, key delivery.CounterKey, counts tally.Counts, clues tally.Clues) *types.Update {
	values := item{":expires_at": number(key.Date.End().Add(bufferLife).Unix())}
	set := "SET expires_at = :expires_at"
	if counts.Failed() {
		values[":failing_day"] = text(tally.FailingDay(key.Date, key.Key))
		set += ", failing_day = :failing_day"
	}
	var adds []string
	for n, count := range countsOf(counts) {
		if count > 0 { // a count is absent until something is counted
			adds = append(adds, countNames[n]+" :"+countNames[n])
			values[":"+countNames[n]] = number(count)
		}
	}
	if clues.Permanent > 0 && !answered(counts) {
		adds = append(adds, "permanent_count :permanent_count")
		values[":permanent_count"] = number(clues.Permanent)
	}
	return &types.Update{TableName: &table, Key: dayKey(key.Key, key.Date), ExpressionAttributeValues: values,
		UpdateExpression: aws.String("ADD " + strings.Join(adds, ", ") + " " + set + setClues(values, clues) + removeClues(counts, clues))}
}

// notAdded marks an error after which the counts were not added.
func notAdded(err error) error {
	if err != nil && surelyNotApplied(err) {
		return fmt.Errorf("%w: %w", delivery.ErrNotAdded, err)
	}
	return err
}

// ReadDays implements disabling.Days.
func (t Buffer) ReadDays(ctx context.Context, key string, first, last tally.Date) ([]tally.Day, error) {
	var days []tally.Day
	pages := dynamodb.NewQueryPaginator(t.API, &dynamodb.QueryInput{
		TableName:              &t.Table,
		ConsistentRead:         aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk AND #day BETWEEN :first AND :last"),
		ExpressionAttributeNames: map[string]string{
			"#day": "day"},
		ExpressionAttributeValues: item{":pk": text(key), ":first": text(string(first)), ":last": text(string(last))},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range page.Items {
			days = append(days, tally.Day{Date: tally.Date(item(i).text("day")), Counts: item(i).counts(), Clues: item(i).clues()})
		}
	}
	return days, nil
}

// ReadFailing implements disabling.Days from the index failing.
func (t Buffer) ReadFailing(ctx context.Context, partition string, found func(key string)) error {
	pages := dynamodb.NewQueryPaginator(t.API, failingOn(t.Table, partition))
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, i := range page.Items {
			found(item(i).text("pk"))
		}
	}
	return nil
}

// failingOn is a query for the items in one partition of the index failing.
func failingOn(table, partition string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName:                 &table,
		IndexName:                 aws.String("failing"),
		KeyConditionExpression:    aws.String("failing_day = :partition"),
		ExpressionAttributeValues: item{":partition": text(partition)},
	}
}

// DecodeRecord reads a record of the Buffer's stream. It reports false for a
// record without an image, of a deleted item.
func DecodeRecord(r events.DynamoDBEventRecord) (disabling.Record, bool) {
	image := r.Change.NewImage
	key, on := image["pk"], image["day"]
	if key.DataType() != events.DataTypeString || on.DataType() != events.DataTypeString {
		return disabling.Record{}, false
	}
	count := func(name string) int64 {
		v, ok := image[name]
		if !ok || v.DataType() != events.DataTypeNumber {
			return 0
		}
		n, _ := strconv.ParseInt(v.Number(), 10, 64)
		return n
	}
	date, err := tally.ParseDate(on.String())
	if err != nil {
		return disabling.Record{}, false
	}
	day := tally.Day{Date: date, Counts: countsBy(count), Clues: tally.Clues{Permanent: count("permanent_count")}}
	return disabling.Record{Sequence: r.Change.SequenceNumber, Key: key.String(), Day: day}, true
}
