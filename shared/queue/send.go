package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

var errPanicked = errors.New("the handler panicked")

// API is what sending needs of SQS.
type API interface {
	SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// perTry is how long one request to SQS may take.
const perTry = 2 * time.Second

// NewClient makes a client of SQS whose every try ends in time.
func NewClient(c aws.Config) *sqs.Client {
	return sqs.NewFromConfig(c, func(o *sqs.Options) {
		o.HTTPClient = awshttp.NewBuildableClient().WithTimeout(perTry)
	})
}

// The limits of one SendMessageBatch call. SQS's own is 1 MiB in all.
const (
	maxEntries    = 10
	maxBatchBytes = 1_000_000
)

// send queues the entries, packed into as few calls as they fit in. Entries that
// failed are tried again one by one. It returns the indexes of those that are
// not known to be queued, and the last error; platform.ErrRefused comes first.
func send(ctx context.Context, api API, url string, entries []types.SendMessageBatchRequestEntry) (failed []int, last error) {
	for start := 0; start < len(entries); {
		end := pack(entries, start)
		chunk := entries[start:end]
		for i := range chunk {
			chunk[i].Id = aws.String(strconv.Itoa(i))
		}
		for _, i := range sendChunk(ctx, api, url, chunk) {
			if err := sendOne(ctx, api, url, chunk[i]); err != nil {
				failed = append(failed, start+i)
				if !errors.Is(last, platform.ErrRefused) {
					last = err
				}
			}
		}
		start = end
	}
	return failed, last
}

// pack returns the end of the longest run of entries from start that one call
// takes; at least one entry.
func pack(entries []types.SendMessageBatchRequestEntry, start int) int {
	bytes := 0
	for end := start; end < len(entries); end++ {
		bytes += size(entries[end])
		if end > start && (end-start == maxEntries || bytes > maxBatchBytes) {
			return end
		}
	}
	return len(entries)
}

// size is what SQS counts of a message: its body and its attributes.
func size(e types.SendMessageBatchRequestEntry) int {
	n := len(aws.ToString(e.MessageBody))
	for name, a := range e.MessageAttributes {
		n += len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
	}
	return n
}

func sendChunk(ctx context.Context, api API, url string, chunk []types.SendMessageBatchRequestEntry) (failed []int) {
	out, err := api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: chunk})
	if err != nil {
		for i := range chunk {
			failed = append(failed, i)
		}
		return failed
	}
	for _, f := range out.Failed {
		if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i >= 0 && i < len(chunk) {
			failed = append(failed, i)
		}
	}
	return failed
}

func sendOne(ctx context.Context, api API, url string, e types.SendMessageBatchRequestEntry) error {
	_, err := api.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &url, MessageBody: e.MessageBody, MessageAttributes: e.MessageAttributes,
		MessageGroupId: e.MessageGroupId, DelaySeconds: e.DelaySeconds,
	})
	if err != nil {
		return fmt.Errorf("send to %s: %w", url, refusal(err))
	}
	return nil
}

func textValue(s string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}

func numberValue(n int64) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: aws.String(strconv.FormatInt(n, 10))}
}

func value(a delivery.Attribute) types.MessageAttributeValue {
	v := types.MessageAttributeValue{DataType: aws.String(a.Type)}
	if len(a.Binary) > 0 {
		v.BinaryValue = a.Binary
		return v
	}
	v.StringValue = aws.String(a.Text)
	return v
}
