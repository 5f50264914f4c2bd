package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
)

// Claims keeps the hops that messages have claimed. They are in the SlowApps table,
// under keys that no app can have: app ids have no #.
type Claims struct {
	API   slowAppsAPI
	Table string
}

var _ delivery.Claims = Claims{}

// afterExpiry is how long a claim is kept after the last message of its origin may be
// sent on: that message may still be handed out.
const afterExpiry = time.Hour

func claimKey(hop delivery.Hop) types.AttributeValue {
	return text(fmt.Sprintf("copy#%s#%d", hop.Origin, hop.Number))
}

// Claim implements delivery.Claims with one conditional put. The SDK may repeat it,
// since an owner may claim its hop again.
func (t Claims) Claim(ctx context.Context, hop delivery.Hop, owner string) (bool, error) {
	_, err := t.API.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.Table,
		Item:                      item{"app_id": claimKey(hop), "claimed_by": text(owner), "expires_at": number(hop.Until.Add(afterExpiry).Unix())},
		ConditionExpression:       aws.String("attribute_not_exists(app_id) OR claimed_by = :owner"),
		ExpressionAttributeValues: item{":owner": text(owner)},
	})
	if conditionFailed(err) {
		return false, nil
	}
	return err == nil, err
}

var errUnprocessed = errors.New("the table did not answer for the key")

// Claimed implements delivery.Claims.
func (t Claims) Claimed(ctx context.Context, hop delivery.Hop) (bool, error) {
	claim, err := readOne(ctx, t.API, t.Table, item{"app_id": claimKey(hop)})
	return claim != nil, err
}

// readOne reads one item, consistently; nil if there is none. It uses BatchGetItem,
// which the role allows.
func readOne(ctx context.Context, api batchGetAPI, table string, key item) (item, error) {
	out, err := api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		table: {Keys: []map[string]types.AttributeValue{key}, ConsistentRead: aws.Bool(true)}}})
	switch {
	case err != nil:
		return nil, err
	case len(out.UnprocessedKeys) > 0:
		return nil, errUnprocessed
	case len(out.Responses[table]) == 0:
		return nil, nil
	}
	return out.Responses[table][0], nil
}
