// Package letters lists dead letters and sends them back to where they were meant for. It
// deletes a letter only once it is known to be in another queue. If it is cut off, a letter
// may be in both, and none is lost.
package letters

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/shared/queue"
)

// API is what the commands need of SQS.
type API interface {
	queue.API
	GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
}

// Queue is a dead-letter queue.
type Queue struct {
	Name string // on the command line
	Is   string // as the documents call it
	URL  string
	Home string // URL of the queue that its letters were meant for; empty: there is none
}

// naming is what a stack calls a dead-letter queue, and the queue that its letters go back to.
type naming struct{ name, is, letters, home string }

func all() []naming {
	return []naming{
		{"webhook", "WebhookDLQ", "WEBHOOK_DLQ_URL", "WEBHOOK_QUEUE_URL"},
		{"registry", "RegistryDLQ", "REGISTRY_DLQ_URL", "REGISTRY_QUEUE_URL"},
		{"notification", "NotificationDLQ", "NOTIFICATION_DLQ_URL", "NOTIFICATION_QUEUE_URL"},
		{"stream", "StreamDLQ", "STREAM_DLQ_URL", ""},
	}
}

func names() []string {
	var list []string
	for _, n := range all() {
		list = append(list, n.name)
	}
	return list
}

// find is the queue that a person means by a word; all of them if it is empty.
func find(word string, name func(string) (string, error)) ([]Queue, error) {
	var found []Queue
	for _, n := range all() {
		if word != "" && !strings.EqualFold(word, n.name) && !strings.EqualFold(word, n.is) {
			continue
		}
		q := Queue{Name: n.name, Is: n.is}
		var err error
		if q.URL, err = name(n.letters); err != nil {
			return nil, err
		}
		if n.home != "" {
			if q.Home, err = name(n.home); err != nil {
				return nil, err
			}
		}
		found = append(found, q)
	}
	if len(found) == 0 {
		return nil, fault.NewUsage("They are "+strings.Join(names(), ", ")+".", "there is no dead-letter queue %q", word)
	}
	return found, nil
}

// state is what SQS says of a queue, approximately.
type state struct {
	waiting int
	hidden  int       // received by somebody, and not deleted
	moved   int       // after so many receives SQS moves a message of the queue at home here; 0: not known
	at      time.Time // by SQS's clock
}

// look asks for the state of a dead-letter queue. now is the time by this machine's clock,
// if SQS names none.
func (q Queue) look(ctx context.Context, api API, now time.Time) (state, error) {
	out, err := api.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.URL, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}})
	if err != nil {
		return state{}, fmt.Errorf("look at %s: %w", q.Is, err)
	}
	number := func(name types.QueueAttributeName) int { n, _ := strconv.Atoi(out.Attributes[string(name)]); return n }
	s := state{waiting: number(types.QueueAttributeNameApproximateNumberOfMessages),
		hidden: number(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible), at: now}
	if at, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok && !at.IsZero() {
		s.at = at
	}
	if q.Home == "" {
		return s, nil
	}
	home, err := api.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.Home,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy}})
	if err != nil {
		return state{}, fmt.Errorf("look at the queue of %s: %w", q.Is, err)
	}
	var policy struct {
		MaxReceiveCount json.Number `json:"maxReceiveCount"` // a text in some stacks
	}
	_ = json.Unmarshal([]byte(home.Attributes[string(types.QueueAttributeNameRedrivePolicy)]), &policy)
	s.moved, _ = strconv.Atoi(policy.MaxReceiveCount.String())
	return s, nil
}

func sentAt(m types.Message) time.Time {
	ms, _ := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	return time.UnixMilli(ms)
}

func idOf(m types.Message) string { return aws.ToString(m.MessageId) }
