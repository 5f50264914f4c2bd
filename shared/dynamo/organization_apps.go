package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// AppIndex counts apps in the indexes of the Apps table, which lag a little behind.
type AppIndex struct {
	API   queryAPI
	Table string
}

// CountOfOrganization is how many apps an organization has.
func (t AppIndex) CountOfOrganization(ctx context.Context, id string) (int, error) {
	pages := dynamodb.NewQueryPaginator(t.API, &dynamodb.QueryInput{
		TableName:                 &t.Table,
		IndexName:                 aws.String("organization"),
		KeyConditionExpression:    aws.String("organization_id = :organization"),
		ExpressionAttributeValues: item{":organization": text(id)},
		Select:                    types.SelectCount,
	})
	count := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		count += int(page.Count)
	}
	return count, nil
}
