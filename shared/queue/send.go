package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/platform"
)

// API is the part of SQS that sending needs.
type API interface {
	SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// perTry is how long one request to SQS may take.
const perTry = 2 * time.Second

// NewClient makes an SQS client that gives each try its own time-out.
func NewClient(c aws.Config) *sqs.Client {
	return sqs.NewFromConfig(c, func(o *sqs.Options) {
		o.HTTPClient = awshttp.NewBuildableClient().WithTimeout(perTry)
	})
}

// The limits of one SendMessageBatch call. SQS's own limit is 1 MiB in all.
const (
	maxEntries    = 10
	maxBatchBytes = 1_000_000
)

// fate is what happened to an entry that was sent.
type fate int

const (
	notQueued fate = iota // certain
	mayBeQueued
	isQueued
)

// failure is an entry that was not, or may not have been, queued.
type failure struct {
	index       int // in the list that was to be sent
	mayBeQueued bool
	err         error // wraps platform.ErrRefused if SQS will never take it
}

// send queues the entries, in as few calls as they fit in. Entries that were not
// queued are tried again in place, one by one. Entries that may have been queued are
// not tried again, since that could queue them twice. It returns the entries that
// were not, or may not have been, queued, and the last error, or the first that
// wraps platform.ErrRefused.
func send(ctx context.Context, api API, url string, entries []types.SendMessageBatchRequestEntry) (failed []failure, last error) {
	for start := 0; start < len(entries); {
		end := pack(entries, start)
		chunk := entries[start:end]
		fates, err := sendChunk(ctx, api, url, chunk)
		for i, fate := range fates {
			err := err
			if fate == notQueued {
				fate, err = sendOne(ctx, api, url, chunk[i])
			}
			if fate == isQueued {
				continue
			}
			failed = append(failed, failure{start + i, fate == mayBeQueued, err})
			if !errors.Is(last, platform.ErrRefused) {
				last = err
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

// size is a message's size as SQS counts it: its body and its attributes.
func size(e types.SendMessageBatchRequestEntry) int {
	n := len(aws.ToString(e.MessageBody))
	for name, a := range e.MessageAttributes {
		n += len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
	}
	return n
}

// errNotListed is the error of an entry that the answer does not mention.
var errNotListed = errors.New("the answer does not say whether the message is queued")

// sendChunk sends entries in one call and says what happened to each. The error
// is that of the entries that may have been queued.
func sendChunk(ctx context.Context, api API, url string, chunk []types.SendMessageBatchRequestEntry) ([]fate, error) {
	for i := range chunk {
		chunk[i].Id = aws.String(strconv.Itoa(i))
	}
	out, err := api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: chunk}, onlyNotQueued)
	if err != nil {
		return slices.Repeat([]fate{fateOf(err)}, len(chunk)), fmt.Errorf("send to %s: %w", url, err)
	}
	fates := slices.Repeat([]fate{mayBeQueued}, len(chunk))
	told := func(id *string, f fate) {
		if i, err := strconv.Atoi(aws.ToString(id)); err == nil && i >= 0 && i < len(chunk) {
			fates[i] = f
		}
	}
	for _, e := range out.Successful {
		told(e.Id, isQueued)
	}
	for _, e := range out.Failed {
		told(e.Id, notQueued)
	}
	return fates, errNotListed
}

func sendOne(ctx context.Context, api API, url string, e types.SendMessageBatchRequestEntry) (fate, error) {
	_, err := api.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &url, MessageBody: e.MessageBody, MessageAttributes: e.MessageAttributes,
		MessageGroupId: e.MessageGroupId, DelaySeconds: e.DelaySeconds,
	}, onlyNotQueued)
	if err != nil {
		return fateOf(err), fmt.Errorf("send to %s: %w", url, refusal(err))
	}
	return isQueued, nil
}

// fateOf says what a call's error means for what it sent. It was not queued if
// SQS refused it or if there was no connection to send it over. After a lost
// answer or a failure of SQS's own, it may have been queued.
func fateOf(err error) fate {
	if permanent(err) {
		return notQueued
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		status := response.HTTPStatusCode()
		if status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusRequestTimeout {
			return notQueued
		}
		return mayBeQueued
	}
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return notQueued
	}
	return mayBeQueued
}

// onlyNotQueued lets the SDK repeat a call by itself only if nothing that it sent was
// queued.
func onlyNotQueued(o *sqs.Options) {
	if o.Retryer != nil {
		o.Retryer = notQueuedRetryer{o.Retryer}
	}
}

type notQueuedRetryer struct{ aws.Retryer }

// IsErrorRetryable implements aws.Retryer.
func (r notQueuedRetryer) IsErrorRetryable(err error) bool {
	return fateOf(err) == notQueued && r.Retryer.IsErrorRetryable(err)
}
