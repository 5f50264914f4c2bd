package dynamo

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
)

type slowAppsAPI interface {
	batchGetAPI
	PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// SlowApps is the table of apps that, as environments of deliver have found, miss
// their deadlines.
type SlowApps struct {
	API   slowAppsAPI
	Table string
}

var _ delivery.Warnings = SlowApps{}

// warningLife is longer than any warning has an effect.
const warningLife = time.Hour

// Warn implements delivery.Warnings. The warning that is written last stays, since
// warnings differ by moments only.
func (t SlowApps) Warn(ctx context.Context, app string, next time.Time) error {
	_, err := t.API.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.Table, Item: item{
		"app_id": text(app), "slow_at": number(next.UnixMilli()), "expires_at": number(next.Add(warningLife).Unix())}}, once)
	return err
}

// Warned implements delivery.Warnings. Keys that DynamoDB leaves unprocessed count
// as apps without a warning.
func (t SlowApps) Warned(ctx context.Context, apps []string) (map[string]time.Time, error) {
	warned := make(map[string]time.Time)
	for some := range slices.Chunk(apps, 2*appsPerRead) {
		var keys []map[string]types.AttributeValue
		for _, app := range some {
			keys = append(keys, item{"app_id": text(app)})
		}
		out, err := t.API.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			t.Table: {Keys: keys, ConsistentRead: aws.Bool(true)}}}, once)
		if err != nil {
			return nil, err
		}
		for _, i := range out.Responses[t.Table] {
			warned[item(i).text("app_id")] = time.UnixMilli(item(i).number("slow_at"))
		}
	}
	return warned, nil
}
