package dynamo

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// update sets and removes attributes by name and leaves all others alone.
// Conditions that are added to it may refer to the value of an attribute as
// ":<name>".
func update(table string, key, set item, remove []string) *types.Update {
	u := &types.Update{TableName: &table, Key: key, ExpressionAttributeNames: map[string]string{},
		ExpressionAttributeValues: item{}}
	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(set)) {
		b.WriteString([]string{"SET ", ", "}[min(i, 1)])
		b.WriteString("#" + name + " = :" + name)
		u.ExpressionAttributeNames["#"+name] = name
		u.ExpressionAttributeValues[":"+name] = set[name]
	}
	for i, name := range remove {
		b.WriteString([]string{" REMOVE ", ", "}[min(i, 1)])
		b.WriteString("#" + name)
		u.ExpressionAttributeNames["#"+name] = name
	}
	u.UpdateExpression = aws.String(b.String())
	return u
}
