package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"hookwarden/shared/disabling"
)

type bookmarkAPI interface {
	getAPI
	PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// Bookmark keeps the sweep's place, an item of the Audit table.
type Bookmark struct {
	API   bookmarkAPI
	Table string
}

var _ disabling.Bookmark = Bookmark{}

func bookmarkKey() item { return item{"pk": text("#sweep"), "sk": text("bookmark")} }

// ReadBookmark implements disabling.Bookmark. Older versions wrote a key without
// a shard. It is ignored, and the sweep starts from the beginning.
func (t Bookmark) ReadBookmark(ctx context.Context) (disabling.Place, error) {
	place, err := get(ctx, t.API, t.Table, bookmarkKey())
	if err != nil || place["shard"] == nil {
		return disabling.Place{}, err
	}
	return disabling.Place{Shard: int(place.number("shard")), Key: place.text("last_key")}, nil
}

// SetBookmark implements disabling.Bookmark.
func (t Bookmark) SetBookmark(ctx context.Context, place disabling.Place) error {
	i := bookmarkKey()
	i["shard"] = number(int64(place.Shard))
	i.setText("last_key", place.Key)
	_, err := t.API.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.Table, Item: i})
	return err
}
