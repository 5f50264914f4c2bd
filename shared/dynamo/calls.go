package dynamo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/retry"
)

type getAPI interface {
	GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
}

// get reads one item, consistently; nil if there is none.
func get(ctx context.Context, api getAPI, table string, key item) (item, error) {
	out, err := api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

type queryAPI interface {
	Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

type batchGetAPI interface {
	BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
}

const (
	readTries    = 4
	readFirstGap = 25 * time.Millisecond
)

// getMany reads the items of one call, by table. It asks a few times again for keys that
// DynamoDB leaves unprocessed. unread has the keys that are still left.
func getMany(ctx context.Context, api batchGetAPI, request map[string]types.KeysAndAttributes) (
	found map[string][]map[string]types.AttributeValue, unread map[string]types.KeysAndAttributes, err error) {
	found = make(map[string][]map[string]types.AttributeValue)
	for try := 0; len(request) > 0; try++ {
		if try == readTries || try > 0 && !retry.Pause(ctx, readFirstGap<<try) {
			break
		}
		out, err := api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return nil, nil, err
		}
		for table, items := range out.Responses {
			found[table] = append(found[table], items...)
		}
		request = out.UnprocessedKeys
	}
	return found, request, nil
}

// keysPerRead is the most items that one BatchGetItem reads.
const keysPerRead = 100

// getAll reads items from one table, a hundred in a request, in no particular order. It
// leaves out keys that do not exist, and fails if some stay unprocessed.
func getAll(ctx context.Context, api batchGetAPI, table string, keys []map[string]types.AttributeValue) ([]map[string]types.AttributeValue, error) {
	var all []map[string]types.AttributeValue
	for some := range slices.Chunk(keys, keysPerRead) {
		found, unread, err := getMany(ctx, api, map[string]types.KeysAndAttributes{table: {Keys: some}})
		if err != nil {
			return nil, err
		}
		if left := len(unread[table].Keys); left > 0 {
			return nil, fmt.Errorf("DynamoDB left %d of %d items of %s unread", left, len(some), table)
		}
		all = append(all, found[table]...)
	}
	return all, nil
}

type updateAPI interface {
	UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// updateOne makes an update that is a call of its own.
func updateOne(ctx context.Context, api updateAPI, u *types.Update) error {
	_, err := api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: u.TableName, Key: u.Key, UpdateExpression: u.UpdateExpression, ConditionExpression: u.ConditionExpression,
		ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues,
	})
	return err
}
