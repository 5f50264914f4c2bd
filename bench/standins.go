package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// standIns answer at once for DynamoDB and SQS, in their real protocol, and
// count the requests. Every app that is asked for exists and is internal.
type standIns struct {
	url   string
	close func()

	appURL func(app string) string                              // where an app receives its webhooks
	log    func(entry logEntry)                                 // takes what is put into Requests; nil forgets it
	take   func(queue string, sent sentOn)                      // takes what is sent to a queue; nil forgets it
	days   func(key string) []any                               // what Buffer has of an app; nil: nothing
	charge func(operation string, request, answer []byte) error // counts units; nil: nobody does

	mu       sync.Mutex
	requests map[string]int    // by operation
	slow     map[string]object // items of SlowApps, by app
}

// The names of what stands in for AWS's.
const (
	account       = "000000000000"
	webhookQueue  = "webhook"
	retryQueue    = "retry"
	deadQueue     = "dead"
	appsTable     = "apps"
	secretsTable  = "secrets"
	slowAppsTable = "slowapps"
	bufferTable   = "buffer"
	requestsTable = "requests"
)

// serve starts them; url and close are set by then.
func (s *standIns) serve() error {
	s.requests, s.slow = make(map[string]int), make(map[string]object)
	address, closeServer, err := serve(s)
	s.url, s.close = "http://"+address, closeServer
	return err
}

// counted are the requests so far, by operation.
func (s *standIns) counted() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// ServeHTTP answers one request: its X-Amz-Target is "<service>.<operation>".
func (s *standIns) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.mu.Lock()
	s.requests[operation]++
	number := s.requests[operation]
	s.mu.Unlock()

	status, out := s.answer(operation, body)
	text, err := json.Marshal(out)
	if err == nil && s.charge != nil {
		err = s.charge(operation, body, text)
	}
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"__type":"InternalServerError"}`)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("%.20s%032d", strings.ToUpper(operation), number))
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(text)), 10)) // the SDK verifies it
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func (s *standIns) answer(operation string, body []byte) (status int, out any) {
	switch operation {
	case "UpdateItem":
		return http.StatusOK, struct{}{}
	case "BatchWriteItem":
		return s.batchWrite(body)
	case "BatchGetItem":
		return s.batchGet(body)
	case "SendMessageBatch":
		return s.sendBatch(body)
	case "PutItem":
		return s.put(body)
	case "GetItem":
		return s.get(body)
	case "Query":
		return s.query(body)
	}
	return refused("UnknownOperationException", "the stand-in does not know "+operation)
}

type object map[string]any

func refused(kind, message string) (status int, out any) {
	return http.StatusBadRequest, object{"__type": "com.amazonaws#" + kind, "message": message}
}

func (s *standIns) batchGet(body []byte) (status int, out any) {
	var in struct {
		RequestItems map[string]struct {
			Keys []map[string]struct{ S string }
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return refused("SerializationException", err.Error())
	}
	apps, secrets := []any{}, []any{}
	for _, key := range in.RequestItems[appsTable].Keys {
		apps = append(apps, s.app(key["id"].S))
	}
	for _, key := range in.RequestItems[secretsTable].Keys {
		secrets = append(secrets, secretsOf(key["app_id"].S))
	}
	slow := []any{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range in.RequestItems[slowAppsTable].Keys {
		if warning := s.slow[key["app_id"].S]; warning != nil {
			slow = append(slow, warning)
		}
	}
	return http.StatusOK, object{"UnprocessedKeys": object{},
		"Responses": object{appsTable: apps, secretsTable: secrets, slowAppsTable: slow}}
}

// put knows SlowApps alone.
func (s *standIns) put(body []byte) (status int, out any) {
	var in struct{ Item map[string]map[string]string }
	if err := json.Unmarshal(body, &in); err != nil {
		return refused("SerializationException", err.Error())
	}
	warning := object{}
	for name, value := range in.Item {
		warning[name] = value
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow[in.Item["app_id"]["S"]] = warning
	return http.StatusOK, struct{}{}
}

// get knows apps alone.
func (s *standIns) get(body []byte) (status int, out any) {
	var in struct{ Key map[string]struct{ S string } }
	if err := json.Unmarshal(body, &in); err != nil {
		return refused("SerializationException", err.Error())
	}
	return http.StatusOK, object{"Item": s.app(in.Key["id"].S)}
}

// query knows the days of an app alone.
func (s *standIns) query(body []byte) (status int, out any) {
	var in struct {
		ExpressionAttributeValues map[string]struct{ S string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return refused("SerializationException", err.Error())
	}
	items := []any{}
	if s.days != nil {
		items = s.days(in.ExpressionAttributeValues[":pk"].S)
	}
	return http.StatusOK, object{"Items": items, "Count": len(items), "ScannedCount": len(items)}
}

func (s *standIns) app(id string) object {
	return object{
		"id": text(id), "version": object{"N": "1"}, "uuid": text("7a485448-a9e2-4c85-8a3c-4f44175783c9"),
		"slug": text("ci-bot"), "name": text("CI Bot"), "status": text("internal"), "organization_id": text("42"),
		"webhook_url": text(s.appURL(id)), "events": object{"L": []any{text("issue"), text("error")}},
	}
}

func secretsOf(appID string) object {
	return object{"app_id": text(appID), "version": object{"N": "1"},
		"secrets": object{"L": []any{text("a-secret-of-forty-eight-characters-as-they-often-")}}}
}

func text(s string) object { return object{"S": s} }

// logEntry is what the bench reads of an item of Requests.
type logEntry struct {
	webhook string // its id
	sent    bool   // it is of an attempt
}

func (s *standIns) batchWrite(body []byte) (status int, out any) {
	var in struct {
		RequestItems map[string][]struct {
			PutRequest struct {
				Item struct {
					SortKey      struct{ S string }  `json:"sk"`
					ResponseCode *struct{ N string } `json:"response_code"`
				}
			}
		}
	}
	if s.log == nil {
		return http.StatusOK, object{"UnprocessedItems": object{}}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return refused("SerializationException", err.Error())
	}
	for _, write := range in.RequestItems[requestsTable] {
		_, after, _ := strings.Cut(write.PutRequest.Item.SortKey.S, "#")
		webhook, _, _ := strings.Cut(after, "#")
		s.log(logEntry{webhook: webhook, sent: write.PutRequest.Item.ResponseCode != nil})
	}
	return http.StatusOK, object{"UnprocessedItems": object{}}
}

// sentOn is an entry of SendMessageBatch.
type sentOn struct {
	ID                string `json:"Id"`
	MessageBody       string
	MessageGroupID    string `json:"MessageGroupId"`
	DelaySeconds      int
	MessageAttributes map[string]struct {
		DataType    string
		StringValue *string
		BinaryValue []byte
	}
}

func (s *standIns) sendBatch(body []byte) (status int, out any) {
	var in struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []sentOn
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return refused("SerializationException", err.Error())
	}
	accepted := []any{}
	for _, e := range in.Entries {
		if s.take != nil {
			s.take(path.Base(in.QueueURL), e)
		}
		sum := md5.Sum([]byte(e.MessageBody)) // the SDK verifies it
		accepted = append(accepted, object{"Id": e.ID, "MessageId": e.ID, "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	}
	return http.StatusOK, object{"Successful": accepted, "Failed": []any{}}
}
