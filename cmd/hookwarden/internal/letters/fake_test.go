package letters

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	letterURL = "https://sqs/1/hw-WebhookDLQ"
	homeURL   = "https://sqs/1/hw-WebhookQueue"
)

var (
	webhookDLQ  = Queue{Name: "webhook", Is: "WebhookDLQ", URL: letterURL, Home: homeURL}
	registryDLQ = Queue{Name: "registry", Is: "RegistryDLQ", URL: letterURL, Home: homeURL}
)

// account is SQS in memory. Its faults come in pairs: the call fails and did nothing, or it
// fails and did it all the same.
type account struct {
	mu     sync.Mutex
	queues map[string][]*stored
	next   int
	calls  map[string]int

	receiveFault, sendFault, deleteFault, visibilityFault error
	applied                                               bool // what fails was done all the same
	failing                                               int  // so many calls fail; 0: all
	refuse                                                func(body string) bool
	onReceive, onSend                                     func()
	shy                                                   int // so many receives find nothing, as SQS's may
}

type stored struct {
	types.Message
	hidden bool
	group  *string
}

var (
	errLost   error = &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	errNoLine error = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
)

func newAccount(letters ...types.Message) *account {
	a := &account{queues: make(map[string][]*stored), calls: make(map[string]int)}
	for _, m := range letters {
		a.put(letterURL, m)
	}
	return a
}

// put queues a message; without an id it gets one.
func (a *account) put(url string, m types.Message) {
	a.next++
	if m.MessageId == nil {
		m.MessageId = aws.String(fmt.Sprintf("%08d-aaaa", a.next))
	}
	if m.Attributes == nil {
		m.Attributes = map[string]string{"SentTimestamp": strconv.Itoa(a.next)}
	}
	a.queues[url] = append(a.queues[url], &stored{Message: m})
}

// fails counts a call and says whether it fails.
func (a *account) fails(call string, fault error) error {
	a.calls[call]++
	if fault == nil || a.failing > 0 && a.calls[call] > a.failing {
		return nil
	}
	return fault
}

func (a *account) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	visible, hidden := 0, 0
	for _, m := range a.queues[aws.ToString(in.QueueUrl)] {
		if m.hidden {
			hidden++
		} else {
			visible++
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"ApproximateNumberOfMessages": strconv.Itoa(visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden), "RedrivePolicy": `{"maxReceiveCount":"20"}`}}, nil
}

func (a *account) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if a.onReceive != nil {
		a.onReceive()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := errors.Join(ctx.Err(), a.fails("receive", a.receiveFault)); err != nil {
		return nil, err
	}
	out := &sqs.ReceiveMessageOutput{}
	if a.calls["receive"] <= a.shy {
		return out, nil
	}
	for _, m := range a.queues[aws.ToString(in.QueueUrl)] {
		if m.hidden || len(out.Messages) == int(in.MaxNumberOfMessages) {
			continue
		}
		m.hidden = true
		a.next++
		m.ReceiptHandle = aws.String(fmt.Sprintf("%s/%d", *m.MessageId, a.next))
		out.Messages = append(out.Messages, m.Message)
	}
	return out, nil
}

func (a *account) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	out, err := a.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: in.QueueUrl, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("0"), MessageBody: in.MessageBody, MessageAttributes: in.MessageAttributes, MessageGroupId: in.MessageGroupId}}})
	if err == nil && len(out.Failed) > 0 {
		err = &types.InvalidMessageContents{}
	}
	return &sqs.SendMessageOutput{}, err
}

func (a *account) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if a.onSend != nil {
		a.onSend()
	}
	err := a.fails("send", a.sendFault)
	if err != nil && !a.applied {
		return nil, err
	}
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		if a.refuse != nil && a.refuse(*e.MessageBody) {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("InvalidMessageContents")})
			continue
		}
		a.put(*in.QueueUrl, types.Message{Body: e.MessageBody, MessageAttributes: e.MessageAttributes})
		queue := a.queues[*in.QueueUrl]
		queue[len(queue)-1].group = e.MessageGroupId
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id})
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *account) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.fails("visibility", a.visibilityFault); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	for _, e := range in.Entries {
		if m := a.byHandle(*in.QueueUrl, *e.ReceiptHandle); m != nil {
			m.hidden = false
			continue
		}
		out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id})
	}
	return out, nil
}

func (a *account) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	err := a.fails("delete", a.deleteFault)
	if err != nil && !a.applied {
		return nil, err
	}
	out := &sqs.DeleteMessageBatchOutput{}
	for _, e := range in.Entries {
		gone := a.byHandle(*in.QueueUrl, *e.ReceiptHandle)
		a.queues[*in.QueueUrl] = slices.DeleteFunc(a.queues[*in.QueueUrl], func(m *stored) bool { return m == gone })
		out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id}) // also if it is not there any more
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *account) byHandle(url, handle string) *stored {
	for _, m := range a.queues[url] {
		if aws.ToString(m.ReceiptHandle) == handle {
			return m
		}
	}
	return nil
}

// bodies are those of a queue, sorted.
func (a *account) bodies(url string) []string {
	var list []string
	for _, m := range a.queues[url] {
		list = append(list, *m.Body)
	}
	slices.Sort(list)
	return list
}

func (a *account) hidden(url string) (n int) {
	for _, m := range a.queues[url] {
		if m.hidden {
			n++
		}
	}
	return n
}

// buried is a letter that hookwarden sent.
func buried(body, reason string) types.Message {
	return types.Message{Body: &body, MessageAttributes: map[string]types.MessageAttributeValue{
		"hookwarden.reason": text(reason), "hookwarden.detail": text("says why"), "trace": text("t-1")}}
}

// moved is a letter that SQS moved.
func moved(body string, attributes ...string) types.Message {
	m := types.Message{Body: &body, MessageAttributes: make(map[string]types.MessageAttributeValue)}
	for i := 0; i+1 < len(attributes); i += 2 {
		m.MessageAttributes[attributes[i]] = text(attributes[i+1])
	}
	return m
}

func text(s string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}

func webhook(id string) string {
	return fmt.Sprintf(`{"id":%q,"app_id":"17","organization_id":"42","installation":{"uuid":"1"},"resource":"issue","action":"created","data":{}}`, id)
}

func looked(t *testing.T, a *account, q Queue) state {
	t.Helper()
	s, err := q.look(t.Context(), a, aNow)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keysOf(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
