package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
)

type scanAPI interface {
	Scan(ctx context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

type appsReadAPI interface {
	getAPI
	batchGetAPI
	queryAPI
	scanAPI
}

// AppsReader reads the Apps table for people. It never reads secrets. Its reads are not
// consistent, except ReadApp. Each call is bounded, however large the table is.
type AppsReader struct {
	API   appsReadAPI
	Table string
}

// ReadApp reads one app, consistently.
func (t AppsReader) ReadApp(ctx context.Context, id string) (platform.App, bool, error) {
	i, err := get(ctx, t.API, t.Table, appKey(id))
	if err != nil || i == nil {
		return platform.App{}, false, err
	}
	return decodeApp(i), true, nil
}

// The standings of the index state.
const (
	StandingDisabled = "disabled"
	StandingWarned   = "warned"
)

// ReadStanding reads the ids of the apps in one part of a standing, in one request.
// Parts are from 0 to tally.Shards - 1. more reports that there are others, after some
// ten thousand.
func (t AppsReader) ReadStanding(ctx context.Context, standing string, part int) (ids []string, more bool, err error) {
	out, err := t.API.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &t.Table,
		IndexName:                 aws.String("state"),
		KeyConditionExpression:    aws.String("standing = :standing"),
		ExpressionAttributeValues: item{":standing": text(fmt.Sprintf("%s#%d", standing, part))},
	})
	if err != nil {
		return nil, false, err
	}
	for _, i := range out.Items {
		ids = append(ids, item(i).text("id"))
	}
	return ids, len(out.LastEvaluatedKey) > 0, nil
}

// ReadSome reads apps, a hundred in a request, in no particular order. It leaves out ids
// that do not exist.
func (t AppsReader) ReadSome(ctx context.Context, ids []string) ([]platform.App, error) {
	var keys []map[string]types.AttributeValue
	for _, id := range ids {
		keys = append(keys, appKey(id))
	}
	found, err := getAll(ctx, t.API, t.Table, keys)
	if err != nil {
		return nil, err
	}
	var apps []platform.App
	for _, i := range found {
		apps = append(apps, decodeApp(i))
	}
	return apps, nil
}

// Scan reads the next apps of the whole table, in one request. after is the last call's
// next, or empty at first. next is empty at the end.
func (t AppsReader) Scan(ctx context.Context, after string) (apps []platform.App, next string, err error) {
	in := &dynamodb.ScanInput{TableName: &t.Table}
	if after != "" {
		in.ExclusiveStartKey = appKey(after)
	}
	out, err := t.API.Scan(ctx, in)
	if err != nil {
		return nil, "", err
	}
	for _, i := range out.Items {
		apps = append(apps, decodeApp(i))
	}
	return apps, item(out.LastEvaluatedKey).text("id"), nil
}
