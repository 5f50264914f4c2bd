package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRolesAreExplicitWithLiteralActionsOnTheStacksOwnResources(t *testing.T) {
	t.Parallel()
	for _, parameters := range [][]string{nil, {"KmsKeyArn=" + key, "AlarmEmail=a@b.example", "Tracing=true", "PlatformEvents=true"}} {
		template := expand(t, parameters...)
		for kind := range map[string]bool{"AWS::IAM::Role": true, "AWS::IAM::Policy": true} {
			for name, role := range template.OfType(kind) {
				if role["ManagedPolicyArns"] != nil {
					t.Errorf("%s has managed policies", name)
				}
				for _, s := range Statements(role) {
					if s["Effect"] != "Allow" || s["NotAction"] != nil || s["NotResource"] != nil {
						t.Errorf("%s has the statement %v", name, s)
					}
					for _, g := range Grants(s) {
						if strings.Contains(g.Action, "*") || strings.Contains(g.On, "*") && !allowedWildcard(s, g) || g.On == "" {
							t.Errorf("%s may %s on %q", name, g.Action, g.On)
						}
					}
				}
			}
		}
		want := []string{"DeliverRole", "DisableRole", "NotifyRole", "RegisterRole", "SweepRole"}
		var got []string
		for name := range template.OfType("AWS::IAM::Role") {
			got = append(got, name)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("roles (-want +got):\n%s", diff)
		}
	}
}

// allowedWildcard reports the three statements that cannot name their resource, see
// docs/security.md: X-Ray and ListStreams have no single resources, and a mail's
// recipient is an identity too. A condition fixes the mail's sender.
func allowedWildcard(s Object, g Grant) bool {
	switch g.Action {
	case "xray:PutTraceSegments", "xray:PutTelemetryRecords", "dynamodb:ListStreams":
		return g.On == "*"
	case "ses:SendEmail":
		return strings.HasSuffix(g.On, ":identity/*") && Target(At(s, "Condition", "StringEquals", "ses:FromAddress")) == "MailFrom"
	}
	return false
}

func TestSecretsAreWrittenByRegisterAndReadByDeliverAlone(t *testing.T) {
	t.Parallel()
	template := expand(t)
	for name, role := range template.OfType("AWS::IAM::Role") {
		reads := touches(role, "SecretsTable", "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan")
		writes := touches(role, "SecretsTable", "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem")
		if reads != (name == "DeliverRole") || writes != (name == "RegisterRole") {
			t.Errorf("%s reads secrets: %v, writes secrets: %v", name, reads, writes)
		}
	}
}

// conditionOf is the condition on which a role may do an action on a table.
func conditionOf(t *testing.T, role Object, action, table string) Object {
	t.Helper()
	var found []Object
	for _, s := range Statements(role) {
		if slices.Contains(Grants(s), Grant{action, table}) {
			condition, _ := s["Condition"].(Object)
			found = append(found, condition)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d statements allow %s on %s", len(found), action, table)
	}
	return found[0]
}

func TestRegisterGetsNoSecretBackFromAWrite(t *testing.T) {
	t.Parallel()
	role := expand(t).Resources["RegisterRole"].Properties
	want := Object{"StringEqualsIfExists": Object{"dynamodb:ReturnValues": "NONE"}}
	if diff := cmp.Diff(want, conditionOf(t, role, "dynamodb:UpdateItem", "SecretsTable")); diff != "" {
		t.Errorf("condition (-want +got):\n%s", diff)
	}
}

// privileges_test.go in localstack/e2e compares the attributes that they write with a
// list.
func TestDisableAndSweepReplaceNoApp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DisableRole", "SweepRole"} {
		role := expand(t).Resources[name].Properties
		if touches(role, "AppsTable", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem") {
			t.Errorf("%s may replace an app", name)
		}
	}
}

func TestOnlyRegisterDeletesItemsAndOfTheAuditAlone(t *testing.T) {
	t.Parallel()
	template := expand(t)
	for name, role := range template.OfType("AWS::IAM::Role") {
		for table := range template.OfType("AWS::DynamoDB::Table") {
			if touches(role, table, "dynamodb:DeleteItem") != (name == "RegisterRole" && table == "AuditTable") {
				t.Errorf("%s deletes items of %s, or does not", name, table)
			}
		}
	}
}

// Only disable, sweep and register change apps.
func TestDeliverAndNotifyWriteNothingInApps(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DeliverRole", "NotifyRole"} {
		role := expand(t).Resources[name].Properties
		if touches(role, "AppsTable", "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem") {
			t.Errorf("%s may change an app", name)
		}
	}
}

// deliver believes the attributes of RetryQueue's messages. Their sender decides what
// is a test, what is counted and how often a webhook was tried.
func TestRetryQueueTakesMessagesOfDeliverAndRegisterAlone(t *testing.T) {
	t.Parallel()
	for name, role := range expand(t).OfType("AWS::IAM::Role") {
		if sends := touches(role, "RetryQueue", "sqs:SendMessage"); sends != (name == "DeliverRole" || name == "RegisterRole") {
			t.Errorf("%s sends to RetryQueue: %v", name, sends)
		}
	}
}

// touches reports whether a role may do one of the actions on a table.
func touches(role Object, table string, actions ...string) bool {
	return slices.ContainsFunc(Statements(role), func(s Object) bool {
		return slices.ContainsFunc(Grants(s), func(g Grant) bool { return g.On == table && slices.Contains(actions, g.Action) })
	})
}

var (
	platformSends = Object{"Sid": "PlatformSends", "Effect": "Allow", "Principal": Object{"AWS": Object{"Ref": "PlatformPrincipal"}},
		"Action": "sqs:SendMessage", "Resource": "*"}
	platformReads = Object{"Sid": "PlatformReads", "Effect": "Allow", "Principal": Object{"AWS": Object{"Ref": "PlatformPrincipal"}},
		"Action": []any{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}, "Resource": "*"}
)

func TestQueuesTakeNobodyWithoutTLSAndThePlatformMaySend(t *testing.T) {
	t.Parallel()
	for _, principal := range []string{"", "123456789012", "arn:aws-cn:iam::123456789012:role/platform/webhooks"} {
		template := expand(t, "PlatformPrincipal="+principal, "PlatformEvents=true")
		guarded := make(map[string]bool)
		for name, p := range template.OfType("AWS::SQS::QueuePolicy") {
			queue := Target(List(p["Queues"])[0])
			if len(List(p["Queues"])) != 1 {
				t.Errorf("%s is about several queues", name)
			}
			var may Object
			switch queue {
			case "WebhookQueue", "RegistryQueue":
				may = platformSends
			case "EventsQueue":
				may = platformReads
			}
			open := principal != "" && may != nil
			statements := Statements(p)
			if len(statements) < 1 || (len(statements) == 2) != open || len(statements) > 2 {
				t.Fatalf("%s has %d statements", name, len(statements))
			}
			deny := Object{"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "sqs:*",
				"Resource":  "*", // in a queue's own policy: that queue
				"Condition": Object{"Bool": Object{"aws:SecureTransport": "false"}}}
			if diff := cmp.Diff(deny, statements[0]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			guarded[queue] = true
			if !open {
				continue
			}
			if diff := cmp.Diff(may, statements[1]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for name := range template.OfType("AWS::SQS::Queue") {
			if !guarded[name] {
				t.Errorf("%s has no policy", name)
			}
		}
	}
}
