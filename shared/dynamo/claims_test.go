package dynamo_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
)

// claimsTable is a table. A read of it that is not consistent fails the test.
type claimsTable struct {
	t           *testing.T
	items       map[string]attributes
	err         error
	unprocessed bool
}

func (c *claimsTable) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if c.err != nil {
		return nil, c.err
	}
	if *in.ConditionExpression != "attribute_not_exists(app_id) OR claimed_by = :owner" {
		c.t.Errorf("condition %s", *in.ConditionExpression)
	}
	key := textOf(in.Item["app_id"])
	if was, ok := c.items[key]; ok && textOf(was["claimed_by"]) != textOf(in.ExpressionAttributeValues[":owner"]) {
		return nil, &types.ConditionalCheckFailedException{}
	}
	c.items[key] = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

func (c *claimsTable) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	asked := in.RequestItems["slow"]
	if asked.ConsistentRead == nil || !*asked.ConsistentRead {
		c.t.Error("a read that is not consistent")
	}
	if c.unprocessed {
		return &dynamodb.BatchGetItemOutput{UnprocessedKeys: in.RequestItems}, c.err
	}
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}}
	for _, key := range asked.Keys {
		if i, ok := c.items[textOf(key["app_id"])]; ok {
			out.Responses["slow"] = append(out.Responses["slow"], i)
		}
	}
	return out, c.err
}

func TestClaimsGiveAHopToItsFirstOwner(t *testing.T) {
	table := &claimsTable{t: t, items: map[string]attributes{}}
	claims := dynamo.Claims{API: table, Table: "slow"}
	until := time.Unix(1_800_000_000, 0)
	hop := delivery.Hop{Origin: "abc", Number: 3, Until: until}
	next := delivery.Hop{Origin: "abc", Number: 4, Until: until}
	claim := func(hop delivery.Hop, owner string, want bool) {
		t.Helper()
		if owned, err := claims.Claim(t.Context(), hop, owner); err != nil || owned != want {
			t.Errorf("hop %d for %s: %v, %v", hop.Number, owner, owned, err)
		}
	}
	claimed := func(hop delivery.Hop, want bool) {
		t.Helper()
		if got, err := claims.Claimed(t.Context(), hop); err != nil || got != want {
			t.Errorf("hop %d is claimed: %v, %v", hop.Number, got, err)
		}
	}
	claimed(hop, false)
	claim(hop, "one", true)
	claim(hop, "two", false)
	claim(hop, "one", true)
	claimed(hop, true)
	claimed(next, false)
	claim(next, "two", true)
	claim(delivery.Hop{Origin: "other", Number: 3, Until: until}, "two", true)

	i := table.items["copy#abc#3"]
	if n, _ := i["expires_at"].(*types.AttributeValueMemberN); n == nil || n.Value != strconv.FormatInt(until.Add(time.Hour).Unix(), 10) || len(i) != 3 {
		t.Errorf("the claim is %v: its key must be none that an app can have, and it must outlast its webhook", i)
	}
}

func TestClaimsOfWhichNobodyKnowsAreErrors(t *testing.T) {
	lost := errors.New("the answer was lost")
	for _, table := range []*claimsTable{{err: lost}, {unprocessed: true}} {
		table.t, table.items = t, map[string]attributes{}
		claims := dynamo.Claims{API: table, Table: "slow"}
		if _, err := claims.Claimed(t.Context(), delivery.Hop{}); err == nil {
			t.Error("a hop that could not be read counts as free")
		}
		if owned, err := claims.Claim(t.Context(), delivery.Hop{}, "one"); table.err != nil && (err == nil || owned) {
			t.Errorf("a claim that may not have been made: %v, %v", owned, err)
		}
	}
}
