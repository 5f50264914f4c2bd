package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/retry"
)

type transactAPI interface {
	TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

const conflictTries = 3

// transact writes all or nothing. A conflict with another transaction is not
// an answer: the write is tried again in place, a few times.
func transact(ctx context.Context, api transactAPI, writes []types.TransactWriteItem) error {
	var err error
	for try := range conflictTries {
		if try > 0 && !retry.Pause(ctx, time.Duration(try)*50*time.Millisecond) {
			break
		}
		_, err = api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		if !onlyConflict(err) {
			return err
		}
	}
	return err
}

func onlyConflict(err error) bool {
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) || len(refusedAt(err)) > 0 {
		return false
	}
	for _, reason := range canceled.CancellationReasons {
		if aws.ToString(reason.Code) == "TransactionConflict" {
			return true
		}
	}
	return false
}
