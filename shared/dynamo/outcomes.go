package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

type outcomesAPI interface {
	transactAPI
	batchGetAPI
}

// Outcomes adds what the platform reports to the Buffer. It remembers the ids of
// reports in the SlowApps table, under keys that no app can have: app ids have no #.
type Outcomes struct {
	API    outcomesAPI
	Buffer string
	Table  string
	Now    func() time.Time
}

var _ delivery.OutcomesRecorder = Outcomes{}

// idLife is how long an id is remembered: longer than a message may wait in its queue.
const idLife = 8 * 24 * time.Hour

// AddOutcomes implements delivery.OutcomesRecorder. One transaction adds the counts and
// remembers the id. DynamoDB's own request token would not do: it is forgotten after
// ten minutes, and a producer may repeat a message, or SQS hand it out again, later
// than that.
func (t Outcomes) AddOutcomes(ctx context.Context, key delivery.CounterKey, counts tally.Counts, of platform.Outcomes) error {
	id := item{"app_id": text("outcomes#" + of.ID)}
	hash := sha256.Sum256([]byte(of.Encode()))
	content := hex.EncodeToString(hash[:16])
	_, err := t.API.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: &t.Table, ConditionExpression: aws.String("attribute_not_exists(app_id)"),
			Item: item{"app_id": id["app_id"], "content": text(content), "expires_at": number(t.Now().Add(idLife).Unix())}}},
		{Update: adding(t.Buffer, key, counts, tally.Clues{})},
	}}, once)
	if len(refusedAt(err)) == 0 {
		return notAdded(err)
	}
	before, err := readOne(ctx, t.API, t.Table, id)
	switch {
	case err != nil:
		return fmt.Errorf("read id %s: %w", of.ID, err)
	case before.text("content") != content:
		return delivery.ErrOtherContent
	}
	return nil
}
