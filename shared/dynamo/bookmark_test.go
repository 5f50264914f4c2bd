package dynamo

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// oneItem is a table of one item.
type oneItem struct{ item item }

func (o *oneItem) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: o.item}, nil
}

func (o *oneItem) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	o.item = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

func TestABookmarkIsReadAsItWasSet(t *testing.T) {
	b := Bookmark{API: &oneItem{}, Table: "audit"}
	if got, err := b.ReadBookmark(t.Context()); got != "" || err != nil {
		t.Fatalf("of an empty table: %q %v", got, err)
	}
	for _, key := range []string{"", "17#42", ""} {
		if err := b.SetBookmark(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if got, err := b.ReadBookmark(t.Context()); got != key || err != nil {
			t.Errorf("set to %q, read %q %v", key, got, err)
		}
	}
}
