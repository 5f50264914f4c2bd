package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/tally"
)

type bufferReadAPI interface {
	queryAPI
	batchGetAPI
}

// BufferReader reads the daily counts for people. Its reads are not consistent, and each
// is bounded.
type BufferReader struct {
	API   bufferReadAPI
	Table string
}

// ReadFailing reads the keys of one partition of the index failing, in one request. more
// reports that there are others, after some ten thousand.
func (t BufferReader) ReadFailing(ctx context.Context, partition string) (keys []string, more bool, err error) {
	out, err := t.API.Query(ctx, failingOn(t.Table, partition))
	if err != nil {
		return nil, false, err
	}
	for _, i := range out.Items {
		keys = append(keys, item(i).text("pk"))
	}
	return keys, len(out.LastEvaluatedKey) > 0, nil
}

// ReadDay reads one day of keys, a hundred in a request.
func (t BufferReader) ReadDay(ctx context.Context, date tally.Date, keys []string) (map[string]tally.Day, error) {
	var wanted []map[string]types.AttributeValue
	for _, key := range keys {
		wanted = append(wanted, dayKey(key, date))
	}
	found, err := getAll(ctx, t.API, t.Table, wanted)
	if err != nil {
		return nil, err
	}
	days := make(map[string]tally.Day, len(found))
	for _, i := range found {
		days[item(i).text("pk")] = tally.Day{Date: date, Counts: item(i).counts(), Clues: item(i).clues()}
	}
	return days, nil
}
