package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/template"
)

// The engine that TestMain starts records every call in its CloudTrail.
var (
	_ = os.Setenv("CLOUDTRAIL_RECORDING", "1")
	_ = os.Setenv("CLOUDTRAIL_MAX_EVENTS", "1000000")
)

// privilege is one action that a function may take, or took, on one resource.
type privilege struct {
	function string // "deliver"
	template.Grant
}

func (p privilege) String() string {
	return fmt.Sprintf("%s: %s on %s", p.function, p.Action, p.On)
}

const key = "arn:aws:kms:us-east-1:123456789012:key/1"

// ofLambda is the privileges that Lambda itself uses in the function's name.
// Our code does not use them, and no log of calls shows them.
func ofLambda() map[privilege]string {
	list := make(map[privilege]string)
	for function, queues := range map[string][]string{"register": {"RegistryQueue"}, "deliver": {"WebhookQueue", "RetryQueue"}, "notify": {"NotificationQueue"}} {
		for _, queue := range queues {
			list[privilege{function, template.Grant{Action: "sqs:ReceiveMessage", On: queue}}] = "the mapping polls the queue"
			list[privilege{function, template.Grant{Action: "sqs:DeleteMessage", On: queue}}] = "the mapping deletes what was handled"
			list[privilege{function, template.Grant{Action: "sqs:GetQueueAttributes", On: queue}}] = "the mapping reads the visibility time-out"
		}
	}
	for action, reason := range map[string]string{
		"dynamodb:DescribeStream":   "the mapping finds the shards",
		"dynamodb:GetShardIterator": "the mapping finds its place in a shard",
		"dynamodb:GetRecords":       "the mapping reads the records",
	} {
		list[privilege{"disable", template.Grant{Action: action, On: "BufferTable.StreamArn"}}] = reason
	}
	list[privilege{"disable", template.Grant{Action: "dynamodb:ListStreams", On: "*"}}] = "Lambda makes no mapping without it"
	list[privilege{"disable", template.Grant{Action: "sqs:SendMessage", On: "StreamDLQ"}}] = "the mapping reports records that it gave up"
	for _, function := range []string{"register", "deliver", "disable", "sweep", "notify"} {
		group := strings.ToUpper(function[:1]) + function[1:] + "LogGroup"
		list[privilege{function, template.Grant{Action: "logs:CreateLogStream", On: group}}] = "Lambda opens a log stream for each environment"
		list[privilege{function, template.Grant{Action: "logs:PutLogEvents", On: group}}] = "Lambda writes what the function prints"
		list[privilege{function, template.Grant{Action: "xray:PutTraceSegments", On: "*"}}] = "Lambda sends the trace of an invocation"
		list[privilege{function, template.Grant{Action: "xray:PutTelemetryRecords", On: "*"}}] = "Lambda says how sending traces went"
		list[privilege{function, template.Grant{Action: "kms:Decrypt", On: key}}] = "SQS and DynamoDB decrypt in the function's name what it reads"
		list[privilege{function, template.Grant{Action: "kms:GenerateDataKey", On: key}}] = "SQS encrypts in the function's name what it sends"
	}
	return list
}

// TestRolesAllowWhatTheFunctionsCallAndNothingElse checks every call of this
// run. It runs last, when everything has been called. Roles that allow too
// little also fail other tests, since the engine enforces them.
func TestRolesAllowWhatTheFunctionsCallAndNothingElse(t *testing.T) {
	var any struct{ Events []call }
	if err := ask(t, "CloudTrail_20131101.LookupEvents", object{}, &any); err != nil || len(any.Events) == 0 {
		t.Skipf("the engine records no calls; MiniStack does when it is started with CLOUDTRAIL_RECORDING=1 (%v)", err)
	}
	driveErrorPaths(t)
	// With every parameter that adds to the roles, so that they allow everything that they ever
	// may. The other statements do not depend on parameters.
	expanded, err := template.Expand(t.Context(), root, "KmsKeyArn="+key, "Tracing=true", "PlatformEvents=true")
	must(t, err)
	called, writes := calls(t, expanded)
	allowed := make(map[privilege]bool)
	for name, role := range expanded.OfType("AWS::IAM::Role") {
		for _, s := range template.Statements(role) {
			for _, g := range template.Grants(s) {
				p := privilege{strings.ToLower(strings.TrimSuffix(name, "Role")), g}
				allowed[p] = true
				fitsCondition(t, p, s, writes[p])
			}
		}
	}
	byLambda := ofLambda()
	for _, p := range sorted(called) {
		if !allowed[p] && p.function != operatorsProgram {
			t.Errorf("called, but not allowed by the template: %v", p)
		}
		if reason := byLambda[p]; reason != "" {
			t.Errorf("called by the function itself, so it is not only that %s: %v", reason, p)
		}
	}
	for _, p := range sorted(allowed) {
		if !called[p] && byLambda[p] == "" {
			t.Errorf("allowed, but never called: %v", p)
		}
	}
	for p, reason := range byLambda {
		if !allowed[p] {
			t.Errorf("%s, but the template does not allow it: %v", reason, p)
		}
	}
	if len(called) < 30 {
		t.Errorf("only %d privileges were used", len(called))
	}
	noneRefused(t)
	if !onLocalStack() {
		operatorsUseAll(t, expanded, called)
	}
}

// operatorsProgram is what the operator's program calls itself, as a function does.
const operatorsProgram = "operator"

// operatorsUseAll looks whether the program's commands use each table, index and queue that
// the operators' policies name, and each action: so the policies name nothing in vain. That
// they allow enough operators_test.go shows.
func operatorsUseAll(t *testing.T, expanded *template.Template, called map[privilege]bool) {
	t.Helper()
	used := map[string]bool{"sqs:PurgeQueue": true} // docs/operations.md empties a queue with the AWS CLI
	for p := range called {
		if p.function == operatorsProgram {
			used[p.Action], used[p.On] = true, true
		}
	}
	for name, policy := range expanded.OfType("AWS::IAM::ManagedPolicy") {
		for _, s := range template.Statements(policy) {
			for _, g := range template.Grants(s) {
				if !strings.HasPrefix(g.Action, "dynamodb:") && !strings.HasPrefix(g.Action, "sqs:") || g.On == "EventsQueue" && running.Names["EVENTS_QUEUE_URL"] == "" {
					continue
				}
				if !used[g.Action] || !used[g.On] {
					t.Errorf("%s allows %s on %s, and no command needs it", name, g.Action, g.On)
				}
			}
		}
	}
}

// onlyState reports whether a function may write an app's state, but nothing
// that the platform registered, such as the URL.
func onlyState(p privilege) bool {
	return (p.function == "disable" || p.function == "sweep") && p.Grant == template.Grant{Action: "dynamodb:UpdateItem", On: "AppsTable"}
}

// fitsCondition compares what was written to a table with what may be written,
// by stateAttributes and by a condition of the statement that the engine does
// not evaluate.
func fitsCondition(t *testing.T, p privilege, statement object, writes []write) {
	t.Helper()
	if onlyState(p) {
		listed, named := make(map[string]bool), make(map[string]bool)
		for _, attribute := range stateAttributes {
			listed[attribute] = true
		}
		for _, w := range writes {
			for _, attribute := range w.attributes {
				named[attribute] = true
			}
		}
		if diff := gocmp.Diff(listed, named); diff != "" {
			t.Errorf("%v: attributes (-in the list +in the calls):\n%s", p, diff)
		}
	}
	if template.At(statement, "Condition", "StringEqualsIfExists", "dynamodb:ReturnValues") == "NONE" {
		if len(writes) == 0 {
			t.Errorf("%v: not called, so nothing shows that its condition fits", p)
		}
		if slices.ContainsFunc(writes, func(w write) bool { return w.returns }) {
			t.Errorf("%v: a call asks for what was there, and the condition forbids it", p)
		}
	}
}

// write is what a call that changes one item has in addition to the key's
// values.
type write struct {
	attributes []string // the attributes that it names, the key included
	returns    bool     // it asks for the old item
}

// stateAttributes is the key, the disabled state, the warning, and what the conditions of
// the writes name.
var stateAttributes = []string{"id", "status", "kind", "breaker", "deleted", "generation", "disabled_at", "disabled_reason", "disabled_evidence",
	"disabled_diagnosis", "disabled_actor", "disabled_note", "platform_told_at", "notified_at", "standing",
	"warned_at", "warned_level", "warned_levels", "warned_reason", "warned_day", "warned_cut_on", "warned_evidence", "warned_diagnosis",
	"warned_platform_told_at", "warned_notified_at", "recovered_at"}

var (
	expressionWord = regexp.MustCompile(`[:#]?[A-Za-z_][A-Za-z0-9_]*`)
	// Words in an expression that are not attributes.
	expressionWords = strings.Fields("SET REMOVE ADD DELETE AND OR NOT IN BETWEEN attribute_exists attribute_not_exists if_not_exists begins_with")
)

func readWrite(w object) write {
	var result write
	key, _ := w["Key"].(object)
	for attribute := range key {
		result.attributes = append(result.attributes, attribute)
	}
	for _, expression := range []string{"UpdateExpression", "ConditionExpression"} {
		text, _ := w[expression].(string)
		for _, word := range expressionWord.FindAllString(text, -1) {
			if alias, ok := template.At(w["ExpressionAttributeNames"], word).(string); ok {
				word = alias
			} else if word[0] == ':' || slices.Contains(expressionWords, word) {
				continue
			}
			result.attributes = append(result.attributes, word)
		}
	}
	for _, member := range []string{"ReturnValues", "ReturnValuesOnConditionCheckFailure"} {
		if v, ok := w[member].(string); ok && v != "NONE" {
			result.returns = true
		}
	}
	return result
}

// noneRefused looks for refusals in the functions' logs. The engine does not
// record calls that it refused, and not every failed call fails a test.
func noneRefused(t *testing.T) {
	t.Helper()
	for _, function := range []string{"register", "deliver", "disable", "sweep", "notify"} {
		group := logGroup(function)
		var any, refused struct{ Events []struct{ Message string } }
		engine(t, "Logs_20140328.FilterLogEvents", object{"logGroupName": group, "limit": 1}, &any)
		if len(any.Events) == 0 {
			t.Errorf("%s is empty", group)
		}
		engine(t, "Logs_20140328.FilterLogEvents", object{"logGroupName": group, "filterPattern": "AccessDenied"}, &refused)
		for _, e := range refused.Events {
			t.Errorf("%s was refused a call: %s", function, e.Message)
		}
	}
}

func logGroup(function string) string {
	stackName, _, _ := strings.Cut(running.Names["DELIVER_FUNCTION"], "-DeliverFunction")
	return "/aws/lambda/" + stackName + "-" + function
}

func sorted(set map[privilege]bool) []privilege {
	var list []privilege
	for p := range set {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b privilege) int { return cmp.Compare(a.String(), b.String()) })
	return list
}

// driveErrorPaths causes what the other tests do not cause.
func driveErrorPaths(t *testing.T) {
	t.Run("a bad registry message becomes a dead letter", func(t *testing.T) {
		mark := unique("bad")
		register(t, object{"type": "app.rename", "app_id": mark})
		buried(t, "REGISTRY_DLQ_URL", mark)
	})
	t.Run("a bad registration becomes a dead letter without its secrets", func(t *testing.T) {
		mark := unique("bad")
		register(t, json.RawMessage(`{"type":"app.put","version":"1","app":{"id":"`+mark+`","name":"\ufffe","Secrets":["hush"],"secrets":["hush"],"s\u0065crets":"hush"}}`))
		want := `{"type":"app.put","version":"1","app":{"id":"` + mark + `","name":"\ufffe","Secrets":["[redacted]"],"secrets":["[redacted]"],"s\u0065crets":"[redacted]"}}`
		buried(t, "REGISTRY_DLQ_URL", want)
	})
	t.Run("a bad notice becomes a dead letter", func(t *testing.T) {
		mark := unique("bad")
		must(t, running.Send(t.Context(), "NOTIFICATION_QUEUE_URL", stack.Message{Body: object{"id": mark, "kind": "app.renamed"}}))
		buried(t, "NOTIFICATION_DLQ_URL", mark)
	})
	t.Run("a notice that another has claimed waits", func(t *testing.T) {
		since := time.Now()
		id := unique("notice")
		must(t, running.Put(t.Context(), "NOTICES_TABLE", stack.Item{"pk": id, "state": "claimed",
			"claimed_at": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "expires_at": time.Now().Add(time.Hour).Unix()}))
		sendNotice(t, id)
		eventually(t, "notify puts it off", func(context.Context) error {
			if !slices.ContainsFunc(recorded(t, since), func(c call) bool { return c.EventName == "ChangeMessageVisibility" }) {
				return stack.ErrNotYet
			}
			return nil
		})
	})
	t.Run("a mail that SES refuses waits, and is counted for the alarm", func(t *testing.T) {
		const sender = "hookwarden@platform.example"
		mailIdentity(t, http.MethodDelete, "/"+sender, nil)
		defer mailIdentity(t, http.MethodPost, "", object{"EmailIdentity": sender})
		id := unique("notice")
		sendNotice(t, id)
		eventually(t, "notify puts it off", func(context.Context) error {
			var lines struct{ Events []struct{ Message string } }
			engine(t, "Logs_20140328.FilterLogEvents", object{"logGroupName": logGroup("notify"), "filterPattern": `"notice.deferred"`}, &lines)
			for _, e := range lines.Events {
				var figures struct {
					Reason   string
					Deferred int `json:"notice.deferred"`
				}
				if json.Unmarshal([]byte(e.Message), &figures) == nil && figures.Reason == "ours" && figures.Deferred > 0 {
					return nil
				}
			}
			return stack.ErrNotYet
		})
		if item, err := running.Get(t.Context(), "NOTICES_TABLE", "pk", id); err != nil || item.Text("state") != "claimed" {
			t.Errorf("the notice is %v, %v", item, err)
		}
	})
	t.Run("counts that could not be added are added later", func(t *testing.T) {
		a := newApp(t, newOrganization(t, 1), "internal", receiver.Status(http.StatusOK))
		now := time.Now().UTC()
		must(t, running.Send(t.Context(), "RETRY_QUEUE_URL", stack.Message{GroupID: a.id,
			Body:       object{"pk": a.bufferKey(t), "day": now.Format(time.DateOnly), "counts": object{"success": 1}, "at": now.UnixMilli()},
			Attributes: map[string]string{"hookwarden.kind": "counts", "hookwarden.hops": "1"}}))
		eventually(t, "the counts are there", func(ctx context.Context) error {
			days, err := running.Query(ctx, "BUFFER_TABLE", a.bufferKey(t))
			if err == nil && (len(days) != 1 || days[0].Int("success_count") != 1) {
				return fmt.Errorf("days %v", days)
			}
			return err
		})
	})
	t.Run("a copy of a webhook is dropped", func(t *testing.T) {
		a := newApp(t, newOrganization(t, 1), "published", receiver.Status(http.StatusOK))
		body := a.webhook(nil)
		sentAt := fmt.Sprint(time.Now().UnixMilli())
		var copies []stack.Message
		for _, mark := range []string{"first", "second", "third"} {
			copies = append(copies, stack.Message{GroupID: a.id, Body: body, Attributes: map[string]string{
				"hookwarden.copy": a.id + mark, "hookwarden.hops": "3", "hookwarden.sent_at": sentAt}})
		}
		must(t, running.Send(t.Context(), "RETRY_QUEUE_URL", copies...))
		eventually(t, "two are dropped", func(context.Context) error {
			var lines struct{ Events []struct{ Message string } }
			engine(t, "Logs_20140328.FilterLogEvents", object{"logGroupName": logGroup("deliver"), "filterPattern": `"copy dropped"`}, &lines)
			dropped := 0
			for _, e := range lines.Events {
				if strings.Contains(e.Message, `"app_id":"`+a.id+`"`) {
					dropped++
				}
			}
			if dropped != 2 {
				return fmt.Errorf("%d are", dropped)
			}
			return nil
		})
		if n := len(a.Got()); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// sendNotice queues the sample event's notice under a new id, for an app that
// is disabled as the notice says.
func sendNotice(t *testing.T, id string) {
	t.Helper()
	text, err := os.ReadFile(root + "/events/notify-disabled.json")
	must(t, err)
	var event struct{ Records []struct{ Body string } }
	must(t, json.Unmarshal(text, &event))
	var notice object
	must(t, json.Unmarshal([]byte(event.Records[0].Body), &notice))
	notice["id"] = id
	app := notice["app"].(object)
	app["id"] = unique("app")
	must(t, running.Put(t.Context(), "APPS_TABLE", stack.Item{"id": app["id"].(string), "version": int64(1), "status": "internal",
		"disabled_at": notice["disabled_at"].(string), "disabled_reason": notice["reason"].(string)}))
	must(t, running.Send(t.Context(), "NOTIFICATION_QUEUE_URL", stack.Message{Body: notice}))
}

// mailIdentity makes the engine's SES verify a sender, or forget it.
func mailIdentity(t *testing.T, method, path string, in object) {
	t.Helper()
	must(t, send(t, method, "/v2/email/identities"+path, "ses", "", in, nil))
}

// buried waits for a dead letter whose body has the text.
func buried(t *testing.T, queue, text string) {
	t.Helper()
	eventually(t, "a letter in "+queue, func(ctx context.Context) error {
		got, err := running.Receive(ctx, queue)
		if err == nil && !slices.ContainsFunc(got, func(l stack.Letter) bool { return strings.Contains(l.Body, text) }) {
			return stack.ErrNotYet
		}
		return err
	})
}

// call is one event of CloudTrail.
type call struct {
	EventID                string `json:"EventId"`
	EventName, EventSource string
	EventTime              json.Number
	CloudTrailEvent        string
}

// recorded returns the calls since a time, newest first. The engine returns 50
// at a time, and the next ones can only be asked for by the time of the last.
func recorded(t *testing.T, since time.Time) []call {
	t.Helper()
	var all []call
	seen := make(map[string]bool)
	for end := json.Number(""); ; {
		request := object{"MaxResults": 50}
		if end != "" {
			request["EndTime"] = end
		}
		if !since.IsZero() {
			request["StartTime"] = float64(since.UnixMilli()) / 1000
		}
		var page struct{ Events []call }
		engine(t, "CloudTrail_20131101.LookupEvents", request, &page)
		before := len(all)
		for _, c := range page.Events {
			if !seen[c.EventID] {
				seen[c.EventID] = true
				all = append(all, c)
				end = c.EventTime
			}
		}
		if len(all) == before {
			return all
		}
	}
}

// engine makes a call for which there is no client, and fails the test if it
// fails.
func engine(t *testing.T, operation string, in, out any) {
	t.Helper()
	must(t, ask(t, operation, in, out))
}

// ask is engine that may fail.
func ask(t *testing.T, operation string, in, out any) error {
	t.Helper()
	service, _, _ := strings.Cut(strings.ToLower(operation), "_")
	return send(t, http.MethodPost, "", service, operation, in, out)
}

// send makes a call of any service.
func send(t *testing.T, method, path, service, operation string, in, out any) error {
	t.Helper()
	body, err := json.Marshal(in)
	must(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, running.Names["AWS_ENDPOINT_URL"]+path, bytes.NewReader(body))
	must(t, err)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if operation != "" {
		request.Header.Set("X-Amz-Target", operation)
	}
	request.Header.Set("Authorization", unchecked(service))
	what := strings.TrimSpace(method + " " + path + " " + operation)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", what, err, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// calls returns the privileges that the functions' calls needed, and their
// writes of single items. A call's user agent names its function, by
// AWS_SDK_UA_APP_ID.
func calls(t *testing.T, expanded *template.Template) (used map[privilege]bool, writes map[privilege][]write) {
	t.Helper()
	names := make(map[string]string) // logical ids by physical names
	for output, o := range expanded.Outputs {
		names[running.Names[upperSnake(output)]] = template.Target(o.Value)
	}
	used, writes = make(map[privilege]bool), make(map[privilege][]write)
	for _, c := range recorded(t, time.Time{}) {
		var event struct {
			UserAgent         string
			RequestParameters object
		}
		must(t, json.Unmarshal([]byte(c.CloudTrailEvent), &event))
		_, app, ours := strings.Cut(event.UserAgent, "app/hookwarden-")
		if !ours {
			continue
		}
		function, _, _ := strings.Cut(app, " ")
		service, _, _ := strings.Cut(c.EventSource, ".")
		if function == operatorsProgram && service != "dynamodb" && service != "sqs" {
			continue // the engine records these calls without what they are about
		}
		grants := needed(service, c.EventName, event.RequestParameters)
		if len(grants) == 0 {
			t.Errorf("%s calls %s of %s, of which this test knows nothing", function, c.EventName, service)
		}
		for _, g := range grants {
			name, rest, _ := strings.Cut(g.On, "|")
			if names[name] == "" {
				t.Errorf("%s calls %s on %q, which is not of this stack", function, g.Action, name)
			}
			used[privilege{function, template.Grant{Action: g.Action, On: names[name] + rest}}] = true
		}
		for g, all := range writesOf(c.EventName, event.RequestParameters) {
			p := privilege{function, template.Grant{Action: g.Action, On: names[g.On]}}
			writes[p] = append(writes[p], all...)
		}
	}
	// MiniStack 1.5.33 does not record calls of SES v2, but a mail shows that there
	// was one.
	if mails, err := running.Mails(t.Context()); err == nil && len(mails) > 0 {
		for _, on := range []string{"identity/*", "configuration-set/${ConfigurationSet}"} {
			used[privilege{"notify", template.Grant{Action: "ses:SendEmail",
				On: "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:" + on}}] = true
		}
	}
	return used, writes
}

// writesOf is the updates in a call, by the privilege that each needs.
func writesOf(operation string, parameters object) map[template.Grant][]write {
	found := make(map[template.Grant][]write)
	add := func(update object) {
		table, _ := update["TableName"].(string)
		g := template.Grant{Action: "dynamodb:UpdateItem", On: table}
		found[g] = append(found[g], readWrite(update))
	}
	switch operation {
	case "UpdateItem":
		add(parameters)
	case "TransactWriteItems":
		for _, item := range parameters["TransactItems"].([]any) {
			if update, ok := template.At(item, "Update").(object); ok {
				add(update)
			}
		}
	}
	return found
}

// needed is the privileges that a call needs. On is a table's name or a
// queue's URL, followed by a bar and the rest of the ARN, if there is more.
func needed(service, operation string, parameters object) (grants []template.Grant) {
	text := func(name string) string {
		s, _ := parameters[name].(string)
		return s
	}
	switch service + ":" + operation {
	case "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem":
		for table := range parameters["RequestItems"].(object) {
			grants = append(grants, template.Grant{Action: "dynamodb:" + operation, On: table})
		}
	case "dynamodb:TransactWriteItems":
		for _, item := range parameters["TransactItems"].([]any) {
			for kind, write := range item.(object) {
				grants = append(grants, template.Grant{Action: "dynamodb:" + kind + "Item", On: write.(object)["TableName"].(string)})
			}
		}
	case "dynamodb:Query":
		on := text("TableName")
		if index := text("IndexName"); index != "" {
			on += "|/index/" + index
		}
		grants = append(grants, template.Grant{Action: "dynamodb:Query", On: on})
	case "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:DescribeTable":
		grants = append(grants, template.Grant{Action: "dynamodb:" + operation, On: text("TableName")})
	case "sqs:SendMessageBatch", "sqs:SendMessage":
		// SendMessage covers both calls.
		grants = append(grants, template.Grant{Action: "sqs:SendMessage", On: text("QueueUrl")})
	case "sqs:ChangeMessageVisibility", "sqs:ChangeMessageVisibilityBatch", "sqs:DeleteMessage", "sqs:DeleteMessageBatch",
		"sqs:ReceiveMessage", "sqs:GetQueueAttributes":
		grants = append(grants, template.Grant{Action: "sqs:" + strings.TrimSuffix(operation, "Batch"), On: text("QueueUrl")})
	}
	return grants
}

// upperSnake is an output's name as in stack.env.
func upperSnake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
