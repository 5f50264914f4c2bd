package dynamo

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/disabling"
	"hookwarden/shared/tally"
)

// disabledStanding is a disabled app's partition in the index state.
func disabledStanding(appID string) string { return disabledShard(tally.Shard(appID)) }

func disabledShard(shard int) string { return fmt.Sprintf("disabled#%d", shard) }

var _ disabling.Untold = Standing{}

// ReadUntold implements disabling.Untold. The index state of Apps has only keys, so each app is
// read, a hundred in a call, to see whether its owners were told.
func (t Standing) ReadUntold(ctx context.Context, shard int, found func(appID string)) error {
	return t.readState(ctx, disabledShard(shard), func(apps []map[string]types.AttributeValue) error {
		for some := range slices.Chunk(apps, 2*appsPerRead) {
			if err := t.readSome(ctx, some, found); err != nil {
				return err
			}
		}
		return nil
	})
}

// readSome passes the untold apps among those of one call to found. Apps that could not be read
// count as untold, since the job reads each of them again.
func (t Standing) readSome(ctx context.Context, apps []map[string]types.AttributeValue, found func(appID string)) error {
	var keys []map[string]types.AttributeValue
	for _, i := range apps {
		keys = append(keys, appKey(item(i).text("id")))
	}
	read, unread, err := getMany(ctx, t.API, map[string]types.KeysAndAttributes{t.Apps: {Keys: keys, ConsistentRead: aws.Bool(true),
		ProjectionExpression: aws.String("id, disabled_at, notified_at, deleted")}})
	if err != nil {
		return err
	}
	for _, i := range read[t.Apps] {
		if i := item(i); i["disabled_at"] != nil && i["notified_at"] == nil && !i.bool("deleted") {
			found(i.text("id"))
		}
	}
	for _, key := range unread[t.Apps].Keys {
		found(item(key).text("id"))
	}
	return nil
}
