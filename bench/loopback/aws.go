package loopback

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"
)

// AWS is a stand-in for DynamoDB and SQS. It answers at once, in their real
// protocol, and counts the requests. Every app that is asked for exists and is
// internal.
type AWS struct {
	AppURL func(app string) string                              // where an app receives its webhooks
	Log    func(webhook string)                                 // gets the id of each attempt that is put into Requests; may be nil
	Take   func(queue string, sent []SentOn)                    // gets what is sent to a queue; may be nil
	Charge func(operation string, request, answer []byte) error // counts units; may be nil

	URL   string
	Close func()

	mu       sync.Mutex
	requests map[string]int // by operation
	warnings map[string]any // items of SlowApps, by app
	refused  error          // the first request that was not understood
}

// The names of the stand-ins' tables and queues.
const (
	account       = "000000000000"
	WebhookQueue  = "webhook"
	RetryQueue    = "retry"
	AppsTable     = "apps"
	SecretsTable  = "secrets"
	SlowAppsTable = "slowapps"
	BufferTable   = "buffer"
	RequestsTable = "requests"
)

// Serve starts it and sets URL and Close. The functions above must be set before.
func (a *AWS) Serve() error {
	a.requests, a.warnings = make(map[string]int), make(map[string]any)
	address, closeServer, err := serve(a)
	a.URL, a.Close = "http://"+address, closeServer
	return err
}

// Counted returns the requests so far, by operation. err is about the first
// request that was not understood, which makes a measurement worthless.
func (a *AWS) Counted() (requests map[string]int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.requests), a.refused
}

// ServeHTTP answers one request: its X-Amz-Target is "<service>.<operation>".
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	a.mu.Lock()
	a.requests[operation]++
	number := a.requests[operation]
	a.mu.Unlock()

	status := http.StatusOK
	text, err := a.answer(operation, body)
	if err == nil && a.Charge != nil {
		err = a.Charge(operation, body, text)
	}
	if err != nil {
		a.mu.Lock()
		a.refused = cmp.Or(a.refused, fmt.Errorf("%s: %w", operation, err))
		a.mu.Unlock()
		status, text = http.StatusBadRequest, fmt.Appendf(nil, `{"__type":"com.amazonaws#ValidationException","message":%q}`, err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("%.20s%032d", strings.ToUpper(operation), number))
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(text)), 10)) // the SDK verifies it
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func (a *AWS) answer(operation string, body []byte) (text []byte, err error) {
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	out := object{}
	switch operation {
	case "UpdateItem":
	case "PutItem":
		a.put(in)
	case "BatchGetItem":
		out, err = a.batchGet(in)
	case "BatchWriteItem":
		out["UnprocessedItems"], err = object{}, a.batchWrite(in)
	case "SendMessageBatch":
		out["Successful"], out["Failed"] = a.send(in), []any{}
	default:
		err = errors.New("the stand-in does not know it")
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

type object map[string]any

// request is the fields that are read, whatever the operation.
type request struct {
	RequestItems map[string]json.RawMessage // by table, in the operation's own form
	Item         map[string]map[string]string
	QueueURL     string `json:"QueueUrl"`
	Entries      []SentOn
}

// SentOn is an entry of SendMessageBatch.
type SentOn struct {
	ID                string `json:"Id"`
	MessageBody       string
	MessageGroupID    string `json:"MessageGroupId"`
	DelaySeconds      int
	MessageAttributes map[string]events.SQSMessageAttribute
}

func (a *AWS) batchGet(in request) (object, error) {
	responses := object{}
	for table, wanted := range in.RequestItems {
		var get struct {
			Keys []map[string]struct{ S string }
		}
		if err := json.Unmarshal(wanted, &get); err != nil {
			return nil, err
		}
		items := []any{}
		for _, key := range get.Keys {
			for _, id := range key { // the key has only one attribute
				if item := a.item(table, id.S); item != nil {
					items = append(items, item)
				}
			}
		}
		responses[table] = items
	}
	return object{"UnprocessedKeys": object{}, "Responses": responses}, nil
}

func (a *AWS) item(table, app string) any {
	switch text := func(s string) object { return object{"S": s} }; table {
	case AppsTable:
		return object{
			"id": text(app), "version": object{"N": "1"}, "uuid": text("7a485448-a9e2-4c85-8a3c-4f44175783c9"),
			"slug": text("ci-bot"), "name": text("CI Bot"), "status": text("internal"), "organization_id": text("42"),
			"webhook_url": text(a.AppURL(app)), "events": object{"L": []any{text("issue"), text("error")}},
		}
	case SecretsTable:
		return object{"app_id": text(app), "version": object{"N": "1"},
			"secrets": object{"L": []any{text("a-secret-of-forty-eight-characters-as-they-often-")}}}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.warnings[app]
}

// put knows only SlowApps.
func (a *AWS) put(in request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warnings[in.Item["app_id"]["S"]] = in.Item
}

func (a *AWS) batchWrite(in request) error {
	var writes []struct {
		PutRequest struct {
			Item struct {
				SortKey      struct{ S string }  `json:"sk"`
				ResponseCode *struct{ N string } `json:"response_code"`
			}
		}
	}
	if in.RequestItems[RequestsTable] == nil || a.Log == nil {
		return nil
	}
	if err := json.Unmarshal(in.RequestItems[RequestsTable], &writes); err != nil {
		return err
	}
	for _, w := range writes {
		if key := strings.Split(w.PutRequest.Item.SortKey.S, "#"); w.PutRequest.Item.ResponseCode != nil && len(key) > 1 {
			a.Log(key[1])
		}
	}
	return nil
}

func (a *AWS) send(in request) (accepted []object) {
	if a.Take != nil {
		a.Take(path.Base(in.QueueURL), in.Entries)
	}
	for _, e := range in.Entries {
		sum := md5.Sum([]byte(e.MessageBody)) // the SDK verifies it
		accepted = append(accepted, object{"Id": e.ID, "MessageId": e.ID, "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	}
	return accepted
}
