package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/tally"
)

// AddOutcomes implements delivery.OutcomesRecorder with a transaction of one item:
// unlike an update it may carry a token, under which DynamoDB adds once in ten
// minutes.
func (t Buffer) AddOutcomes(ctx context.Context, key delivery.CounterKey, counts tally.Counts, name string) error {
	hash := sha256.Sum256([]byte(name))
	_, err := t.API.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(hex.EncodeToString(hash[:16])), // at most 36 characters
		TransactItems:      []types.TransactWriteItem{{Update: t.adding(key, counts)}},
	})
	var other *types.IdempotentParameterMismatchException
	var running *types.TransactionInProgressException
	switch {
	case errors.As(err, &other):
		return fmt.Errorf("%w: %w", delivery.ErrOtherContent, err)
	case errors.As(err, &running): // the same call, and it may yet take effect
		return err
	}
	return notAdded(err)
}
