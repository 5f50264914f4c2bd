package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/tally"
)

// answered is the error of a call whose answer has a status.
func answered(status int) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errors.New(http.StatusText(status))}}
}

// failing is a Buffer whose updates fail. It checks that the SDK does not
// repeat them.
type failing struct {
	*engine
	t   *testing.T
	err error
}

func (f failing) UpdateItem(_ context.Context, _ *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	o := dynamodb.New(dynamodb.Options{}).Options()
	for _, option := range options {
		option(&o)
	}
	if o.Retryer.MaxAttempts() != 1 || o.Retryer.IsErrorRetryable(f.err) {
		f.t.Error("the SDK may repeat the call by itself")
	}
	return nil, f.err
}

// A failure that is added twice could disable an app.
func TestCountsAreSurelyNotAddedOnlyAfterARefusalOrWithoutAConnection(t *testing.T) {
	op := func(op string, err error) error { return fmt.Errorf("send: %w", &net.OpError{Op: op, Err: err}) }
	for _, c := range []struct {
		err      error
		notAdded bool
	}{
		{answered(http.StatusBadRequest), true}, // throttled, among others
		{answered(http.StatusForbidden), true},
		{answered(499), true},
		{op("dial", syscall.ECONNREFUSED), true},
		{answered(http.StatusRequestTimeout), false},
		{answered(http.StatusInternalServerError), false},
		{answered(http.StatusServiceUnavailable), false},
		{answered(http.StatusOK), false}, // and what came with it was no answer
		{op("read", syscall.ECONNRESET), false},
		{op("write", syscall.EPIPE), false},
		{context.DeadlineExceeded, false},
		{errors.New("anything else"), false},
	} {
		err := dynamo.Buffer{API: failing{newEngine(), t, c.err}, Table: "buffer"}.AddCounts(t.Context(),
			delivery.CounterKey{Key: "17#42#1", Date: "2026-11-24"}, tally.Counts{Error: 1}, tally.Clues{})
		if !errors.Is(err, c.err) || errors.Is(err, delivery.ErrNotAdded) != c.notAdded {
			t.Errorf("%v: got %v, not added must be %v", c.err, err, c.notAdded)
		}
	}
}

func TestCountsAreAddedAndZerosAreNeverThere(t *testing.T) {
	e := newEngine()
	add := func(c tally.Counts) {
		t.Helper()
		must(t, e.buffer().AddCounts(t.Context(), delivery.CounterKey{Key: "17#42#1", Date: "2026-11-24"}, c, tally.Clues{}))
	}
	day := func() attributes { return e.tables["buffer"]["17#42#1 2026-11-24"] }
	add(tally.Counts{Success: 2})
	if i := day(); len(i) != 4 || textOf(i["success_count"]) != "2" || i["failing_day"] != nil {
		t.Errorf("after two successes: %v", i)
	}
	add(tally.Counts{Success: 1, Error: 1, Timeout: 2, Gone: 3, Fatal: 4})
	i := day()
	for name, want := range map[string]string{"success_count": "3", "error_count": "1", "timeout_count": "2", "gone_count": "3", "fatal_count": "4",
		"failing_day": tally.FailingDay("2026-11-24", "17#42#1"), "expires_at": fmt.Sprint(tally.Date("2026-11-24").End().AddDate(0, 0, 40).Unix())} {
		if textOf(i[name]) != want {
			t.Errorf("%s is %q, want %q", name, textOf(i[name]), want)
		}
	}
}
