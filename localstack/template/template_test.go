// Package template holds the tests of template.yaml, as CloudFormation gets it:
// expanded by the SAM CLI's own translator.
package template

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/env"
)

const root = "../.."

type object = map[string]any

// resource is one resource of the expanded template.
type resource struct {
	Type       string
	Properties object
}

// expand runs the translator.
func expand(t *testing.T, parameters ...string) map[string]resource {
	t.Helper()
	command := exec.CommandContext(t.Context(), ".local/venv-sam/bin/python", append([]string{"localstack/expand.py"}, parameters...)...)
	command.Dir = root
	command.Env = append(os.Environ(), "AWS_DEFAULT_REGION=us-east-1", "SAM_CLI_TELEMETRY=0")
	output, err := command.Output()
	if err != nil {
		t.Fatalf("expand the template (make setup makes what it needs): %v", err)
	}
	var template struct{ Resources map[string]resource }
	if err := json.Unmarshal(output, &template); err != nil {
		t.Fatal(err)
	}
	return template.Resources
}

func ofType(resources map[string]resource, kind string) map[string]object {
	found := make(map[string]object)
	for name, r := range resources {
		if r.Type == kind {
			found[name] = r.Properties
		}
	}
	return found
}

// at reads a value inside nested objects; nil if there is none.
func at(v any, path ...string) any {
	for _, name := range path {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

// target is the logical id that a Ref or a GetAtt names.
func target(v any) string {
	if name, ok := at(v, "Ref").(string); ok {
		return name
	}
	if list, ok := at(v, "Fn::GetAtt").([]any); ok {
		return list[0].(string)
	}
	return ""
}

func TestTheTemplateAsCloudFormationGetsIt(t *testing.T) {
	resources := expand(t)
	functions := ofType(resources, "AWS::Lambda::Function")
	queues := ofType(resources, "AWS::SQS::Queue")
	tables := ofType(resources, "AWS::DynamoDB::Table")
	mappings := ofType(resources, "AWS::Lambda::EventSourceMapping")

	t.Run("deliver alone may call itself over a queue", func(t *testing.T) {
		for name, f := range functions {
			if got := f["RecursiveLoop"]; (got == "Allow") != (name == "DeliverFunction") {
				t.Errorf("%s has RecursiveLoop %v", name, got)
			}
		}
	})

	t.Run("functions are five, on what was built, each with a role and a log group of its own", func(t *testing.T) {
		if len(functions) != 5 {
			t.Errorf("%d functions", len(functions))
		}
		for name, f := range functions {
			base := strings.TrimSuffix(name, "Function")
			if f["Runtime"] != "provided.al2023" || target(f["Architectures"].([]any)[0]) != "Architecture" ||
				target(f["Role"]) != base+"Role" || target(at(f, "LoggingConfig", "LogGroup")) != base+"LogGroup" {
				t.Errorf("%s is %v", name, f)
			}
		}
		for name, g := range ofType(resources, "AWS::Logs::LogGroup") {
			if g["RetentionInDays"] == nil {
				t.Errorf("%s keeps its lines for ever", name)
			}
		}
	})

	t.Run("each queue has a dead-letter queue and hides its messages long enough", func(t *testing.T) {
		timeouts := make(map[string]float64)
		for name, m := range mappings {
			if queue := target(m["EventSourceArn"]); queues[queue] != nil {
				timeout := functions[target(m["FunctionName"])]["Timeout"].(float64)
				window, _ := m["MaximumBatchingWindowInSeconds"].(float64)
				timeouts[queue] = 6*timeout + window
			}
			if !cmp.Equal(m["FunctionResponseTypes"], []any{"ReportBatchItemFailures"}) {
				t.Errorf("%s reports %v", name, m["FunctionResponseTypes"])
			}
		}
		for name, want := range map[string]object{
			"WebhookQueue":      {"VisibilityTimeout": 390., "MessageRetentionPeriod": 7 * 86400., "MaximumMessageSize": 1044480., "maxReceiveCount": 20., "dlq": "WebhookDLQ"},
			"RetryQueue":        {"VisibilityTimeout": 390., "MessageRetentionPeriod": 7 * 86400., "MaximumMessageSize": 1048576., "maxReceiveCount": 20., "dlq": "WebhookDLQ"},
			"RegistryQueue":     {"MaximumMessageSize": 1044480., "dlq": "RegistryDLQ"},
			"NotificationQueue": {"MessageRetentionPeriod": 14 * 86400., "maxReceiveCount": 300., "dlq": "NotificationDLQ"},
		} {
			q := queues[name]
			for property, value := range want {
				got := q[property]
				switch property {
				case "maxReceiveCount":
					got = at(q, "RedrivePolicy", property)
				case "dlq":
					got = target(at(q, "RedrivePolicy", "deadLetterTargetArn"))
				}
				if got != value {
					t.Errorf("%s: %s is %v, want %v", name, property, got, value)
				}
			}
			if got := q["VisibilityTimeout"].(float64); got < timeouts[name] || timeouts[name] == 0 {
				t.Errorf("%s hides messages for %v s, its function needs %v", name, got, timeouts[name])
			}
		}
		for _, name := range []string{"WebhookDLQ", "RegistryDLQ", "NotificationDLQ", "StreamDLQ"} {
			if queues[name]["MessageRetentionPeriod"] != 14*86400. {
				t.Errorf("%s is %v", name, queues[name])
			}
		}
		if len(queues) != 8 {
			t.Errorf("%d queues", len(queues))
		}
	})

	t.Run("the mappings have their own concurrency", func(t *testing.T) {
		for name, want := range map[string]string{"DeliverFunctionWebhooks": "DeliverConcurrency", "DeliverFunctionRetries": "RetryConcurrency"} {
			if got := target(at(mappings[name], "ScalingConfig", "MaximumConcurrency")); got != want {
				t.Errorf("%s has %v", name, got)
			}
		}
		if got := at(mappings["NotifyFunctionNotices"], "ScalingConfig", "MaximumConcurrency"); got != 2. {
			t.Errorf("notify has %v", got)
		}
	})

	t.Run("the stream's mapping loses nothing that can be kept", func(t *testing.T) {
		m := mappings["DisableFunctionCounts"]
		for property, want := range (object{"StartingPosition": "TRIM_HORIZON", "BatchSize": 100., "MaximumBatchingWindowInSeconds": 1.,
			"ParallelizationFactor": 4., "MaximumRecordAgeInSeconds": 21600., "MaximumRetryAttempts": 100., "BisectBatchOnFunctionError": true}) {
			if m[property] != want {
				t.Errorf("%s is %v, want %v", property, m[property], want)
			}
		}
		if target(at(m, "DestinationConfig", "OnFailure", "Destination")) != "StreamDLQ" {
			t.Errorf("failed records go to %v", m["DestinationConfig"])
		}
		var patterns []string
		for _, f := range at(m, "FilterCriteria", "Filters").([]any) {
			patterns = append(patterns, at(f, "Pattern").(string))
		}
		var want []string
		for _, count := range []string{"error_count", "timeout_count", "fatal_count"} {
			want = append(want, `{"dynamodb":{"NewImage":{"`+count+`":{"N":[{"exists":true}]}}}}`)
		}
		if diff := cmp.Diff(want, patterns); diff != "" {
			t.Errorf("filters (-want +got):\n%s", diff)
		}
	})

	t.Run("tables are on demand, restorable, encrypted, and forget what expires", func(t *testing.T) {
		keys := map[string]string{"AppsTable": "id", "SecretsTable": "app_id", "OrganizationsTable": "id", "BufferTable": "pk day failing(failing_day pk KEYS_ONLY)",
			"RequestsTable": "pk sk failures(failed_app sk INCLUDE event_type response_code outcome error_code attempt)", "AuditTable": "pk sk", "NoticesTable": "pk"}
		expiring := []string{"BufferTable", "RequestsTable", "NoticesTable"}
		for name, table := range tables {
			if got := describeKeys(table); got != keys[name] {
				t.Errorf("%s has the keys %s, want %s", name, got, keys[name])
			}
			if table["BillingMode"] != "PAY_PER_REQUEST" || table["TableName"] != nil ||
				at(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
				t.Errorf("%s is %v", name, table)
			}
			if ttl := at(table, "TimeToLiveSpecification", "AttributeName") == "expires_at"; ttl != slices.Contains(expiring, name) {
				t.Errorf("%s forgets: %v", name, ttl)
			}
		}
		if len(tables) != 7 || at(tables["BufferTable"], "StreamSpecification", "StreamViewType") != "NEW_IMAGE" {
			t.Errorf("%d tables", len(tables))
		}
	})

	t.Run("roles are explicit, with literal actions on the stack's own resources", func(t *testing.T) {
		for name, role := range ofType(resources, "AWS::IAM::Role") {
			if role["ManagedPolicyArns"] != nil {
				t.Errorf("%s has managed policies", name)
			}
			for _, s := range statements(role) {
				for _, action := range list(s["Action"]) {
					if strings.Contains(action.(string), "*") {
						t.Errorf("%s may %v", name, action)
					}
				}
				for _, on := range list(s["Resource"]) {
					if text, _ := json.Marshal(on); strings.Contains(string(text), `*`) && !allowedWildcard(s, string(text)) {
						t.Errorf("%s may %v on %s", name, s["Action"], text)
					}
				}
			}
		}
		for _, name := range []string{"RegisterRole", "DeliverRole", "DisableRole", "SweepRole", "NotifyRole"} {
			reads := touches(resources[name].Properties, "SecretsTable", "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan")
			writes := touches(resources[name].Properties, "SecretsTable", "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem")
			if reads != (name == "DeliverRole") || writes != (name == "RegisterRole") {
				t.Errorf("%s reads secrets: %v, writes secrets: %v", name, reads, writes)
			}
		}
	})

	t.Run("the environment is what the code reads, and nothing else", func(t *testing.T) {
		settings := map[string]func(*env.Reader){
			"RegisterFunction": func(r *env.Reader) { env.ReadRegister(r) },
			"DeliverFunction":  func(r *env.Reader) { env.ReadDeliver(r) },
			"DisableFunction":  func(r *env.Reader) { env.ReadDisable(r) },
			"SweepFunction":    func(r *env.Reader) { env.ReadDisable(r) },
			"NotifyFunction":   func(r *env.Reader) { env.ReadNotify(r) },
		}
		for name, f := range functions {
			read := map[string]bool{"AWS_NEW_RETRIES_2026": true} // by the SDK
			r := env.NewReader(func(variable string) (string, bool) {
				read[variable] = true
				return "", false
			})
			settings[name](r)
			r.Level()
			set := make(map[string]bool)
			for variable := range at(f, "Environment", "Variables").(object) {
				set[variable] = true
			}
			if diff := cmp.Diff(read, set); diff != "" {
				t.Errorf("%s (-read +set):\n%s", name, diff)
			}
		}
		if got := at(functions["NotifyFunction"], "Environment", "Variables", "FUNCTION_TIMEOUT_SECONDS"); got != "30" ||
			functions["NotifyFunction"]["Timeout"] != 30. {
			t.Errorf("notify believes that it has %v s", got)
		}
	})
}

func TestNoARNNamesAPartition(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "arn:aws:") {
		t.Error("arn:aws: works in one partition alone; use ${AWS::Partition}")
	}
}

func describeKeys(table object) string {
	var words []string
	for _, k := range list(table["KeySchema"]) {
		words = append(words, at(k, "AttributeName").(string))
	}
	for _, index := range list(table["GlobalSecondaryIndexes"]) {
		var inner []string
		for _, k := range list(at(index, "KeySchema")) {
			inner = append(inner, at(k, "AttributeName").(string))
		}
		inner = append(inner, at(index, "Projection", "ProjectionType").(string))
		for _, a := range list(at(index, "Projection", "NonKeyAttributes")) {
			inner = append(inner, a.(string))
		}
		words = append(words, at(index, "IndexName").(string)+"("+strings.Join(inner, " ")+")")
	}
	return strings.Join(words, " ")
}

// list is a value that may stand alone or in a list.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func statements(role object) (all []object) {
	for _, policy := range list(role["Policies"]) {
		for _, s := range list(at(policy, "PolicyDocument", "Statement")) {
			all = append(all, s.(object))
		}
	}
	return all
}

// allowedWildcard is the one statement that cannot name what it is about: whom a
// mail goes to. Its sender is fixed by a condition.
func allowedWildcard(s object, on string) bool {
	return cmp.Equal(list(s["Action"]), []any{"ses:SendEmail"}) && strings.Contains(on, "identity/*") &&
		target(at(s, "Condition", "StringEquals", "ses:FromAddress")) == "MailFrom"
}

// touches reports whether a role may do one of the actions on a table.
func touches(role object, table string, actions ...string) bool {
	return slices.ContainsFunc(statements(role), func(s object) bool {
		return slices.ContainsFunc(list(s["Resource"]), func(on any) bool { return target(on) == table }) &&
			slices.ContainsFunc(list(s["Action"]), func(a any) bool { return slices.Contains(actions, a.(string)) })
	})
}
