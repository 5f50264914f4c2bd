package dynamo

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
)

// raiseGeneration adds more to the generation of the app that is updated. An app without
// one is in the first.
func raiseGeneration(u *types.Update, more int64) {
	u.ExpressionAttributeValues[":first_generation"] = number(1)
	u.ExpressionAttributeValues[":more"] = number(more)
	setAlso(u, "generation = if_not_exists(generation, :first_generation) + :more")
}

// renew notes when the put was queued that changed the app's receiver, kind or
// organization. What the platform reports of calls before that is not about the app as it
// is now.
func renew(u *types.Update, at time.Time) {
	u.ExpressionAttributeValues[":renewed_at"] = timestamp(at)
	setAlso(u, "renewed_at = :renewed_at")
}

// setAlso adds an assignment to an update that already sets an attribute.
func setAlso(u *types.Update, assignment string) {
	u.UpdateExpression = aws.String("SET " + assignment + ", " + strings.TrimPrefix(*u.UpdateExpression, "SET "))
}

// sameGeneration is the condition that an app is still in the generation that was read.
// It adds what it needs to the expression's values.
func sameGeneration(values item, app platform.App) string {
	values[":read_generation"] = number(app.Generation)
	if app.Generation > 1 {
		return "generation = :read_generation"
	}
	return "(attribute_not_exists(generation) OR generation = :read_generation)"
}
