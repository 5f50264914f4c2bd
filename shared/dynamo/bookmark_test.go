package dynamo

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"hookwarden/shared/disabling"
)

// oneItem is a table with one item.
type oneItem struct{ item item }

func (o *oneItem) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: o.item}, nil
}

func (o *oneItem) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	o.item = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

func TestBookmarkIsReadAsItWasSet(t *testing.T) {
	b := Bookmark{API: &oneItem{}, Table: "audit"}
	if got, err := b.ReadBookmark(t.Context()); got != (disabling.Place{}) || err != nil {
		t.Fatalf("of an empty table: %+v %v", got, err)
	}
	for _, place := range []disabling.Place{{}, {Shard: 3, Key: "17#42#1"}, {Shard: 4}, {Key: "17#42#1"}, {}} {
		if err := b.SetBookmark(t.Context(), place); err != nil {
			t.Fatal(err)
		}
		if got, err := b.ReadBookmark(t.Context()); got != place || err != nil {
			t.Errorf("set to %+v, read %+v %v", place, got, err)
		}
	}
}

func TestBookmarkWithoutAShardIsTheBeginning(t *testing.T) {
	old := bookmarkKey()
	old["last_key"] = text("17#42#1")
	b := Bookmark{API: &oneItem{old}, Table: "audit"}
	if got, err := b.ReadBookmark(t.Context()); got != (disabling.Place{}) || err != nil {
		t.Errorf("read %+v %v", got, err)
	}
}
