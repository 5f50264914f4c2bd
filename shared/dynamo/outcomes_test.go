package dynamo_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/tally"
)

// remembering is an engine that knows the tokens of the transactions that took effect.
type remembering struct {
	*engine
	tokens map[string][]types.TransactWriteItem
}

func (r remembering) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if items, ok := r.tokens[*in.ClientRequestToken]; ok {
		if !cmp.Equal(items, in.TransactItems, cmpopts.IgnoreUnexported(types.TransactWriteItem{}, types.Update{}, types.AttributeValueMemberS{}, types.AttributeValueMemberN{})) {
			return nil, errors.Join(&types.IdempotentParameterMismatchException{}, answered(http.StatusBadRequest))
		}
		return &dynamodb.TransactWriteItemsOutput{}, nil
	}
	out, err := r.engine.TransactWriteItems(ctx, in)
	if err == nil || errors.Is(err, errLost) {
		r.tokens[*in.ClientRequestToken] = in.TransactItems
	}
	return out, err
}

var errLost = &net.OpError{Op: "read", Err: errors.New("lost")}

func TestAddOutcomesAddsOnceForEachName(t *testing.T) {
	r := remembering{newEngine(), map[string][]types.TransactWriteItem{}}
	buffer := dynamo.Buffer{API: r, Table: "buffer"}
	key := delivery.CounterKey{Key: "integration:77#42#1", Date: "2026-11-24"}
	counts := tally.Counts{Success: 120, Fatal: 1}
	r.fault = func(string, string) (before, after error) { return nil, errLost }
	if err := buffer.AddOutcomes(t.Context(), key, counts, "out_1"); !errors.Is(err, errLost) || errors.Is(err, delivery.ErrNotAdded) {
		t.Errorf("after a lost answer: %v", err)
	}
	r.fault = nil
	must(t, buffer.AddOutcomes(t.Context(), key, counts, "out_1"))
	must(t, buffer.AddOutcomes(t.Context(), key, counts, "out_2"))
	if err := buffer.AddOutcomes(t.Context(), key, tally.Counts{Fatal: 9}, "out_2"); !errors.Is(err, delivery.ErrOtherContent) {
		t.Errorf("other content under the same name: %v", err)
	}
	day := r.tables["buffer"]["integration:77#42#1 2026-11-24"]
	if textOf(day["success_count"]) != "240" || textOf(day["fatal_count"]) != "2" || day["failing_day"] == nil {
		t.Errorf("the day is %v", day)
	}
}

// failingTransactions answers each transaction with an error.
type failingTransactions struct {
	*engine
	err   error
	token *string
}

func (a failingTransactions) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	*a.token = aws.ToString(in.ClientRequestToken)
	return nil, a.err
}

func TestAddOutcomesSaysWhatSurelyIsNotThere(t *testing.T) {
	for _, c := range []struct {
		err      error
		notAdded bool
	}{
		{answered(http.StatusBadRequest), true},
		{errors.Join(&types.TransactionCanceledException{}, answered(http.StatusBadRequest)), true},
		{errors.Join(&types.TransactionInProgressException{}, answered(http.StatusBadRequest)), false},
		{answered(http.StatusInternalServerError), false},
		{errLost, false},
		{context.DeadlineExceeded, false},
	} {
		var token string
		err := dynamo.Buffer{API: failingTransactions{newEngine(), c.err, &token}, Table: "buffer"}.AddOutcomes(t.Context(),
			delivery.CounterKey{Key: "17#42#1", Date: "2026-11-24"}, tally.Counts{Fatal: 1}, strings.Repeat("o", 128))
		if !errors.Is(err, c.err) || errors.Is(err, delivery.ErrNotAdded) != c.notAdded || errors.Is(err, delivery.ErrOtherContent) {
			t.Errorf("%v: got %v, surely not added must be %v", c.err, err, c.notAdded)
		}
		if len(token) < 16 || len(token) > 36 {
			t.Errorf("a token of %d characters", len(token))
		}
	}
}
