package template

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/env"
)

const root = ".."

// expanded caches the templates that tests have asked for, by their parameters.
var expanded sync.Map

// expand expands the template with parameters such as "Name=value". Tests share its results.
func expand(t *testing.T, parameters ...string) *Template {
	t.Helper()
	once, _ := expanded.LoadOrStore(strings.Join(parameters, " "), sync.OnceValues(func() (*Template, error) {
		return Expand(context.Background(), root, parameters...)
	}))
	template, err := once.(func() (*Template, error))()
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func TestTemplateAsCloudFormationGetsIt(t *testing.T) {
	t.Parallel()
	template := expand(t)
	functions := template.OfType("AWS::Lambda::Function")
	queues := template.OfType("AWS::SQS::Queue")
	tables := template.OfType("AWS::DynamoDB::Table")
	mappings := template.OfType("AWS::Lambda::EventSourceMapping")

	t.Run("deliver alone may call itself over a queue", func(t *testing.T) {
		for name, f := range functions {
			if got := f["RecursiveLoop"]; (got == "Allow") != (name == "DeliverFunction") {
				t.Errorf("%s has RecursiveLoop %v", name, got)
			}
		}
	})

	t.Run("functions are five, on what was built, not traced, each with a role and a log group of its own", func(t *testing.T) {
		timeouts := map[string]float64{"RegisterFunction": 30, "DeliverFunction": 60, "DisableFunction": 60, "SweepFunction": 300, "NotifyFunction": 30}
		if len(functions) != len(timeouts) {
			t.Errorf("%d functions", len(functions))
		}
		for name, f := range functions {
			base := strings.TrimSuffix(name, "Function")
			if f["Runtime"] != "provided.al2023" || Target(f["Architectures"].([]any)[0]) != "Architecture" || f["Timeout"] != timeouts[name] ||
				Target(f["Role"]) != base+"Role" || Target(At(f, "LoggingConfig", "LogGroup")) != base+"LogGroup" ||
				At(f, "TracingConfig", "Mode") != "PassThrough" || At(f, "LoggingConfig", "LogFormat") != "JSON" ||
				At(f, "LoggingConfig", "ApplicationLogLevel") != "DEBUG" || f["Description"] == "" {
				t.Errorf("%s is %v", name, f)
			}
		}
		for name, g := range template.OfType("AWS::Logs::LogGroup") {
			if g["RetentionInDays"] == nil {
				t.Errorf("%s keeps its lines for ever", name)
			}
		}
	})

	t.Run("each queue has a dead-letter queue and hides its messages long enough", func(t *testing.T) {
		timeouts := make(map[string]float64)
		for name, m := range mappings {
			if queue := Target(m["EventSourceArn"]); queues[queue] != nil {
				timeout := functions[Target(m["FunctionName"])]["Timeout"].(float64)
				window, _ := m["MaximumBatchingWindowInSeconds"].(float64)
				timeouts[queue] = 6*timeout + window
			}
			if !cmp.Equal(m["FunctionResponseTypes"], []any{"ReportBatchItemFailures"}) {
				t.Errorf("%s reports %v", name, m["FunctionResponseTypes"])
			}
		}
		for name, want := range map[string]Object{
			"WebhookQueue":      {"VisibilityTimeout": 390., "MessageRetentionPeriod": 7 * 86400., "MaximumMessageSize": 1044480., "maxReceiveCount": 20., "dlq": "WebhookDLQ"},
			"RetryQueue":        {"VisibilityTimeout": 390., "MessageRetentionPeriod": 7 * 86400., "MaximumMessageSize": 1048576., "maxReceiveCount": 20., "dlq": "WebhookDLQ"},
			"RegistryQueue":     {"MaximumMessageSize": 1044480., "MessageRetentionPeriod": 7 * 86400., "maxReceiveCount": 20., "dlq": "RegistryDLQ"},
			"NotificationQueue": {"MessageRetentionPeriod": 14 * 86400., "maxReceiveCount": 300., "dlq": "NotificationDLQ"},
		} {
			q := queues[name]
			for property, value := range want {
				got := q[property]
				switch property {
				case "maxReceiveCount":
					got = At(q, "RedrivePolicy", property)
				case "dlq":
					got = Target(At(q, "RedrivePolicy", "deadLetterTargetArn"))
				}
				if got != value {
					t.Errorf("%s: %s is %v, want %v", name, property, got, value)
				}
			}
			if got := q["VisibilityTimeout"].(float64); got < timeouts[name] || timeouts[name] == 0 {
				t.Errorf("%s hides messages for %v s, its function needs %v", name, got, timeouts[name])
			}
			if q["QueueName"] == nil {
				t.Errorf("%s has no name, so its dead-letter queue cannot name it", name)
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

	t.Run("a dead-letter queue takes letters of its own queues only", func(t *testing.T) {
		for name, q := range queues {
			var want []any
			for source, s := range queues {
				if Target(At(s, "RedrivePolicy", "deadLetterTargetArn")) == name {
					want = append(want, At(s, "QueueName", "Fn::Sub"))
					if At(s, "QueueName", "Fn::Sub") != "${AWS::StackName}-"+source {
						t.Errorf("%s is named %v", source, s["QueueName"])
					}
				}
			}
			var got []any
			for _, arn := range List(At(q, "RedriveAllowPolicy", "sourceQueueArns")) {
				text := At(arn, "Fn::Sub").(string)
				got = append(got, strings.TrimPrefix(text, "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:"))
			}
			sortTexts(want)
			sortTexts(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-queues +allowed):\n%s", name, diff)
			}
		}
		if At(queues["StreamDLQ"], "RedriveAllowPolicy", "redrivePermission") != "denyAll" {
			t.Error("StreamDLQ takes letters of queues")
		}
	})

	t.Run("the mappings have their own concurrency", func(t *testing.T) {
		for name, want := range map[string]any{"DeliverFunctionWebhooks": Object{"Ref": "DeliverConcurrency"}, "DeliverFunctionRetries": Object{"Ref": "RetryConcurrency"},
			"RegisterFunctionRegistry": 5., "NotifyFunctionNotices": 2.} {
			m := mappings[name]
			if diff := cmp.Diff(want, At(m, "ScalingConfig", "MaximumConcurrency")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if m["BatchSize"] != 10. || m["ProvisionedPollerConfig"] != nil {
				t.Errorf("%s is %v", name, m)
			}
			if p := Target(want); p != "" && *template.Parameters[p].MinValue != 2 {
				t.Errorf("%s may be below 2", p)
			}
		}
	})

	t.Run("the stream's mapping loses nothing that can be kept", func(t *testing.T) {
		m := mappings["DisableFunctionCounts"]
		for property, want := range (Object{"StartingPosition": "TRIM_HORIZON", "BatchSize": 100., "MaximumBatchingWindowInSeconds": 1.,
			"ParallelizationFactor": 4., "MaximumRecordAgeInSeconds": 21600., "MaximumRetryAttempts": 100., "BisectBatchOnFunctionError": true}) {
			if m[property] != want {
				t.Errorf("%s is %v, want %v", property, m[property], want)
			}
		}
		if Target(At(m, "DestinationConfig", "OnFailure", "Destination")) != "StreamDLQ" {
			t.Errorf("failed records go to %v", m["DestinationConfig"])
		}
	})

	t.Run("Lambda repeats no sweep: the next one takes it up", func(t *testing.T) {
		configs := template.OfType("AWS::Lambda::EventInvokeConfig")
		for _, c := range configs {
			if Target(c["FunctionName"]) != "SweepFunction" || c["MaximumRetryAttempts"] != 0. {
				t.Errorf("the configuration is %v", c)
			}
		}
		if len(configs) != 1 {
			t.Errorf("%d configurations", len(configs))
		}
	})

	t.Run("tracing is asked for", func(t *testing.T) {
		traced := expand(t, "Tracing=true")
		for name, f := range traced.OfType("AWS::Lambda::Function") {
			if At(f, "TracingConfig", "Mode") != "Active" {
				t.Errorf("%s is %v", name, f["TracingConfig"])
			}
		}
		for _, t2 := range []*Template{template, traced} {
			for name, role := range t2.OfType("AWS::IAM::Role") {
				may := slices.ContainsFunc(Statements(role), func(s Object) bool {
					return slices.Contains(Grants(s), Grant{"xray:PutTraceSegments", "*"})
				})
				if may != (t2 == traced) {
					t.Errorf("%s may write traces: %v", name, may)
				}
			}
		}
	})

	t.Run("the sweep runs every hour", func(t *testing.T) {
		rule := template.Resources["SweepFunctionHourly"].Properties
		if rule["ScheduleExpression"] != "rate(1 hour)" || Target(At(List(rule["Targets"])[0], "Arn")) != "SweepFunction" {
			t.Errorf("the rule is %v", rule)
		}
	})

	t.Run("tables are on demand, restorable, and forget what expires", func(t *testing.T) {
		keys := map[string]string{"AppsTable": "id state(standing id KEYS_ONLY) organization(organization_id id KEYS_ONLY)", "SecretsTable": "app_id", "OrganizationsTable": "id", "BufferTable": "pk day failing(failing_day pk KEYS_ONLY)",
			"RequestsTable": "pk sk failures(failed_app sk INCLUDE event_type response_code outcome error_code attempt)", "SlowAppsTable": "app_id", "AuditTable": "pk sk", "NoticesTable": "pk"}
		expiring := []string{"SecretsTable", "BufferTable", "RequestsTable", "NoticesTable", "SlowAppsTable"}
		for name, table := range tables {
			if got := describeKeys(table); got != keys[name] {
				t.Errorf("%s has the keys %s, want %s", name, got, keys[name])
			}
			if table["BillingMode"] != "PAY_PER_REQUEST" || table["TableName"] != nil ||
				At(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
				t.Errorf("%s is %v", name, table)
			}
			if ttl := At(table, "TimeToLiveSpecification", "AttributeName") == "expires_at"; ttl != slices.Contains(expiring, name) {
				t.Errorf("%s forgets: %v", name, ttl)
			}
		}
		if len(tables) != 8 || At(tables["BufferTable"], "StreamSpecification", "StreamViewType") != "NEW_IMAGE" {
			t.Errorf("%d tables", len(tables))
		}
	})

	t.Run("what the platform told us and what was done to whom outlives the stack", func(t *testing.T) {
		kept := []string{"AppsTable", "SecretsTable", "OrganizationsTable", "AuditTable"}
		for name := range tables {
			want := ""
			if slices.Contains(kept, name) {
				want = "Retain"
			}
			// A first deployment that fails must remove what it made. Otherwise the next one finds
			// tables that do not belong to it.
			if r := template.Resources[name]; r.UpdateReplacePolicy != want || r.DeletionPolicy != strings.Replace(want, "Retain", "RetainExceptOnCreate", 1) {
				t.Errorf("%s: deleted %q, replaced %q", name, r.DeletionPolicy, r.UpdateReplacePolicy)
			}
		}
	})

	t.Run("a dead-letter queue goes with the stack, and stays with its letters if an update replaces it", func(t *testing.T) {
		for name, q := range queues {
			deleted, replaced := "", ""
			if strings.HasSuffix(name, "DLQ") {
				deleted, replaced = "Delete", "Retain"
			}
			if r := template.Resources[name]; r.DeletionPolicy != deleted || r.UpdateReplacePolicy != replaced {
				t.Errorf("%s: deleted %q, replaced %q", name, r.DeletionPolicy, r.UpdateReplacePolicy)
			}
			if replaced == "" && q["QueueName"] == nil {
				t.Errorf("%s has no name, so an update may replace it", name)
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
		for name, f := range expand(t, "PlatformEvents=true").OfType("AWS::Lambda::Function") {
			read := map[string]bool{"AWS_NEW_RETRIES_2026": true, "AWS_SDK_UA_APP_ID": true, "ENDPOINT_URL": true} // by the SDK, and by Start
			r := env.NewReader(func(variable string) (string, bool) {
				read[variable] = true
				return "", false
			})
			settings[name](r)
			r.Level()
			set := make(map[string]bool)
			for variable := range At(f, "Environment", "Variables").(Object) {
				set[variable] = true
			}
			if diff := cmp.Diff(read, set); diff != "" {
				t.Errorf("%s (-read +set):\n%s", name, diff)
			}
			app := "hookwarden-" + strings.ToLower(strings.TrimSuffix(name, "Function"))
			if got := At(f, "Environment", "Variables", "AWS_SDK_UA_APP_ID"); got != app {
				t.Errorf("%s calls itself %v", name, got)
			}
		}
		if got := At(functions["NotifyFunction"], "Environment", "Variables", "FUNCTION_TIMEOUT_SECONDS"); got != "30" ||
			functions["NotifyFunction"]["Timeout"] != 30. {
			t.Errorf("notify believes that it has %v s", got)
		}
	})

	t.Run("every output has a description", func(t *testing.T) {
		for name, o := range template.Outputs {
			if o.Description == "" {
				t.Errorf("%s has none", name)
			}
		}
	})
}

func TestARNsNameNoPartition(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		example := strings.Contains(line, "Description:") || strings.Contains(line, "a key in this region")
		if strings.Contains(line, "arn:aws:") && !example {
			t.Errorf("arn:aws: works in one partition alone; use ${AWS::Partition}: %s", line)
		}
		if strings.Contains(line, ".amazonaws.com") && !strings.Contains(line, "Principal: {Service:") && !strings.Contains(line, "Principal: events.amazonaws.com") {
			t.Errorf("the domain is another one in other partitions; use ${AWS::URLSuffix}: %s", line)
		}
	}
}

func describeKeys(table Object) string {
	var words []string
	for _, k := range List(table["KeySchema"]) {
		words = append(words, At(k, "AttributeName").(string))
	}
	for _, index := range List(table["GlobalSecondaryIndexes"]) {
		var inner []string
		for _, k := range List(At(index, "KeySchema")) {
			inner = append(inner, At(k, "AttributeName").(string))
		}
		inner = append(inner, At(index, "Projection", "ProjectionType").(string))
		for _, a := range List(At(index, "Projection", "NonKeyAttributes")) {
			inner = append(inner, a.(string))
		}
		words = append(words, At(index, "IndexName").(string)+"("+strings.Join(inner, " ")+")")
	}
	return strings.Join(words, " ")
}

func sortTexts(list []any) {
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
}
