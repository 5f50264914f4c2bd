package steering

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
)

// logTable answers queries of the log, newest first.
type logTable struct {
	entries []string // sort keys, newest first
	queries int
	err     error
}

func (l *logTable) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	l.queries++
	out := &dynamodb.QueryOutput{}
	if pk := in.ExpressionAttributeValues[":pk"].(*types.AttributeValueMemberS).Value; pk != "17#2026-11-25" {
		return out, l.err
	}
	value := func(name string) string {
		return in.ExpressionAttributeValues[name].(*types.AttributeValueMemberS).Value
	}
	inRange := func(sk string) bool { return value(":low") <= sk && sk <= value(":high") }
	if in.ExpressionAttributeValues[":sk"] != nil { // the one entry
		inRange = func(sk string) bool { return sk == value(":sk") }
	}
	for _, sk := range l.entries {
		if inRange(sk) && (in.Limit == nil || len(out.Items) < int(*in.Limit)) {
			out.Items = append(out.Items, map[string]types.AttributeValue{"sk": &types.AttributeValueMemberS{Value: sk},
				"attempt": &types.AttributeValueMemberN{Value: "1"}, "outcome": &types.AttributeValueMemberS{Value: "success"}})
		}
	}
	return out, l.err
}

func TestFindTestGoesBackToWhenTheTestBegan(t *testing.T) {
	begun := time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)
	now := func() time.Time { return begun.Add(time.Minute) }
	entry := func(after time.Duration, id string) string {
		return platform.FormatTime(begun.Add(after)) + "#" + id + "#1#abcdef01"
	}
	busy := func(n int, rest ...string) (list []string) {
		for i := range n {
			list = append(list, entry(30*time.Second-time.Duration(i)*time.Millisecond, fmt.Sprint("evt_", i)))
		}
		return append(list, rest...)
	}
	for name, c := range map[string]struct {
		entries     []string
		found, fail bool
	}{
		"the newest":                           {[]string{entry(time.Second, "tst_1")}, true, false},
		"behind others":                        {busy(250, entry(time.Second, "tst_1")), true, false},
		"not there yet":                        {busy(3), false, false},
		"of before, and that is another's id":  {busy(3, entry(-time.Second, "evt_x"), entry(-2*time.Second, "tst_1")), false, false},
		"behind so many that it is not looked": {busy(maxEntries, entry(time.Second, "tst_1")), false, true},
	} {
		l := &logTable{entries: c.entries}
		e, found, err := requests{dynamo.RequestsReader{API: l, Table: "requests"}, now}.FindTest(t.Context(), "17", "tst_1", begun)
		if found != c.found || (err != nil) != c.fail || found && e.Outcome != "success" {
			t.Errorf("%s: %+v, %t, %v", name, e, found, err)
		}
	}
	l := &logTable{err: errLost}
	if _, _, err := (requests{dynamo.RequestsReader{API: l, Table: "requests"}, now}).FindTest(t.Context(), "17", "tst_1", begun); !errors.Is(err, errLost) {
		t.Errorf("the error is %v", err)
	}
}

// sender is SQS, which takes a message or fails.
type sender struct {
	in  *sqs.SendMessageBatchInput
	err error
}

func (s *sender) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	s.in = in
	return &sqs.SendMessageBatchOutput{Successful: []sqstypes.SendMessageBatchResultEntry{{Id: in.Entries[0].Id}}}, s.err
}

func (s *sender) SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return nil, s.err
}

func TestRegistryIsToldInTheAppsGroup(t *testing.T) {
	s := &sender{}
	unknown, err := registry{s, "url"}.Send(t.Context(), []byte("{}"), "17")
	if err != nil || unknown || aws.ToString(s.in.Entries[0].MessageGroupId) != "17" || aws.ToString(s.in.Entries[0].MessageBody) != "{}" || *s.in.QueueUrl != "url" {
		t.Errorf("sent %+v, %t, %v", s.in, unknown, err)
	}
	s.err = errLost
	if unknown, err := (registry{s, "url"}).Send(t.Context(), []byte("{}"), "17"); !unknown || !errors.Is(err, errLost) {
		t.Errorf("a lost answer: %t, %v", unknown, err)
	}
}
