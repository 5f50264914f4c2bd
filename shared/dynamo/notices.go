package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/notice"
)

type noticesAPI interface {
	PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Notices is the table of the mails that are being sent, were sent, or must
// not be sent.
type Notices struct {
	API   noticesAPI
	Table string
}

var _ notice.Claims = Notices{}

// noticeLife is how long a notice is remembered: much longer than its message
// can live in a queue and its dead-letter queue.
const noticeLife = 60 * 24 * time.Hour

// The states of a notice.
const (
	claimed  = "claimed"
	sent     = "sent"
	refused  = string(notice.Refused)
	outdated = string(notice.Outdated)
)

// Claim implements notice.Claims. If the SDK repeats a call whose answer was
// lost, the second call finds the claim of the first. That delays the mail by
// a lease, but does not lose it.
func (t Notices) Claim(ctx context.Context, id string, now time.Time, lease time.Duration) error {
	_, err := t.API.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.Table,
		Item: item{"pk": text(id), "state": text(claimed), "claimed_at": timestamp(now),
			"expires_at": number(now.Add(noticeLife).Unix())},
		ConditionExpression:      aws.String("attribute_not_exists(pk) OR (#state = :claimed AND claimed_at <= :expired) OR #state = :outdated"),
		ExpressionAttributeNames: map[string]string{"#state": "state"},
		ExpressionAttributeValues: item{
			":claimed": text(claimed), ":outdated": text(outdated), ":expired": timestamp(now.Add(-lease))},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if conditionFailed(err) {
		return taken(err)
	}
	return err
}

// MarkSent implements notice.Claims.
func (t Notices) MarkSent(ctx context.Context, id, messageID string, now time.Time) error {
	set := item{"state": text(sent), "sent_at": timestamp(now), "expires_at": number(now.Add(noticeLife).Unix())}
	set.setText("message_id", messageID)
	err := t.settle(ctx, update(t.Table, item{"pk": text(id)}, set, nil), "attribute_not_exists(#state) OR #state <> :state")
	if conditionFailed(err) {
		return nil
	}
	return err
}

// MarkUnsent implements notice.Claims.
func (t Notices) MarkUnsent(ctx context.Context, id string, why notice.Unsent, claimedAt, now time.Time) error {
	u := update(t.Table, item{"pk": text(id)},
		item{"state": text(string(why)), "expires_at": number(now.Add(noticeLife).Unix())}, nil)
	u.ExpressionAttributeValues[":claimed"] = text(claimed)
	u.ExpressionAttributeValues[":claimed_at"] = timestamp(claimedAt)
	err := t.settle(ctx, u, "#state = :claimed AND claimed_at = :claimed_at")
	if !conditionFailed(err) {
		return err
	}
	if err := taken(err); !errors.Is(err, notice.ErrSettled) {
		return err
	}
	return nil
}

func (t Notices) settle(ctx context.Context, u *types.Update, condition string) error {
	_, err := t.API.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: u.TableName, Key: u.Key, UpdateExpression: u.UpdateExpression,
		ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues,
		ConditionExpression:                 &condition,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return err
}

// taken says in which state the item is whose condition refused a write.
func taken(err error) error {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return err
	}
	switch i := item(failed.Item); i.text("state") {
	case sent, refused, outdated:
		return notice.ErrSettled
	case claimed:
		return &notice.HeldError{ClaimedAt: i.time("claimed_at")}
	}
	return err // not a state of ours
}
