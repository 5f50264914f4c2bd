package dynamo_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/dynamo"
)

// counted answers a query page by page, with only counts.
type counted struct {
	pages []int32
	err   error
	asked []*dynamodb.QueryInput
}

func (c *counted) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.asked = append(c.asked, in)
	if len(c.asked) > len(c.pages) {
		return nil, c.err
	}
	out := &dynamodb.QueryOutput{Count: c.pages[len(c.asked)-1]}
	if len(c.asked) < len(c.pages) || c.err != nil {
		out.LastEvaluatedKey = attributes{"id": text("1")}
	}
	return out, nil
}

func TestAppIndexCountsAllPages(t *testing.T) {
	c := &counted{pages: []int32{1000, 0, 17}}
	n, err := dynamo.AppIndex{API: c, Table: "apps"}.CountOfOrganization(t.Context(), "42")
	if err != nil || n != 1017 {
		t.Errorf("%d, %v", n, err)
	}
	if in := c.asked[0]; aws.ToString(in.IndexName) != "organization" || textOf(in.ExpressionAttributeValues[":organization"]) != "42" || in.Select != types.SelectCount {
		t.Errorf("asked %+v", in)
	}
	broken := errors.New("throttled")
	if n, err := (dynamo.AppIndex{API: &counted{pages: []int32{3}, err: broken}, Table: "apps"}).CountOfOrganization(t.Context(), "42"); !errors.Is(err, broken) || n != 0 {
		t.Errorf("half of them: %d, %v", n, err)
	}
}
