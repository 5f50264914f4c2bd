package dynamo

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hookwarden/shared/notice"
)

// noticesTable records the calls and answers err.
type noticesTable struct {
	put    *dynamodb.PutItemInput
	update *dynamodb.UpdateItemInput
	err    error
}

func (t *noticesTable) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	t.put = in
	return &dynamodb.PutItemOutput{}, t.err
}

func (t *noticesTable) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	t.update = in
	return &dynamodb.UpdateItemOutput{}, t.err
}

func noticeRefusal(state string, claimedAt time.Time) error {
	return &types.ConditionalCheckFailedException{Item: item{
		"pk": text("n1"), "state": text(state), "claimed_at": timestamp(claimedAt)}}
}

func noticeMoment() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) }

const noticeLease = time.Minute

func TestClaimPutsANoticeUnlessItIsSettledOrHeld(t *testing.T) {
	table := &noticesTable{}
	if err := (Notices{table, "notices"}).Claim(t.Context(), "n1", noticeMoment(), noticeLease); err != nil {
		t.Fatal(err)
	}
	wantItem := item{"pk": text("n1"), "state": text("claimed"), "claimed_at": text("2026-11-24T10:00:00.000Z"), "expires_at": number(1800698400)}
	wantValues := item{":claimed": text("claimed"), ":outdated": text("outdated"), ":expired": text("2026-11-24T09:59:00.000Z")}
	if diff := cmp.Diff(wantItem, item(table.put.Item), attributes()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wantValues, item(table.put.ExpressionAttributeValues), attributes()); diff != "" {
		t.Error(diff)
	}
	if got := *table.put.ConditionExpression; got != "attribute_not_exists(pk) OR (#state = :claimed AND claimed_at <= :expired) OR #state = :outdated" {
		t.Error(got)
	}
}

func attributes() cmp.Option {
	return cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberN{})
}

func TestClaimSaysWhatStandsInItsWay(t *testing.T) {
	for _, state := range []string{"sent", "refused"} {
		table := Notices{&noticesTable{err: noticeRefusal(state, noticeMoment())}, "notices"}
		if err := table.Claim(t.Context(), "n1", noticeMoment(), noticeLease); !errors.Is(err, notice.ErrSettled) {
			t.Errorf("%s: %v", state, err)
		}
	}
	table := Notices{&noticesTable{err: noticeRefusal("claimed", noticeMoment())}, "notices"}
	var held *notice.HeldError
	if err := table.Claim(t.Context(), "n1", noticeMoment(), noticeLease); !errors.As(err, &held) || !held.ClaimedAt.Equal(noticeMoment()) {
		t.Errorf("%v", err)
	}
	for _, other := range []error{context.DeadlineExceeded, &types.ConditionalCheckFailedException{}} {
		table := Notices{&noticesTable{err: other}, "notices"}
		if err := table.Claim(t.Context(), "n1", noticeMoment(), noticeLease); !errors.Is(err, other) {
			t.Errorf("%v: %v", other, err)
		}
	}
}

func TestMarkSentKeepsTheMessageIDOfTheFirstMail(t *testing.T) {
	table := &noticesTable{}
	if err := (Notices{table, "notices"}).MarkSent(t.Context(), "n1", "0102", noticeMoment()); err != nil {
		t.Fatal(err)
	}
	want := item{":state": text("sent"), ":sent_at": text("2026-11-24T10:00:00.000Z"), ":message_id": text("0102"), ":expires_at": number(1800698400)}
	if diff := cmp.Diff(want, item(table.update.ExpressionAttributeValues), attributes()); diff != "" {
		t.Error(diff)
	}
	if got := *table.update.ConditionExpression; got != "attribute_not_exists(#state) OR #state <> :state" {
		t.Error(got)
	}
	table.err = noticeRefusal("sent", noticeMoment())
	if err := (Notices{table, "notices"}).MarkSent(t.Context(), "n1", "0103", noticeMoment()); err != nil {
		t.Errorf("marked before: %v", err)
	}
	table.err = context.DeadlineExceeded
	if err := (Notices{table, "notices"}).MarkSent(t.Context(), "n1", "0103", noticeMoment()); !errors.Is(err, table.err) {
		t.Errorf("%v", err)
	}
}

func TestMarkUnsentMarksOnlyItsOwnClaim(t *testing.T) {
	for _, why := range []notice.Unsent{notice.Refused, notice.Outdated} {
		t.Run(string(why), func(t *testing.T) { marksOnlyItsOwnClaim(t, why) })
	}
}

func marksOnlyItsOwnClaim(t *testing.T, why notice.Unsent) {
	table := &noticesTable{}
	refuse := func() error {
		return Notices{table, "notices"}.MarkUnsent(t.Context(), "n1", why, noticeMoment(), noticeMoment().Add(time.Second))
	}
	if err := refuse(); err != nil {
		t.Fatal(err)
	}
	want := item{":state": text(string(why)), ":claimed": text("claimed"), ":claimed_at": text("2026-11-24T10:00:00.000Z"), ":expires_at": number(1800698401)}
	if diff := cmp.Diff(want, item(table.update.ExpressionAttributeValues), attributes()); diff != "" {
		t.Error(diff)
	}
	if got := *table.update.ConditionExpression; got != "#state = :claimed AND claimed_at = :claimed_at" {
		t.Error(got)
	}
	for _, state := range []string{"refused", "outdated", "sent"} {
		table.err = noticeRefusal(state, noticeMoment())
		if err := refuse(); err != nil {
			t.Errorf("%s before: %v", state, err)
		}
	}
	table.err = noticeRefusal("claimed", noticeMoment().Add(noticeLease))
	var held *notice.HeldError
	if err := refuse(); !errors.As(err, &held) {
		t.Errorf("claimed by someone else: %v", err)
	}
}
