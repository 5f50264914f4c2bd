package template

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withAll are parameters that turn everything on which adds to a policy.
var withAll = []string{"KmsKeyArn=" + key + "," + key, "PlatformEvents=true", "Tracing=true"}

// grantsOf are all that a policy allows, and fails the test for what is no plain Allow.
func grantsOf(t *testing.T, policy Object) (all []Grant) {
	t.Helper()
	for _, s := range Statements(policy) {
		if s["Effect"] != "Allow" || s["NotAction"] != nil || s["NotResource"] != nil {
			t.Errorf("the statement %v", s)
		}
		all = append(all, Grants(s)...)
	}
	return all
}

func TestOperatorPoliciesAreAttachedToNobodyAndNamedByOutputs(t *testing.T) {
	t.Parallel()
	template := expand(t)
	policies := template.OfType("AWS::IAM::ManagedPolicy")
	if len(policies) != 2 {
		t.Errorf("%d managed policies, want 2", len(policies))
	}
	for _, name := range []string{"OperatorReadPolicy", "OperatePolicy"} {
		policy := policies[name]
		if policy == nil || policy["Roles"] != nil || policy["Users"] != nil || policy["Groups"] != nil {
			t.Errorf("%s is %v", name, policy)
		}
		if Target(template.Outputs[name].Value) != name {
			t.Errorf("the output %s is %v", name, template.Outputs[name].Value)
		}
	}
}

func TestOperatorPoliciesNeverReachSecrets(t *testing.T) {
	t.Parallel()
	for name, policy := range expand(t, withAll...).OfType("AWS::IAM::ManagedPolicy") {
		for _, g := range grantsOf(t, policy) {
			if strings.Contains(g.On, "SecretsTable") || strings.Contains(g.Action, "*") || strings.HasPrefix(g.Action, "dynamodb:") && strings.Contains(g.On, "*") {
				t.Errorf("%s allows %s on %s", name, g.Action, g.On)
			}
		}
	}
}

func TestOperatorReadPolicyOnlyReads(t *testing.T) {
	t.Parallel()
	reading := []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:DescribeTable",
		"sqs:GetQueueAttributes", "cloudformation:DescribeStacks", "cloudformation:ListStackResources", "lambda:GetFunctionConfiguration",
		"lambda:ListEventSourceMappings", "lambda:GetEventSourceMapping", "events:DescribeRule", "events:ListRuleNamesByTarget", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData",
		"ses:GetSuppressedDestination", "kms:Decrypt"}
	for _, g := range grantsOf(t, expand(t, withAll...).Resources["OperatorReadPolicy"].Properties) {
		if !slices.Contains(reading, g.Action) {
			t.Errorf("it allows %s on %s", g.Action, g.On)
		}
	}
}

// What comes on RetryQueue is believed, and what is on the others is not theirs to take.
func TestOperatePolicyTakesLettersAndSendsWhereThePlatformDoes(t *testing.T) {
	t.Parallel()
	var sends, takes, changes []string
	for _, g := range grantsOf(t, expand(t, withAll...).Resources["OperatePolicy"].Properties) {
		switch g.Action {
		case "sqs:SendMessage":
			sends = append(sends, g.On)
		case "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:PurgeQueue":
			takes = append(takes, g.On)
		case "kms:Decrypt", "kms:GenerateDataKey":
		default:
			changes = append(changes, g.Action+" on "+g.On[strings.LastIndex(g.On, ":")+1:])
		}
	}
	slices.Sort(takes)
	for what, diff := range map[string]string{
		"sends": cmp.Diff([]string{"WebhookQueue", "RegistryQueue", "NotificationQueue"}, sends),
		"takes": cmp.Diff([]string{"NotificationDLQ", "RegistryDLQ", "StreamDLQ", "WebhookDLQ"}, slices.Compact(takes)),
		"changes": cmp.Diff([]string{"lambda:UpdateEventSourceMapping on ${DeliverFunctionWebhooks}", "lambda:UpdateEventSourceMapping on ${DeliverFunctionRetries}",
			"lambda:UpdateEventSourceMapping on ${DisableFunctionCounts}", "events:EnableRule on SweepFunctionHourly", "events:DisableRule on SweepFunctionHourly"}, changes),
	} {
		if diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func TestOperatorPoliciesUseAKeyThroughQueuesAndTablesAlone(t *testing.T) {
	t.Parallel()
	for _, parameters := range [][]string{nil, withAll} {
		for name, policy := range expand(t, parameters...).OfType("AWS::IAM::ManagedPolicy") {
			found := 0
			for _, s := range Statements(policy) {
				if !slices.ContainsFunc(List(s["Action"]), func(a any) bool { return strings.HasPrefix(a.(string), "kms:") }) {
					continue
				}
				found++
				for _, via := range List(At(s, "Condition", "StringEquals", "kms:ViaService")) {
					if text, _ := At(via, "Fn::Sub").(string); !strings.HasPrefix(text, "sqs.") && !strings.HasPrefix(text, "dynamodb.") {
						t.Errorf("%s uses the key through %v", name, via)
					}
				}
				if List(At(s, "Condition", "StringEquals", "kms:ViaService")) == nil || slices.Contains(List(s["Resource"]), any("*")) {
					t.Errorf("%s uses any key, or through anything: %v", name, s)
				}
			}
			if want := len(parameters) / 3; found != want {
				t.Errorf("%s has %d statements for a key, want %d", name, found, want)
			}
		}
	}
}

// IAM takes 6,144 characters for a managed policy, and refuses the stack for one more.
func TestOperatorPoliciesFitInWhatIAMTakesWithTheLongestNames(t *testing.T) {
	t.Parallel()
	const limit = 6144
	long := regexp.MustCompile(`\$\{[^}]+\}`)
	for name, policy := range expand(t, withAll...).OfType("AWS::IAM::ManagedPolicy") {
		text, err := json.Marshal(concrete(policy["PolicyDocument"], long))
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > limit || len(text) < 1000 {
			t.Errorf("%s is %d characters, and IAM takes %d", name, len(text), limit)
		}
	}
}

// concrete is a value with each reference as long as an ARN or a name may be: a queue's
// name is cut at 80 characters, and so a stack's that has one of the template's at 62.
func concrete(v any, reference *regexp.Regexp) any {
	arn := strings.Repeat("a", len("arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/")+62+len("-OrganizationsTable-")+13)
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i, inner := range v {
			all[i] = concrete(inner, reference)
		}
		return all
	case Object:
		if v["Fn::GetAtt"] != nil {
			return arn
		}
		if text, ok := v["Fn::Sub"].(string); ok {
			return reference.ReplaceAllStringFunc(text, func(name string) string {
				switch {
				case strings.HasSuffix(name, ".Arn}"):
					return arn
				case strings.HasPrefix(name, "${AWS::") && name != "${AWS::StackName}":
					return "us-gov-west-1"
				}
				return strings.Repeat("a", 62)
			})
		}
		all := make(Object, len(v))
		for name, inner := range v {
			all[name] = concrete(inner, reference)
		}
		return all
	}
	return v
}
