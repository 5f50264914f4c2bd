// Package stack is a platform's view of a running stack. It sends messages to
// the queues, and reads the tables and the mailbox. It uses only SDK calls and
// the names in stack.env, so it works with any engine.
package stack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Stack is one running stack.
type Stack struct {
	Names  map[string]string // of stack.env
	DB     *dynamodb.Client
	SQS    *sqs.Client
	Lambda *lambda.Client

	calls *calls
}

// Open reads stack.env and makes the clients. It calls nothing.
func Open(ctx context.Context, path string) (*Stack, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the stack's names: %w", err)
	}
	defer func() { _ = file.Close() }()
	names := make(map[string]string)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			names[key] = value
		}
	}
	c, err := config.LoadDefaultConfig(ctx, options(names)...)
	if err != nil {
		return nil, fmt.Errorf("configure the clients: %w", err)
	}
	counted := &calls{}
	c.HTTPClient = client{c.HTTPClient, counted}
	return &Stack{Names: names, DB: dynamodb.NewFromConfig(c), SQS: sqs.NewFromConfig(c), Lambda: lambda.NewFromConfig(c), calls: counted}, nil
}

// options configures the clients by the names. A stack in an account has no
// endpoint or credentials in its names, so the clients use this process's own.
func options(names map[string]string) []func(*config.LoadOptions) error {
	list := []func(*config.LoadOptions) error{
		config.WithRegion(names["AWS_REGION"]),
		config.WithHTTPClient(awshttp.NewBuildableClient()),
	}
	if endpoint := names["AWS_ENDPOINT_URL"]; endpoint != "" {
		list = append(list, config.WithBaseEndpoint(endpoint))
	}
	if key := names["AWS_ACCESS_KEY_ID"]; key != "" {
		list = append(list, config.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key, SecretAccessKey: names["AWS_SECRET_ACCESS_KEY"]}, nil
		})))
	}
	return list
}

// Message is one message to send. Body is a string, sent as it is, or anything
// that encodes as JSON.
type Message struct {
	Body       any
	GroupID    string
	Attributes map[string]string // sent as Number if the text is a number, else as String
}

// Send queues messages, ten at a time. queue is a name in stack.env.
func (s *Stack) Send(ctx context.Context, queue string, messages ...Message) error {
	const most = 10
	for len(messages) > 0 {
		chunk := messages[:min(most, len(messages))]
		messages = messages[len(chunk):]
		in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(s.Names[queue])}
		for i, m := range chunk {
			entry := sqstypes.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(text(m.Body))}
			if m.GroupID != "" {
				entry.MessageGroupId = aws.String(m.GroupID)
			}
			for name, value := range m.Attributes {
				if entry.MessageAttributes == nil {
					entry.MessageAttributes = make(map[string]sqstypes.MessageAttributeValue)
				}
				kind := "String"
				if _, err := strconv.Atoi(value); err == nil {
					kind = "Number"
				}
				entry.MessageAttributes[name] = sqstypes.MessageAttributeValue{DataType: &kind, StringValue: &value}
			}
			in.Entries = append(in.Entries, entry)
		}
		out, err := s.SQS.SendMessageBatch(ctx, in)
		if err != nil {
			return fmt.Errorf("send to %s: %w", queue, err)
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("send to %s: %s", queue, aws.ToString(out.Failed[0].Message))
		}
	}
	return nil
}

func text(body any) string {
	if s, ok := body.(string); ok {
		return s
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Sprintf("not encodable: %v", err)
	}
	return string(encoded)
}

// Register sends messages to RegistryQueue.
func (s *Stack) Register(ctx context.Context, messages ...any) error {
	list := make([]Message, len(messages))
	for i, m := range messages {
		list[i] = Message{Body: m}
	}
	return s.Send(ctx, "REGISTRY_QUEUE_URL", list...)
}

// Letter is a message taken from a queue.
type Letter struct {
	Body       string
	Attributes map[string]string
}

// Receive takes up to ten messages from a queue and deletes them.
func (s *Stack) Receive(ctx context.Context, queue string) ([]Letter, error) {
	url := aws.String(s.Names[queue])
	out, err := s.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}})
	if err != nil {
		return nil, fmt.Errorf("receive from %s: %w", queue, err)
	}
	var letters []Letter
	for _, m := range out.Messages {
		letter := Letter{Body: aws.ToString(m.Body), Attributes: make(map[string]string)}
		for name, value := range m.MessageAttributes {
			letter.Attributes[name] = aws.ToString(value.StringValue)
		}
		letters = append(letters, letter)
		if _, err := s.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			return nil, fmt.Errorf("delete from %s: %w", queue, err)
		}
	}
	return letters, nil
}

// Item is an item of a table: strings, numbers as int64, lists and maps.
type Item map[string]any

// Text is a string attribute; empty if absent.
func (i Item) Text(name string) string {
	s, _ := i[name].(string)
	return s
}

// Int is a number attribute; 0 if absent.
func (i Item) Int(name string) int64 {
	n, _ := i[name].(int64)
	return n
}

// Get reads one item, consistently; nil if there is none. key is name, value,
// name, value.
func (s *Stack) Get(ctx context.Context, table string, key ...string) (Item, error) {
	k := make(map[string]dynamotypes.AttributeValue)
	for i := 0; i+1 < len(key); i += 2 {
		k[key[i]] = &dynamotypes.AttributeValueMemberS{Value: key[i+1]}
	}
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(s.Names[table]), Key: k, ConsistentRead: aws.Bool(true)})
	if err != nil || out.Item == nil {
		return nil, err
	}
	return plainItem(out.Item), nil
}

// Query reads all items of a partition, in order, consistently.
func (s *Stack) Query(ctx context.Context, table, key string) ([]Item, error) {
	pages := dynamodb.NewQueryPaginator(s.DB, &dynamodb.QueryInput{
		TableName:                 aws.String(s.Names[table]),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]dynamotypes.AttributeValue{":pk": &dynamotypes.AttributeValueMemberS{Value: key}},
	})
	return all(ctx, "query "+table, pages, func(page *dynamodb.QueryOutput) []wireItem { return page.Items })
}

// Scan reads all items of a table, consistently.
func (s *Stack) Scan(ctx context.Context, table string) ([]Item, error) {
	pages := dynamodb.NewScanPaginator(s.DB, &dynamodb.ScanInput{
		TableName: aws.String(s.Names[table]), ConsistentRead: aws.Bool(true)})
	return all(ctx, "scan "+table, pages, func(page *dynamodb.ScanOutput) []wireItem { return page.Items })
}

// paginator is any paginator of the SDK.
type paginator[P any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*dynamodb.Options)) (P, error)
}

type wireItem = map[string]dynamotypes.AttributeValue

// all reads page by page. what describes the call in errors.
func all[P any](ctx context.Context, what string, pages paginator[P], itemsOf func(P) []wireItem) (items []Item, err error) {
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		for _, i := range itemsOf(page) {
			items = append(items, plainItem(i))
		}
	}
	return items, nil
}

// Put writes an item of strings, int64s and bools.
func (s *Stack) Put(ctx context.Context, table string, i Item) error {
	item := make(map[string]dynamotypes.AttributeValue, len(i))
	for name, value := range i {
		switch v := value.(type) {
		case string:
			item[name] = &dynamotypes.AttributeValueMemberS{Value: v}
		case int64:
			item[name] = &dynamotypes.AttributeValueMemberN{Value: strconv.FormatInt(v, 10)}
		case bool:
			item[name] = &dynamotypes.AttributeValueMemberBOOL{Value: v}
		default:
			return fmt.Errorf("put into %s: %s is a %T", table, name, value)
		}
	}
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(s.Names[table]), Item: item})
	return err
}

func plainItem(item map[string]dynamotypes.AttributeValue) Item {
	plain := make(Item, len(item))
	for name, value := range item {
		plain[name] = plainValue(value)
	}
	return plain
}

func plainValue(value dynamotypes.AttributeValue) any {
	switch v := value.(type) {
	case *dynamotypes.AttributeValueMemberS:
		return v.Value
	case *dynamotypes.AttributeValueMemberN:
		n, _ := strconv.ParseInt(v.Value, 10, 64)
		return n
	case *dynamotypes.AttributeValueMemberBOOL:
		return v.Value
	case *dynamotypes.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i, element := range v.Value {
			list[i] = plainValue(element)
		}
		return list
	case *dynamotypes.AttributeValueMemberM:
		return plainItem(v.Value)
	}
	return nil
}

// Mail is one mail in the mailbox.
type Mail struct {
	To      []string
	Subject string
	Text    string
	HTML    string
}

// Mails reads the mailbox, the only thing that differs between engines. A stack
// in an account has no mailbox.
func (s *Stack) Mails(ctx context.Context) ([]Mail, error) {
	if s.Names["MAILBOX_URL"] == "" {
		return nil, nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Names["MAILBOX_URL"], nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the mailbox: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	return readMails(response.Body)
}

// readMails reads the answer of either mailbox.
func readMails(body io.Reader) ([]Mail, error) {
	var box struct {
		Messages map[string][]struct { // MiniStack's, by account
			To       []string
			Subject  string
			BodyText string
			BodyHTML string `json:"BodyHtml"`
		}
		Emails []struct { // aws-ses-v2-local's
			Destination struct{ To []string }
			Subject     string
			Body        struct{ Text, HTML string }
		}
	}
	if err := json.NewDecoder(body).Decode(&box); err != nil {
		return nil, fmt.Errorf("read the mailbox: %w", err)
	}
	var mails []Mail
	for _, account := range box.Messages {
		for _, m := range account {
			mails = append(mails, Mail{To: m.To, Subject: m.Subject, Text: m.BodyText, HTML: m.BodyHTML})
		}
	}
	for _, m := range box.Emails {
		mails = append(mails, Mail{To: m.Destination.To, Subject: m.Subject, Text: m.Body.Text, HTML: m.Body.HTML})
	}
	return mails, nil
}

// Invoke calls a function, such as "SWEEP_FUNCTION", and waits for its answer.
func (s *Stack) Invoke(ctx context.Context, function string, event any) (string, error) {
	out, err := s.Lambda.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(s.Names[function]), Payload: []byte(text(event))})
	if err != nil {
		return "", fmt.Errorf("invoke %s: %w", function, err)
	}
	if out.FunctionError != nil {
		return "", fmt.Errorf("invoke %s: %s: %s", function, *out.FunctionError, out.Payload)
	}
	return string(out.Payload), nil
}

// ErrNotYet is returned by a condition of Until that may still become true.
var ErrNotYet = errors.New("not yet")

// Until calls the condition until it returns no error. When the time is over,
// Until returns the last error.
func Until(ctx context.Context, atMost time.Duration, condition func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", atMost, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
