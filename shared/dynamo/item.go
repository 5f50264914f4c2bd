// Package dynamo keeps hookwarden's tables in DynamoDB. Its types implement the
// jobs' interfaces, in about one file per table.
package dynamo

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// item is one item of a table. Its setters leave out what is unset: nothing is
// ever stored as NULL or empty.
type item map[string]types.AttributeValue

func (i item) setText(name, value string) {
	if value != "" {
		i[name] = text(value)
	}
}

func (i item) text(name string) string {
	s, _ := i[name].(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

func (i item) number(name string) int64 {
	n, _ := i[name].(*types.AttributeValueMemberN)
	if n == nil {
		return 0
	}
	value, _ := strconv.ParseInt(n.Value, 10, 64)
	return value
}

func (i item) bool(name string) bool {
	b, _ := i[name].(*types.AttributeValueMemberBOOL)
	return b != nil && b.Value
}

func (i item) time(name string) time.Time {
	t, err := platform.ParseTime(i.text(name))
	if err != nil {
		return time.Time{}
	}
	return t
}

// unix is a number of unix seconds; zero if there is none.
func (i item) unix(name string) time.Time {
	if i[name] == nil {
		return time.Time{}
	}
	return time.Unix(i.number(name), 0)
}

func (i item) list(name string) []types.AttributeValue {
	l, _ := i[name].(*types.AttributeValueMemberL)
	if l == nil {
		return nil
	}
	return l.Value
}

func (i item) texts(name string) []string {
	var texts []string
	for _, v := range i.list(name) {
		if s, ok := v.(*types.AttributeValueMemberS); ok {
			texts = append(texts, s.Value)
		}
	}
	return texts
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func timestamp(t time.Time) types.AttributeValue { return text(platform.FormatTime(t)) }

func texts[S ~string](list []S) types.AttributeValue {
	values := make([]types.AttributeValue, len(list))
	for i, s := range list {
		values[i] = text(string(s))
	}
	return &types.AttributeValueMemberL{Value: values}
}

// evidence is a list of days, as in disabled_evidence and in the audit entry.
func evidence(days []tally.Day) types.AttributeValue {
	values := make([]types.AttributeValue, len(days))
	for i, d := range days {
		values[i] = &types.AttributeValueMemberM{Value: item{
			"day": text(string(d.Date)), "success": number(d.Success), "error": number(d.Error),
			"timeout": number(d.Timeout), "gone": number(d.Gone), "fatal": number(d.Fatal), "other": number(d.Other),
		}}
	}
	return &types.AttributeValueMemberL{Value: values}
}

func (i item) evidence(name string) []tally.Day {
	var days []tally.Day
	for _, v := range i.list(name) {
		if m, ok := v.(*types.AttributeValueMemberM); ok {
			d := item(m.Value)
			days = append(days, tally.Day{Date: tally.Date(d.text("day")), Counts: tally.Counts{Success: d.number("success"), Error: d.number("error"), Timeout: d.number("timeout"), Gone: d.number("gone"), Fatal: d.number("fatal"), Other: d.number("other")}})
		}
	}
	return days
}

// conditionFailed reports whether a single write was refused by its condition.
func conditionFailed(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// refusedAt returns the indexes of the writes whose conditions refused a
// transaction; nil for any other error.
func refusedAt(err error) []int {
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) {
		return nil
	}
	var refused []int
	for i, reason := range canceled.CancellationReasons {
		if aws.ToString(reason.Code) == "ConditionalCheckFailed" {
			refused = append(refused, i)
		}
	}
	return refused
}

// surelyNotApplied reports whether a failed write did not take effect: it
// was refused, or never sent. After a lost answer or a failure of DynamoDB's
// own, the write may have taken effect.
func surelyNotApplied(err error) bool {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		status := response.HTTPStatusCode()
		return status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusRequestTimeout
	}
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "dial"
}

// once keeps the SDK from repeating a call.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
